// SPDX-License-Identifier: Apache-2.0
/* A line's seal: what it covers, and that whatever is changed is noticed. */
#include "journal/line.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"

static const char sample[] = "{\"schema\":\"evmon.alert/1\",\"journal\":\"9f2c61d0\",\"seq\":17,"
			     "\"station\":\"a,\\\"sensor\\\":\\\"x\\\"\",\"sensor\":\"usb\","
			     "\"durable\":true,\"prev\":\"";

static size_t make(char line[1024], char hash[HASH_HEX])
{
	int n = snprintf(line, 1024, "%s%s\"", sample, line_origin);

	n = line_seal(line, (size_t)n, 1024, hash);
	assert_true(n > 0);
	assert_int_equal(line[n - 1], '\n');
	return (size_t)n - 1;
}

static void sealed_line_is_whole(void **state)
{
	char line[1024], hash[HASH_HEX], again[HASH_HEX], sensor[16];
	size_t n = make(line, hash);
	const char *why = NULL;
	struct line got;

	(void)state;
	assert_int_equal(line_check(line, n, "9f2c61d0", &got, &why), 0);
	assert_int_equal(got.seq, 17);
	assert_string_equal(got.prev, line_origin);
	assert_string_equal(got.hash, hash);
	/* The documented extent: up to and including prev's closing quote. */
	hash_hex(line, (size_t)(strstr(line, ",\"hash\":") - line), again);
	assert_string_equal(again, hash);
	assert_int_equal(line_sensor(line, n, sensor, sizeof(sensor)), 0);
	assert_string_equal(sensor, "usb");
	assert_int_equal(line_sensor(line, n, sensor, 3), -EBADMSG);
}

static void every_flipped_bit_is_noticed(void **state)
{
	char line[1024], hash[HASH_HEX];
	size_t n = make(line, hash);
	const char *why = NULL;
	struct line got;

	(void)state;
	for (size_t i = 0; i < n * 8; i++) {
		line[i / 8] ^= (char)(1 << i % 8);
		assert_int_equal(line_check(line, n, NULL, &got, &why), -EBADMSG);
		assert_non_null(why);
		line[i / 8] ^= (char)(1 << i % 8);
	}
}

static void every_cut_is_noticed(void **state)
{
	char line[1024], hash[HASH_HEX];
	size_t n = make(line, hash);
	const char *why = NULL;
	struct line got;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(line_check(line, i, NULL, &got, &why), -EBADMSG);
		assert_int_equal(line_check(line + n - i, i, NULL, &got, &why), -EBADMSG);
	}
}

static void line_of_another_journal_is_refused(void **state)
{
	char line[1024], hash[HASH_HEX];
	size_t n = make(line, hash);
	const char *why = NULL;
	struct line got;

	(void)state;
	assert_int_equal(line_check(line, n, "00000000", &got, &why), -EBADMSG);
	assert_string_equal(why, "a line of another journal");
}

static void seal_needs_its_room(void **state)
{
	char line[1024], hash[HASH_HEX];
	size_t n = (size_t)snprintf(line, sizeof(line), "%s%s\"", sample, line_origin);

	(void)state;
	assert_int_equal(line_seal(line, n, n + LINE_SEAL + 1, hash), -ENOSPC);
	assert_int_equal(line_seal(line, n, n + LINE_SEAL + 2, hash), (int)n + LINE_SEAL + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_line_is_whole),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(line_of_another_journal_is_refused),
		cmocka_unit_test(seal_needs_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
