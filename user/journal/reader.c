// SPDX-License-Identifier: Apache-2.0
/*
 * The reader's promise: every line once, in the order of seq, none that a power cut could still
 * take back, and word of everything that is not there.
 *
 * How far it may read is said by the mark in the runtime directory. Where there is none (after a
 * boot, before the daemon has opened the journal) and nobody writes, all that is whole may be read:
 * nothing of it can be newer than the boot. A hole in seq is a loss, for the writer makes none; so
 * losses are counted exactly without knowing which chain they were in. A mark that is ahead of both
 * chains means that synced lines were taken away or wiped out.
 */
#include "journal/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "journal/head.h"
#include "journal/merge.h"

struct journal_reader {
	int dir_fd, inotify_fd;
	int run_watch; /* -1: the runtime directory is not there, or not asked for */
	char *journal_dir, *run_dir;
	char id[JOURNAL_ID_MAX];
	uint64_t synced;   /* from the mark; 0: none */
	uint64_t expected; /* seq of the next line; 0: whatever comes */
	struct journal_lost lost;
	bool told_mark; /* that the mark is damaged */
	char error[SCAN_ERROR_MAX];
	struct merge merge;
};

/* What tells of more lines: the mark's rename, or where there is no mark the writing itself. */
static void reader_watch(struct journal_reader *reader)
{
	uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO;

	reader->run_watch = -1;
	if (reader->run_dir)
		reader->run_watch = inotify_add_watch(reader->inotify_fd, reader->run_dir,
						      IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR);
	if (reader->run_watch < 0)
		mask |= IN_MODIFY;
	inotify_add_watch(reader->inotify_fd, reader->journal_dir, mask);
}

static int reader_new(const char *state_dir, const char *run_dir,
		      struct journal_reader **ret_reader)
{
	_cleanup_(journal_reader_closep) struct journal_reader *reader = NULL;

	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->dir_fd = reader->inotify_fd = reader->run_watch = -1;
	merge_init(&reader->merge, -1, reader->id);
	if (asprintf(&reader->journal_dir, "%s/journal", state_dir) < 0) {
		reader->journal_dir = NULL;
		return -ENOMEM;
	}
	reader->run_dir = run_dir ? strdup(run_dir) : NULL;
	if (run_dir && !reader->run_dir)
		return -ENOMEM;
	*ret_reader = TAKE_PTR(reader);
	return 0;
}

int journal_reader_open(const char *state_dir, const char *run_dir,
			struct journal_reader **ret_reader)
{
	_cleanup_(journal_reader_closep) struct journal_reader *reader = NULL;
	int err = reader_new(state_dir, run_dir, &reader);

	if (err < 0)
		return err;
	reader->dir_fd = open(reader->journal_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (reader->dir_fd < 0)
		return -errno;
	err = journal_id_read(reader->dir_fd, reader->id);
	if (err < 0)
		return err;
	reader->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (reader->inotify_fd < 0)
		return -errno;
	reader_watch(reader);
	merge_init(&reader->merge, reader->dir_fd, reader->id);
	*ret_reader = TAKE_PTR(reader);
	return 0;
}

void journal_reader_close(struct journal_reader *reader)
{
	if (!reader)
		return;
	merge_fini(&reader->merge);
	closep(&reader->inotify_fd);
	closep(&reader->dir_fd);
	free(reader->run_dir);
	free(reader->journal_dir);
	free(reader);
}

int journal_reader_seek(struct journal_reader *reader, uint64_t after_seq)
{
	for (size_t i = 0; i < CHAINS; i++) {
		int err = scan_seek(&reader->merge.chains[i], after_seq);

		if (err < 0)
			return err;
	}
	reader->expected = after_seq + 1;
	reader->lost = (struct journal_lost){ 0 };
	return 0;
}

void journal_reader_leave(struct journal_reader *reader)
{
	merge_fini(&reader->merge);
}

/* How far may be read now. */
static int reader_limit(struct journal_reader *reader, uint64_t *ret_limit)
{
	_cleanup_(closep) int run_fd = -1;
	struct mark mark = { 0 };
	int r;

	*ret_limit = UINT64_MAX;
	if (!reader->run_dir)
		return 0;
	run_fd = open(reader->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = run_fd < 0 ? -errno : mark_read(run_fd, &mark);
	if (r == -ENOENT) {
		r = journal_locked(reader->dir_fd);
		if (r > 0)
			*ret_limit = reader->synced;
		return r < 0 ? r : 0;
	}
	/* What is not a mark says nothing new; the next one comes by rename, and wakes. */
	if (r == -EBADMSG && reader->told_mark) {
		*ret_limit = reader->synced;
		return 0;
	}
	reader->told_mark = r == -EBADMSG;
	if (r == -EBADMSG)
		snprintf(reader->error, sizeof(reader->error), "the mark 'synced' is damaged");
	if (r < 0)
		return r;
	if (strcmp(mark.id, reader->id) != 0) {
		snprintf(reader->error, sizeof(reader->error),
			 "journal %s was replaced by journal %s", reader->id, mark.id);
		return -ESTALE;
	}
	*ret_limit = reader->synced = mark.seq;
	return 0;
}

static int reader_peek(struct journal_reader *reader, struct scan **ret_scan)
{
	int r = merge_peek(&reader->merge, reader->expected, ret_scan);

	if (r == -EBADMSG)
		memcpy(reader->error, (*ret_scan)->error, sizeof(reader->error));
	return r;
}

static void reader_lose(struct journal_reader *reader, uint64_t next)
{
	if (reader->expected && next > reader->expected) {
		reader->lost.from = reader->expected;
		reader->lost.to = next - 1;
		reader->lost.lines += next - reader->expected;
	}
	reader->expected = MAX(reader->expected, next);
}

/* Lines may stand behind NULs amid an active segment, where nobody looks for them. 1: the chain
 * goes on there now. */
static int reader_uncover(struct scan *scan)
{
	uint64_t behind = 0;
	bool clean = false;
	int r;

	if (scan->fd < 0 || scan->have)
		return 0;
	r = scan_rest(scan, &clean, &behind);
	if (r < 0 || behind == 0)
		return r;
	/* Perhaps the writer has only just gone past the place. */
	r = scan_peek(scan);
	if (r != 0)
		return r < 0 ? r : 0;
	scan_jump(scan, behind);
	scan->hash[0] = '\0';
	return 1;
}

/* Lines up to `last` must be there and are not to be seen. 0: nothing hides them. */
static int reader_search(struct journal_reader *reader, uint64_t last)
{
	bool found = false;

	for (size_t i = 0; i < CHAINS; i++) {
		int r = reader_uncover(&reader->merge.chains[i]);

		if (r == -EBADMSG)
			memcpy(reader->error, reader->merge.chains[i].error, sizeof(reader->error));
		if (r < 0)
			return r;
		found = found || r > 0;
	}
	if (!found)
		return 0;
	snprintf(reader->error, sizeof(reader->error),
		 "NUL bytes amid lines, where %" PRIu64 " to %" PRIu64 " should be",
		 reader->expected, last);
	return -EBADMSG;
}

/* The mark promises lines that neither chain has. */
static int reader_missing(struct journal_reader *reader, uint64_t limit)
{
	int r = reader_search(reader, limit);

	if (r < 0)
		return r;
	snprintf(reader->error, sizeof(reader->error),
		 "lines %" PRIu64 " to %" PRIu64 " had been synced and are not there",
		 reader->expected, limit);
	reader_lose(reader, limit + 1);
	return -EBADMSG;
}

/* Nothing is to be seen, or more than was known to be synced: look at the mark, then again. */
static int reader_reconsider(struct journal_reader *reader, struct scan **ret_scan)
{
	uint64_t limit;
	int r = reader_limit(reader, &limit);

	if (r < 0)
		return r;
	r = reader_peek(reader, ret_scan);
	if (r < 0)
		return r;
	if (r > 0)
		return (*ret_scan)->line.seq <= limit;
	if (reader->expected && limit != UINT64_MAX && limit >= reader->expected)
		return reader_missing(reader, limit);
	return 0;
}

int journal_reader_next(struct journal_reader *reader, struct journal_line *ret_line)
{
	struct scan *scan;
	int r = reader_peek(reader, &scan);

	if (r == 0 || (r > 0 && scan->line.seq > reader->synced))
		r = reader_reconsider(reader, &scan);
	if (r > 0 && reader->expected && scan->line.seq > reader->expected) {
		int err = reader_search(reader, scan->line.seq - 1);

		if (err < 0)
			return err;
	}
	if (r <= 0)
		return r;
	*ret_line = (struct journal_line){
		.seq = scan->line.seq,
		.urgent = scan->id == CHAIN_URGENT,
		.text = scan->line.text,
		.length = scan->line.length,
	};
	reader_lose(reader, scan->line.seq);
	reader->expected = MAX(reader->expected, scan->line.seq + 1);
	scan_take(scan);
	return 1;
}

const char *journal_reader_error(const struct journal_reader *reader)
{
	return reader->error;
}

const char *journal_reader_id(const struct journal_reader *reader)
{
	return reader->id;
}

uint64_t journal_reader_synced(const struct journal_reader *reader)
{
	return reader->synced;
}

void journal_reader_get_lost(const struct journal_reader *reader, struct journal_lost *ret_lost)
{
	*ret_lost = reader->lost;
}

int journal_reader_fd(struct journal_reader *reader)
{
	return reader->inotify_fd;
}

int journal_reader_written(const struct journal_reader *reader)
{
	return journal_locked(reader->dir_fd);
}

bool journal_reader_drain(struct journal_reader *reader)
{
	_Alignas(struct inotify_event) char buffer[4096];
	bool gone = false, closed = false;
	ssize_t n;

	while ((n = read(reader->inotify_fd, buffer, sizeof(buffer))) > 0) {
		const char *at = buffer;

		while (at < buffer + n) {
			const struct inotify_event *event = (const void *)at;

			gone = gone || (event->mask & IN_IGNORED && event->wd == reader->run_watch);
			closed = closed || (event->mask & IN_CLOSE_WRITE && event->len &&
					    strcmp(event->name, "lock") == 0);
			at += sizeof(*event) + event->len;
		}
	}
	/* The runtime directory may come back; until then the journal's own writes are watched, and
	 * with each of them it is asked for again. */
	if (gone || (reader->run_dir && reader->run_watch < 0))
		reader_watch(reader);
	return closed;
}
