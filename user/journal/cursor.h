/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How far the broker has acknowledged the journal: <cursor-dir>/cursor, "journal seq". */
#include <stdbool.h>
#include <stdint.h>

#include "journal/line.h"

struct cursor {
	int dir_fd; /* not owned */
	char journal[JOURNAL_ID_MAX];
	uint64_t seq;
	unsigned unsaved;    /* acknowledgements since the last save */
	uint64_t unsaved_ns; /* when the first of them came */
};

/* -ENOENT: none yet; -EBADMSG: not ours. In both cases the cursor stands at the beginning. */
int cursor_load(struct cursor *ret_cursor, int dir_fd);
/* Stands before the first line of a journal; to be saved. */
void cursor_reset(struct cursor *cursor, const char *journal, uint64_t now_ns);
void cursor_move(struct cursor *cursor, uint64_t seq, uint64_t now_ns);
/* When it must be saved: 32 acknowledgements or a second after the first of them; UINT64_MAX: there
 * is nothing to save. */
uint64_t cursor_deadline(const struct cursor *cursor);
/* On the disk on return. After an error it is due again 15 seconds later. */
int cursor_save(struct cursor *cursor, uint64_t now_ns);
