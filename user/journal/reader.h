/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads a journal in the order of seq across both chains, while it is written. Used by log and by
 * evmon-publish; needs read permission only. Damage is told, never skipped silently.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct journal_reader;

struct journal_line {
	uint64_t seq;
	bool urgent;
	const char *text; /* valid until the next call; no newline */
	size_t length;
};

/* state_dir holds journal/; run_dir holds the synced mark (NULL: read to the end of what is whole;
 * where there is no mark, that is done too, once nobody writes). -ENOENT: no journal there. */
int journal_reader_open(const char *state_dir, const char *run_dir,
			struct journal_reader **ret_reader);
void journal_reader_close(struct journal_reader *reader);
DEFINE_CLEANUP(struct journal_reader *, journal_reader_close);

/* Goes to the first line with seq > after_seq. */
int journal_reader_seek(struct journal_reader *reader, uint64_t after_seq);
/* Lets go of the segments, so that those which rotation removes are gone; seek before going on. */
void journal_reader_leave(struct journal_reader *reader);
/* 1: a line; 0: no more for now; -EBADMSG: damage (journal_reader_error() says where), told once:
 * the next call goes on behind it; -ESTALE: the journal was replaced by another, open it again. */
int journal_reader_next(struct journal_reader *reader, struct journal_line *ret_line);
const char *journal_reader_error(const struct journal_reader *reader);
/* The journal's id, eight hex digits. */
const char *journal_reader_id(const struct journal_reader *reader);
/* The last seq that is surely on the disk, as the mark said when it was last read; 0: no mark. */
uint64_t journal_reader_synced(const struct journal_reader *reader);

/* Lines that were not there to be read (rotation, damage): how many since seek, and the last such
 * range. Nobody else keeps count; lines before the first one read after open do not count. */
struct journal_lost {
	uint64_t lines, from, to;
};
void journal_reader_get_lost(const struct journal_reader *reader, struct journal_lost *ret_lost);

/* An inotify fd that becomes readable when there may be more, and when a writer closes the journal;
 * journal_reader_drain() empties it and says whether a writer has let go of the journal (the lock
 * itself ends a moment later). */
int journal_reader_fd(struct journal_reader *reader);
bool journal_reader_drain(struct journal_reader *reader);
/* 1: a daemon has the journal open for writing; 0: none; -errno. */
int journal_reader_written(const struct journal_reader *reader);

/* Checks both chains from end to end: 0 good, -EBADMSG with the first break in error. */
int journal_verify(const char *state_dir, char *error, size_t error_size, uint64_t *ret_lines);
