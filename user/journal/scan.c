// SPDX-License-Identifier: Apache-2.0
/*
 * The rules by which anybody reads a chain while its writer goes on:
 *
 * - Bytes before the first NUL of a segment are lines; what has no newline yet is being written,
 *   and is read anew at the next call.
 * - A segment is complete when a higher number exists. So it is asked for a higher number first and
 *   read once more after that: asked the other way round, the last lines could be missed.
 * - What rotation removes stays readable through the open fd. A number that is skipped was removed
 *   unread: the chain is then not anchored, and who counts seq sees how much is gone.
 * - Damage (a wrong hash, a NUL amid lines, a line that does not continue the chain) is told once
 *   and walked around; a line that is whole in itself is still given.
 */
#include "journal/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void scan_init(struct scan *scan, int dir_fd, enum chain_id id, const char *journal)
{
	*scan = (struct scan){ .dir_fd = dir_fd, .id = id, .journal = journal, .fd = -1 };
}

void scan_fini(struct scan *scan)
{
	closep(&scan->fd);
	scan->fd = -1;
}

void scan_jump(struct scan *scan, uint64_t offset)
{
	scan->offset = offset;
	scan->start = scan->end = 0;
	scan->have = false;
}

static int scan_damage(struct scan *scan, const char *why)
{
	char name[SEGMENT_NAME_MAX];

	segment_name(scan->id, scan->segment, name);
	snprintf(scan->error, sizeof(scan->error), "%s, offset %" PRIu64 ": %s", name, scan->offset,
		 why);
	scan->hash[0] = '\0';
	return -EBADMSG;
}

/* 1: the segment is open; 0: rotation took it in the meantime. */
static int scan_open_segment(struct scan *scan, uint64_t number)
{
	char name[SEGMENT_NAME_MAX];
	int fd;

	segment_name(scan->id, number, name);
	fd = openat(scan->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	closep(&scan->fd);
	scan->fd = fd;
	if (number == 1)
		memcpy(scan->hash, line_origin, HASH_HEX);
	else if (number != scan->segment + 1)
		scan->hash[0] = '\0';
	if (!scan->first)
		scan->first = number;
	scan->segment = number;
	scan->good = 0;
	scan_jump(scan, 0);
	return 1;
}

/* The lowest number above this one; *ret_number 0: there is none. */
static int scan_find_next(const struct scan *scan, uint64_t *ret_number)
{
	_cleanup_(segments_freep) struct segments segments = { 0 };
	int err = segments_list(scan->dir_fd, scan->id, &segments);

	if (err < 0)
		return err;
	*ret_number = 0;
	for (size_t i = 0; i < segments.n && *ret_number == 0; i++)
		if (segments.numbers[i] > scan->segment)
			*ret_number = segments.numbers[i];
	return 0;
}

/* Opens the next segment; 0: there is none. Rotation may take it between the two looks. */
static int scan_advance(struct scan *scan, uint64_t next)
{
	uint64_t before = scan->fd >= 0 ? scan->segment : 0;

	while (next) {
		int r = scan_open_segment(scan, next);

		if (r < 0)
			return r;
		if (r > 0 && scan->strict && before && next != before + 1)
			return scan_damage(scan, "segments before this one are missing");
		if (r > 0)
			return 1;
		r = scan_find_next(scan, &next);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Reads the buffer anew from where it stands. */
static int scan_fill(struct scan *scan)
{
	ssize_t n;

	do
		n = pread(scan->fd, scan->buffer, sizeof(scan->buffer), (off_t)scan->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	scan->start = 0;
	scan->end = (size_t)n;
	return 0;
}

/* The length of the whole line at the buffer's start; 0: there is none. */
static size_t scan_line_length(const struct scan *scan)
{
	const char *start = scan->buffer + scan->start;
	const char *newline = memchr(start, '\n', scan->end - scan->start);

	if (!newline || memchr(start, 0, (size_t)(newline - start)))
		return 0;
	return (size_t)(newline - start) + 1;
}

/* 1: a line (not yet checked) of *ret_length bytes with its newline; 0: none. */
static int scan_find_line(struct scan *scan, size_t *ret_length)
{
	int err;

	*ret_length = scan_line_length(scan);
	if (*ret_length)
		return 1;
	err = scan_fill(scan);
	if (err < 0)
		return err;
	*ret_length = scan_line_length(scan);
	if (*ret_length)
		return 1;
	if (scan->end < sizeof(scan->buffer) || memchr(scan->buffer, 0, scan->end))
		return 0;
	err = scan_damage(scan, "no line is that long");
	scan_jump(scan, scan->offset + scan->end);
	return err;
}

static void scan_skip(struct scan *scan, size_t n)
{
	scan->start += n;
	scan->offset += n;
}

/* Checks the line that was found; the scan stands at it afterwards, or behind it if it is bad. */
static int scan_judge(struct scan *scan, size_t length)
{
	const char *text = scan->buffer + scan->start, *why = NULL;
	int r = line_check(text, length - 1, scan->journal, &scan->line, &why);

	if (r == 0 && scan->line.seq <= scan->seq) {
		why = "seq does not rise";
		r = -EBADMSG;
	}
	if (r < 0) {
		r = scan_damage(scan, why);
		scan_skip(scan, length);
		return r;
	}
	if (scan->hash[0] && strcmp(scan->hash, scan->line.prev) != 0)
		return scan_damage(scan, "prev is not the hash of the line before");
	scan->have = true;
	return 1;
}

/* A segment with a successor has nothing more to give; 0 if it ended well. */
static int scan_finish(struct scan *scan)
{
	struct stat st;
	uint64_t behind = 0;
	bool clean = false;
	int err = scan_rest(scan, &clean, &behind);

	if (err < 0 || clean)
		return err;
	if (behind == 0 && fstat(scan->fd, &st) < 0)
		return -errno;
	err = scan_damage(scan, "not a whole line");
	scan_jump(scan, behind ? behind : (uint64_t)st.st_size);
	return err;
}

/* Where the segment gives no line: 1 when the next one is open, 0 when there is none, or a line. */
static int scan_cross(struct scan *scan, size_t *ret_length)
{
	uint64_t next;
	int r = scan_find_next(scan, &next);

	*ret_length = 0;
	if (r < 0 || next == 0)
		return r;
	if (scan->fd >= 0) {
		r = scan_find_line(scan, ret_length);
		if (r != 0)
			return r;
		r = scan_finish(scan);
		if (r < 0)
			return r;
	}
	return scan_advance(scan, next);
}

int scan_peek(struct scan *scan)
{
	size_t length = 0;

	if (scan->told) {
		scan->told = false;
		return -EBADMSG;
	}
	if (scan->have)
		return 1;
	for (;;) {
		int r = scan->fd < 0 ? 0 : scan_find_line(scan, &length);

		if (r == 0)
			r = scan_cross(scan, &length);
		if (r <= 0)
			return r;
		if (length)
			return scan_judge(scan, length);
	}
}

void scan_take(struct scan *scan)
{
	scan_skip(scan, scan->line.length + 1);
	scan->have = false;
	scan->seq = scan->line.seq;
	memcpy(scan->hash, scan->line.hash, HASH_HEX);
	scan->good = scan->offset;
	memcpy(scan->good_hash, scan->line.hash, HASH_HEX);
}

struct rest {
	bool clean, hole;
};

/* Where in these bytes they go on behind a NUL; n: nowhere. */
static size_t look_through(struct rest *rest, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!bytes[i]) {
			rest->hole = true;
			continue;
		}
		rest->clean = false;
		if (rest->hole)
			return i;
	}
	return n;
}

int scan_rest(struct scan *scan, bool *ret_clean, uint64_t *ret_behind)
{
	struct rest rest = { .clean = true };
	uint64_t at = scan->offset, behind = 0;

	/* The buffer is the scan's own; what it held is read anew afterwards. */
	scan->start = scan->end = 0;
	while (behind == 0) {
		ssize_t n = pread(scan->fd, scan->buffer, sizeof(scan->buffer), (off_t)at);
		size_t found;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		found = look_through(&rest, scan->buffer, (size_t)n);
		if (found < (size_t)n)
			behind = at + found;
		at += (uint64_t)n;
	}
	*ret_clean = rest.clean;
	*ret_behind = behind;
	return 0;
}

void scan_from(struct scan *scan, uint64_t segment)
{
	scan_fini(scan);
	scan_jump(scan, 0);
	scan->segment = segment ? segment - 1 : 0;
	scan->first = 0;
	scan->seq = 0;
	scan->hash[0] = '\0';
	scan->told = false;
}

/* The segment's first line has a seq of at most `after`: what comes before it is of no interest. */
static bool scan_begins_before(struct scan *scan, uint64_t segment, uint64_t after)
{
	size_t length;

	if (scan_open_segment(scan, segment) <= 0 || scan_find_line(scan, &length) <= 0)
		return false;
	return scan_judge(scan, length) > 0 && scan->line.seq <= after;
}

/* The newest segment that begins at or before `after`; 0: none. */
static int scan_locate(struct scan *scan, uint64_t after, uint64_t *ret_segment)
{
	_cleanup_(segments_freep) struct segments segments = { 0 };
	int err = segments_list(scan->dir_fd, scan->id, &segments);

	if (err < 0)
		return err;
	for (size_t i = segments.n; i > 0; i--) {
		scan_from(scan, segments.numbers[i - 1]);
		if (scan_begins_before(scan, segments.numbers[i - 1], after)) {
			*ret_segment = segments.numbers[i - 1];
			return 0;
		}
	}
	*ret_segment = 0;
	return 0;
}

int scan_seek(struct scan *scan, uint64_t after)
{
	bool damaged = false;
	uint64_t segment;
	int r = scan_locate(scan, after, &segment);

	if (r < 0)
		return r;
	scan_from(scan, segment);
	for (;;) {
		r = scan_peek(scan);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r == 0 || (r > 0 && scan->line.seq > after))
			break;
		/* Damage before a line that is passed over lies before the place sought. */
		damaged = r < 0;
		if (r > 0)
			scan_take(scan);
	}
	scan->told = damaged;
	return 0;
}
