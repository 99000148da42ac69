/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Walks the lines of one chain, segment after segment, checking each; can wait at the end of the
 * active segment for more. The reader has two of them, verify too, and the writer uses one to find
 * its place at open.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/line.h"
#include "journal/segment.h"

enum {
	/* Two of the longest lines: one that is whole always fits. */
	SCAN_BUFFER = 16384,
	SCAN_ERROR_MAX = 256
};

struct scan {
	int dir_fd; /* not owned */
	enum chain_id id;
	const char *journal; /* its id; not owned; NULL: any */
	bool strict;	     /* a hole in the segments' numbers is damage, not rotation */

	uint64_t segment; /* 0: none yet */
	uint64_t first;	  /* the first segment that was opened */
	int fd;
	uint64_t offset; /* of buffer[start] in the segment */
	size_t start, end;

	uint64_t seq;		  /* of the last line; 0: none yet */
	char hash[HASH_HEX];	  /* of the line before; empty: not known */
	uint64_t good;		  /* where in this segment the last whole line ends */
	char good_hash[HASH_HEX]; /* and its hash; empty: none was seen in any segment */

	bool have; /* `line` waits to be taken */
	bool told; /* of an error that the next peek returns once */
	struct line line;
	char error[SCAN_ERROR_MAX];
	char buffer[SCAN_BUFFER];
};

/* Starts before the oldest line. */
void scan_init(struct scan *scan, int dir_fd, enum chain_id id, const char *journal);
void scan_fini(struct scan *scan);

/* Starts at a segment: the first one that is opened has at least this number. */
void scan_from(struct scan *scan, uint64_t segment);
/* Goes to the first line with seq > after, reading as little as it can. */
int scan_seek(struct scan *scan, uint64_t after);
/* 1: scan->line is the next line; its text lives until the next call after scan_take(). 0: no more
 * for now. -EBADMSG: damage, told once in scan->error; the next call goes on behind it. */
int scan_peek(struct scan *scan);
void scan_take(struct scan *scan);
/* From here to the segment's end: are there only zeros, and where do bytes go on behind a NUL
 * (0: nowhere)? -errno. */
int scan_rest(struct scan *scan, bool *ret_clean, uint64_t *ret_behind);
/* Goes on at an offset of the segment that scan_rest() named. */
void scan_jump(struct scan *scan, uint64_t offset);
