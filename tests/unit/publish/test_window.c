// SPDX-License-Identifier: Apache-2.0
/* The open messages: only what is acknowledged without a hole moves the cursor. */
#include "publish/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void acknowledgements_in_order_move_one_by_one(void **state)
{
	struct window window = { 0 };

	(void)state;
	for (int i = 1; i <= WINDOW_SIZE; i++)
		window_push(&window, i, 100U + (unsigned)i);
	assert_true(window_full(&window));
	for (int i = 1; i <= WINDOW_SIZE; i++)
		assert_int_equal(window_ack(&window, i), 100 + i);
	assert_int_equal(window.n, 0);
}

static void hole_holds_back_what_is_behind_it(void **state)
{
	struct window window = { 0 };

	(void)state;
	for (int i = 1; i <= 4; i++)
		window_push(&window, i, (unsigned)i);
	assert_int_equal(window_ack(&window, 2), 0);
	assert_int_equal(window_ack(&window, 4), 0);
	assert_int_equal(window_ack(&window, 99), 0);
	assert_int_equal(window_ack(&window, 1), 2);
	assert_int_equal(window_ack(&window, 1), 0);
	assert_int_equal(window_ack(&window, 3), 4);
	assert_int_equal(window.n, 0);
}

static void ring_turns_for_ever(void **state)
{
	struct window window = { 0 };
	uint64_t sent = 0, acked = 0;

	(void)state;
	srand(3);
	while (acked < 10000) {
		if (!window_full(&window) && rand() % 2) {
			sent++;
			/* The library's numbers wrap at 65535. */
			window_push(&window, (int)(sent % 65535) + 1, sent);
		} else if (window.n) {
			acked++;
			assert_int_equal(window_ack(&window, (int)(acked % 65535) + 1), acked);
		}
		assert_int_equal(window.n, sent - acked);
	}
	window_clear(&window);
	assert_int_equal(window_ack(&window, (int)(acked % 65535) + 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acknowledgements_in_order_move_one_by_one),
		cmocka_unit_test(hole_holds_back_what_is_behind_it),
		cmocka_unit_test(ring_turns_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
