// SPDX-License-Identifier: Apache-2.0
/* Points in time, in a zone that has summer time. */
#include "cmd/since.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/macros.h"

/* 2026-11-22T12:00:00Z, 13:00 in Berlin. */
#define NOW  INT64_C(1795348800000000)
#define HOUR INT64_C(3600000000)

static int set_up(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return 0;
}

static void assert_since(const char *text, int64_t expected)
{
	int64_t us = -1;

	if (since_parse(text, NOW, &us) != 0)
		fail_msg("'%s' is refused", text);
	if (us != expected)
		fail_msg("'%s' is %lld, not %lld", text, (long long)us, (long long)expected);
}

static void relative_times_count_from_now(void **state)
{
	(void)state;
	assert_since("now", NOW);
	assert_since("-1h", NOW - HOUR);
	assert_since("+1h", NOW + HOUR);
	assert_since("1h ago", NOW - HOUR);
	assert_since("-1h 30min", NOW - HOUR * 3 / 2);
	assert_since("-1h30min", NOW - HOUR * 3 / 2);
	assert_since("90 minutes ago", NOW - HOUR * 3 / 2);
	assert_since("-2 days", NOW - 48 * HOUR);
	assert_since("-1w", NOW - 168 * HOUR);
	assert_since("-30", NOW - 30000000);
	assert_since("-1h 2", NOW - HOUR - 2000000);
	assert_since("-250ms", NOW - 250000);
}

static void days_begin_at_local_midnight(void **state)
{
	(void)state;
	assert_since("today", NOW - 13 * HOUR);
	assert_since("yesterday", NOW - 37 * HOUR);
	assert_since("tomorrow", NOW + 11 * HOUR);
	assert_since("2026-11-22", NOW - 13 * HOUR);
}

static void dates_are_local_unless_they_say_utc(void **state)
{
	(void)state;
	assert_since("2026-11-22 13:00:00", NOW);
	assert_since("2026-11-22 13:00", NOW);
	assert_since("2026-11-22T13:00:00", NOW);
	assert_since("2026-11-22 13:00:00.000123", NOW + 123);
	assert_since("13:00", NOW);
	assert_since("13:00:01", NOW + 1000000);
	assert_since("2026-11-22 12:00:00 UTC", NOW);
	assert_since("2026-11-22T12:00:00.000123Z", NOW + 123);
	assert_since("2026-07-22 14:00:00", INT64_C(1784721600000000));
	assert_since("@1795348800", NOW);
	assert_since("1969-12-31T23:59:59.5Z", -500000);
}

static void slips_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"-",
		"1h",
		"-1parsec",
		"3",
		"ago",
		" ago",
		"-1h ago",
		"2026-02-30",
		"2026-13-01",
		"2026-11-22 25:00:00",
		"2026-11-22 12:00:00x",
		"2026-11-22 12:00.5",
		"2026-11-22 12:00:00.",
		"@",
		"@-5",
		"@99999999999999999999",
		"-9223372036854775807w",
		"today UTC",
		"Z",
		"2026-11-22 12:00:00 but then a text that is longer than any time",
	};
	int64_t us = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (since_parse(bad[i], NOW, &us) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	assert_int_equal(us, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relative_times_count_from_now),
		cmocka_unit_test(days_begin_at_local_midnight),
		cmocka_unit_test(dates_are_local_unless_they_say_utc),
		cmocka_unit_test(slips_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
