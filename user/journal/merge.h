/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Both chains as one, in the order of seq. */
#include "journal/scan.h"

struct merge {
	struct scan chains[CHAINS];
};

void merge_init(struct merge *merge, int dir_fd, const char *journal);
void merge_fini(struct merge *merge);
/* As scan_peek(): 1 and the chain whose line is next, 0, -EBADMSG with the chain that is damaged.
 * `expected`: the seq after the last one; where another comes, the quiet chain is asked again. */
int merge_peek(struct merge *merge, uint64_t expected, struct scan **ret_scan);
