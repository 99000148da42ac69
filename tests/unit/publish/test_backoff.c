// SPDX-License-Identifier: Apache-2.0
/* The wait between tries: its bounds, and that chance matters. */
#include "publish/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ULL

static void wait_grows_between_one_and_sixty_seconds(void **state)
{
	uint64_t before = 0;

	(void)state;
	for (unsigned failures = 1; failures < 200; failures++) {
		uint64_t least = backoff_ns(failures, 0), most = backoff_ns(failures, UINT32_MAX);

		assert_true(least >= SECOND_NS && least < most);
		assert_true(most <= 60 * SECOND_NS);
		assert_true(most >= before);
		before = most;
	}
	assert_true(backoff_ns(1, UINT32_MAX) <= 2 * SECOND_NS);
	assert_int_equal(backoff_ns(100, 0), 30 * SECOND_NS);
	assert_true(backoff_ns(UINT32_MAX, UINT32_MAX) > 59 * SECOND_NS);
}

static void chance_spreads_the_wait_evenly(void **state)
{
	(void)state;
	assert_int_equal(backoff_ns(10, 1U << 31), 45 * SECOND_NS);
	assert_int_equal(backoff_ns(10, 1U << 30), 37 * SECOND_NS + SECOND_NS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wait_grows_between_one_and_sixty_seconds),
		cmocka_unit_test(chance_spreads_the_wait_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
