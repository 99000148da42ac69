// SPDX-License-Identifier: Apache-2.0
/*
 * seq is shared, so the next line is the smaller of the chains' next ones. The writer goes on in
 * the meantime: a chain that had nothing may have a smaller seq by the time the other one's line is
 * seen, but no longer after that, since seq rises. Hence the second look at the quiet chain.
 */
#include "journal/merge.h"

#include <errno.h>

void merge_init(struct merge *merge, int dir_fd, const char *journal)
{
	for (size_t i = 0; i < CHAINS; i++)
		scan_init(&merge->chains[i], dir_fd, (enum chain_id)i, journal);
}

void merge_fini(struct merge *merge)
{
	for (size_t i = 0; i < CHAINS; i++)
		scan_fini(&merge->chains[i]);
}

static int merge_look(struct merge *merge, struct scan **ret_scan)
{
	struct scan *least = NULL;

	for (size_t i = 0; i < CHAINS; i++) {
		struct scan *scan = &merge->chains[i];
		int r = scan_peek(scan);

		if (r < 0) {
			*ret_scan = scan;
			return r;
		}
		if (r > 0 && (!least || scan->line.seq < least->line.seq))
			least = scan;
	}
	*ret_scan = least;
	return least != NULL;
}

int merge_peek(struct merge *merge, uint64_t expected, struct scan **ret_scan)
{
	int r = merge_look(merge, ret_scan);

	if (r > 0 && (*ret_scan)->line.seq != expected)
		r = merge_look(merge, ret_scan);
	return r;
}
