// SPDX-License-Identifier: Apache-2.0
/*
 * At open a chain is read from its last segment but one, as any reader would, up to where whole
 * lines end. What is left behind that place is a torn tail: a line that was being written at a
 * power cut, or pages of a batch that reached the disk out of order. It was never synced, so nobody
 * outside has seen it, and it is overwritten with zeros. Damage before that place is not touched:
 * it is evidence, and verify names it.
 *
 * Rotation first lets go of the old segment (synced, cut to its lines), then of the oldest ones,
 * and makes the new one last. Whatever of this fails can be tried again with the next line.
 */
#include "journal/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "journal/scan.h"

enum {
	SEGMENTS_PER_CHAIN = 8,
	SEGMENT_MIN = 65536
};

static void scan_freep(struct scan **scan)
{
	if (*scan)
		scan_fini(*scan);
	free(*scan);
}

static uint64_t segment_size(const struct chain *chain)
{
	return MAX(chain->space / SEGMENTS_PER_CHAIN, (uint64_t)SEGMENT_MIN);
}

/* To the end of the last segment's whole lines. */
static int read_to_end(struct scan *scan, struct chain_repair *repair)
{
	for (;;) {
		int r = scan_peek(scan);

		if (r < 0 && r != -EBADMSG)
			return r;
		if (r == 0)
			return 0;
		if (r < 0)
			continue;
		if (!repair->journal[0])
			line_journal(scan->line.text, scan->line.length, repair->journal);
		scan_take(scan);
	}
}

/* Where the last byte that is not NUL ends. */
static int find_end(int fd, uint64_t from, uint64_t *ret_end)
{
	uint64_t end = from;
	char buffer[4096];

	for (uint64_t at = from;;) {
		ssize_t n = pread(fd, buffer, sizeof(buffer), (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		for (size_t i = 0; i < (size_t)n; i++)
			if (buffer[i])
				end = at + i + 1;
		at += (uint64_t)n;
	}
	*ret_end = end;
	return 0;
}

static int cut_tail(struct chain *chain, struct chain_repair *repair)
{
	uint64_t end = chain->offset;
	int err = find_end(chain->fd, chain->offset, &end);

	if (err < 0 || end == chain->offset)
		return err;
	err = segment_zero(chain->fd, chain->offset, end);
	if (err < 0)
		return err;
	if (fdatasync(chain->fd) < 0)
		return -errno;
	repair->cut = end - chain->offset;
	return 0;
}

/* Opens the segment that is to be continued. */
static int open_active(struct chain *chain)
{
	char name[SEGMENT_NAME_MAX];
	struct stat st;

	segment_name(chain->id, chain->segment, name);
	chain->fd = openat(chain->dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (chain->fd < 0 || fstat(chain->fd, &st) < 0)
		return -errno;
	chain->size = (uint64_t)st.st_size;
	return 0;
}

/* What comes before the first line that is left was removed. */
static int note_removed(struct chain *chain)
{
	_cleanup_(scan_freep) struct scan *scan = malloc(sizeof(*scan));
	int r;

	if (!scan)
		return -ENOMEM;
	scan_init(scan, chain->dir_fd, chain->id, NULL);
	do
		r = scan_peek(scan);
	while (r == -EBADMSG);
	if (r < 0)
		return r;
	chain->removed = true;
	chain->removed_to = r > 0 ? scan->line.seq - 1 : chain->seq;
	return 0;
}

static int find_place(struct chain *chain, const struct segments *segments,
		      struct chain_repair *repair)
{
	_cleanup_(scan_freep) struct scan *scan = malloc(sizeof(*scan));
	int err;

	if (!scan)
		return -ENOMEM;
	scan_init(scan, chain->dir_fd, chain->id, NULL);
	/* The last segment may be new and empty: then the one before has the last hash. */
	scan_from(scan, segments->numbers[segments->n > 1 ? segments->n - 2 : 0]);
	err = read_to_end(scan, repair);
	if (err < 0)
		return err;
	chain->segment = scan->segment;
	chain->offset = scan->good;
	chain->seq = scan->seq;
	if (scan->good_hash[0])
		memcpy(chain->hash, scan->good_hash, HASH_HEX);
	err = open_active(chain);
	if (err == 0)
		err = cut_tail(chain, repair);
	if (err == 0 && segments->numbers[0] > 1)
		err = note_removed(chain);
	return err;
}

int chain_open(struct chain *ret_chain, int dir_fd, enum chain_id id, uint64_t space,
	       struct chain_repair *ret_repair)
{
	_cleanup_(segments_freep) struct segments segments = { 0 };
	struct chain chain = { .id = id, .dir_fd = dir_fd, .space = space, .fd = -1 };
	struct chain_repair repair = { 0 };
	int err;

	memcpy(chain.hash, line_origin, HASH_HEX);
	err = segments_list(dir_fd, id, &segments);
	if (err < 0)
		return err;
	for (size_t i = 1; i < segments.n; i++)
		repair.hole |= segments.numbers[i] != segments.numbers[i - 1] + 1;
	if (segments.n > 0)
		err = find_place(&chain, &segments, &repair);
	if (err < 0) {
		closep(&chain.fd);
		return err;
	}
	/* Lines that a killed daemon wrote are whole but perhaps not yet on the disk. */
	chain.dirty = chain.offset > 0;
	*ret_chain = chain;
	*ret_repair = repair;
	return 0;
}

void chain_close(struct chain *chain)
{
	closep(&chain->fd);
	chain->fd = -1;
}

int chain_sync(struct chain *chain)
{
	if (!chain->dirty)
		return 0;
	if (fdatasync(chain->fd) < 0)
		return -errno;
	chain->dirty = false;
	return 0;
}

/* Removes the oldest segments until a new one fits into the chain's space. */
static int make_space(struct chain *chain)
{
	_cleanup_(segments_freep) struct segments segments = { 0 };
	uint64_t used = segment_size(chain);
	bool dropped = false;
	int err = segments_list(chain->dir_fd, chain->id, &segments);

	for (size_t i = segments.n; err == 0 && i > 0; i--) {
		char name[SEGMENT_NAME_MAX];
		struct stat st;

		segment_name(chain->id, segments.numbers[i - 1], name);
		if (fstatat(chain->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		used += (uint64_t)st.st_size;
		if (used <= MAX(chain->space, (uint64_t)SEGMENT_MIN * SEGMENTS_PER_CHAIN))
			continue;
		err = segment_drop(chain->dir_fd, chain->id, segments.numbers[i - 1]);
		dropped = true;
	}
	return err == 0 && dropped ? note_removed(chain) : err;
}

/* What is in the active segment is on the disk and its file ends with its last line. */
static int let_go(struct chain *chain)
{
	int err = chain_sync(chain);

	if (err < 0 || chain->fd < 0)
		return err;
	if (ftruncate(chain->fd, (off_t)chain->offset) < 0 || fsync(chain->fd) < 0)
		return -errno;
	chain->size = chain->offset;
	chain->scrub = 0;
	return 0;
}

int chain_reserve(struct chain *chain, size_t length)
{
	int err, fd = -1;

	if (chain->fd >= 0 && chain->offset + length <= chain->size)
		return 0;
	err = let_go(chain);
	if (err == 0)
		err = make_space(chain);
	if (err == 0)
		err = segment_create(chain->dir_fd, chain->id, chain->segment + 1,
				     segment_size(chain), &fd);
	if (err < 0)
		return err;
	closep(&chain->fd);
	chain->fd = fd;
	chain->segment++;
	chain->offset = 0;
	chain->size = segment_size(chain);
	return 0;
}

int chain_append(struct chain *chain, const char *text, size_t length, uint64_t seq,
		 const char *hash)
{
	int err = segment_zero(chain->fd, chain->offset, chain->offset + chain->scrub);

	if (err < 0)
		return err;
	chain->scrub = 0;
	for (size_t done = 0; done < length;) {
		ssize_t n = pwrite(chain->fd, text + done, length - done,
				   (off_t)(chain->offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			chain->scrub = length;
			return -errno;
		}
		done += (size_t)n;
	}
	chain->offset += length;
	chain->seq = seq;
	memcpy(chain->hash, hash, HASH_HEX);
	chain->dirty = true;
	return 0;
}
