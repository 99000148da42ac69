/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What was sent and is not yet acknowledged: at most 16 lines, in the order of seq. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WINDOW_SIZE = 16
};

struct window {
	struct {
		int mid; /* the library's number of the message */
		uint64_t seq;
		bool acked;
	} slots[WINDOW_SIZE];
	size_t first, n;
};

static inline bool window_full(const struct window *window)
{
	return window->n == WINDOW_SIZE;
}

void window_clear(struct window *window);
/* There must be room. */
void window_push(struct window *window, int mid, uint64_t seq);
/* The highest seq up to which everything is acknowledged now; 0: nothing new, or none of ours. */
uint64_t window_ack(struct window *window, int mid);
