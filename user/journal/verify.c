// SPDX-License-Identifier: Apache-2.0
/*
 * What a whole journal is: in each chain the segments' numbers follow each other, every line is
 * this journal's, has its own hash and continues the line before, and nothing but zeros stands
 * behind the last; over both chains seq has no hole from the place on where both are complete
 * (rotation may have taken more of one than of the other). head names the last segments, so that a
 * missing last file shows too.
 *
 * Whoever can write the files can also make a new whole journal. That shows only against what has
 * left the charger: the heads in the retained status, and the alerts themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/head.h"
#include "journal/merge.h"
#include "journal/reader.h"

struct verify {
	int dir_fd;
	char id[JOURNAL_ID_MAX];
	uint64_t lines;
	uint64_t complete[CHAINS]; /* the seq from which on the chain has all lines; 0: unknown */
	uint64_t expected;	   /* 0: the place from which holes count is not reached */
	struct merge merge;
	char *error;
	size_t error_size;
};

static void verify_freep(struct verify **verify)
{
	if (!*verify)
		return;
	merge_fini(&(*verify)->merge);
	closep(&(*verify)->dir_fd);
	free(*verify);
}

_printf_(2, 3) static int verify_break(struct verify *verify, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(verify->error, verify->error_size, format, args);
	va_end(args);
	return -EBADMSG;
}

/* A chain that still has segment 1 is complete from the beginning. */
static void note_start(struct verify *verify, const struct scan *scan)
{
	if (!verify->complete[scan->id])
		verify->complete[scan->id] = scan->first == 1 ? 1 : scan->line.seq;
}

static int check_seq(struct verify *verify, uint64_t seq)
{
	uint64_t from = 0, expected = verify->expected;

	for (size_t i = 0; i < CHAINS; i++) {
		const struct scan *scan = &verify->merge.chains[i];

		/* A chain without a line so far, and not from its beginning, may have lost any. */
		if (!verify->complete[i] && scan->first > 1)
			return 0;
		from = MAX(from, MAX(verify->complete[i], (uint64_t)1));
	}
	if (seq < from)
		return 0;
	verify->expected = seq + 1;
	expected = MAX(expected, from);
	if (seq == expected)
		return 0;
	return verify_break(verify, "lines %" PRIu64 " to %" PRIu64 " are missing", expected,
			    seq - 1);
}

static int check_lines(struct verify *verify)
{
	for (;;) {
		struct scan *scan;
		int r = merge_peek(&verify->merge, verify->expected, &scan);

		if (r == -EBADMSG)
			return verify_break(verify, "%s", scan->error);
		if (r <= 0)
			return r;
		note_start(verify, scan);
		r = check_seq(verify, scan->line.seq);
		if (r < 0)
			return r;
		verify->lines++;
		scan_take(scan);
	}
}

/* What stands behind the last line, and whether it was the last segment. */
static int check_end(struct verify *verify, struct scan *scan, uint64_t last)
{
	char name[SEGMENT_NAME_MAX];
	uint64_t behind;
	bool clean;
	int err;

	segment_name(scan->id, scan->segment, name);
	if (scan->segment < last)
		return verify_break(verify, "segments of %s after %" PRIu64 " are missing",
				    chain_name(scan->id), scan->segment);
	if (scan->fd < 0)
		return 0;
	err = scan_rest(scan, &clean, &behind);
	if (err < 0 || clean)
		return err;
	return verify_break(verify, "%s, offset %" PRIu64 ": not a whole line", name, scan->offset);
}

static int check_ends(struct verify *verify)
{
	struct head head = { 0 };
	int err = journal_locked(verify->dir_fd);

	/* While somebody writes, the end is where it is only for now. */
	if (err != 0)
		return err < 0 ? err : 0;
	err = head_read(verify->dir_fd, &head);
	if (err == -EBADMSG || err == -ENOENT)
		return verify_break(verify, "the file head is missing or damaged");
	for (size_t i = 0; i < CHAINS && err == 0; i++)
		err = check_end(verify, &verify->merge.chains[i], head.segments[i]);
	return err;
}

static int verify_open(struct verify *verify, const char *state_dir)
{
	_cleanup_(freep) char *path = NULL;
	int err;

	if (asprintf(&path, "%s/journal", state_dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	verify->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (verify->dir_fd < 0)
		return -errno;
	err = journal_id_read(verify->dir_fd, verify->id);
	if (err == -EBADMSG)
		return verify_break(verify, "the file id is damaged");
	if (err < 0)
		return err;
	merge_init(&verify->merge, verify->dir_fd, verify->id);
	for (size_t i = 0; i < CHAINS; i++)
		verify->merge.chains[i].strict = true;
	return 0;
}

int journal_verify(const char *state_dir, char *error, size_t error_size, uint64_t *ret_lines)
{
	_cleanup_(verify_freep) struct verify *verify = calloc(1, sizeof(*verify));
	int err;

	if (!verify)
		return -ENOMEM;
	verify->dir_fd = -1;
	verify->error = error;
	verify->error_size = error_size;
	merge_init(&verify->merge, -1, NULL);
	err = verify_open(verify, state_dir);
	if (err == 0)
		err = check_lines(verify);
	if (err == 0)
		err = check_ends(verify);
	if (err == 0)
		*ret_lines = verify->lines;
	return err;
}
