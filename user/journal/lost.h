/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What rotation took before it was delivered, found by the journal's writer: it knows what it
 * removes, and evmon-publish's cursor says what had left the charger by then.
 */
#include <limits.h>
#include <stdint.h>

#include "journal/journal.h"

struct lost {
	const char *chain; /* "urgent" or "routine" */
	uint64_t from, to; /* all lines of the chain in between are gone and were not delivered */
	int cursor_err;	   /* other than 0: the cursor cannot be read, so this is not sure */
};

/* Where the cursor is: beside the state directory, with `-publish` behind its name. */
int lost_cursor_dir(const char *state_dir, char path[PATH_MAX]);
/* 1: a chain has lost lines since it was last asked, or before the journal was opened; 0: none
 * (more). A range begins at the cursor, so a later one of the same chain replaces the earlier. */
int lost_take(struct journal *journal, const char *cursor_dir, struct lost *ret_lost);
