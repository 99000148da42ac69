// SPDX-License-Identifier: Apache-2.0
/* Times are written as the schema wants them, whatever the numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define SECOND 1000000000LL

static void times_are_utc_with_microseconds(void **state)
{
	char text[CLOCK_TEXT_MAX];

	(void)state;
	clock_format(0, 1795348800LL * SECOND + 123999, text);
	assert_string_equal(text, "2026-11-22T12:00:00.000123Z");
	clock_format(5 * SECOND + 1000, 0, text);
	assert_string_equal(text, "1970-01-01T00:00:05.000001Z");
	clock_format(SECOND, -2 * SECOND + 1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.000000Z");
	clock_format(0, -1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
}

static void no_number_breaks_the_form(void **state)
{
	static const uint64_t numbers[] = { 0, 1, INT64_MAX, UINT64_MAX, UINT64_MAX / 3 };
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < 25; i++) {
		clock_format(numbers[i % 5], (int64_t)numbers[i / 5], text);
		assert_int_equal(strlen(text), 27);
		assert_int_equal(text[26], 'Z');
		assert_int_equal(text[19], '.');
	}
}

static void the_offset_leads_from_boot_time_to_real_time(void **state)
{
	struct timespec real;
	int64_t there, difference;

	(void)state;
	there = (int64_t)clock_boot_ns() + clock_offset_ns();
	clock_gettime(CLOCK_REALTIME, &real);
	difference = real.tv_sec * SECOND + real.tv_nsec - there;
	assert_true(llabs(difference) < SECOND);
	assert_true(clock_boot_ns() <= clock_boot_ns());
	(void)clock_synced(); /* as the machine has it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_utc_with_microseconds),
		cmocka_unit_test(no_number_breaks_the_form),
		cmocka_unit_test(the_offset_leads_from_boot_time_to_real_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
