// SPDX-License-Identifier: Apache-2.0
/*
 * A ring. A broker may acknowledge in any order; the cursor moves over what is acknowledged from
 * the oldest on and no further, so that a restart sends again what is open and nothing is skipped.
 */
#include "publish/window.h"

#include <assert.h>

void window_clear(struct window *window)
{
	window->first = window->n = 0;
}

void window_push(struct window *window, int mid, uint64_t seq)
{
	size_t at = (window->first + window->n) % WINDOW_SIZE;

	assert(!window_full(window));
	window->slots[at].mid = mid;
	window->slots[at].seq = seq;
	window->slots[at].acked = false;
	window->n++;
}

uint64_t window_ack(struct window *window, int mid)
{
	uint64_t seq = 0;

	for (size_t i = 0; i < window->n; i++) {
		size_t at = (window->first + i) % WINDOW_SIZE;

		if (window->slots[at].mid == mid)
			window->slots[at].acked = true;
	}
	while (window->n && window->slots[window->first].acked) {
		seq = window->slots[window->first].seq;
		window->first = (window->first + 1) % WINDOW_SIZE;
		window->n--;
	}
	return seq;
}
