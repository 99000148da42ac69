// SPDX-License-Identifier: Apache-2.0
/* The stamp in the daemon's text, and when the daemon counts as gone. */
#include "publish/status.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/macros.h"
#include "journal_help.h"

static void stamp_is_found_at_the_top_level_only(void **state)
{
	static const struct {
		const char *text;
		uint64_t stamp;
	} cases[] = {
		{ "{\"stamp_us\":17}", 17 },
		{ "{ \"state\" : \"x\" , \"stamp_us\" : 18 }", 18 },
		{ "{\"a\":{\"stamp_us\":1},\"b\":[{\"stamp_us\":2}],\"stamp_us\":19,\"c\":1}", 19 },
		{ "{\"a\":\"\\\"stamp_us\\\":1,\",\"stamp_us\":20}", 20 },
		{ "{\"a\":\"\\\\\",\"stamp_us\":21}", 21 },
		{ "{\"a\":\"}{\",\"stamp_us\":18446744073709551615}", UINT64_MAX },
	};
	uint64_t stamp = 0;
	size_t at, digits;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(status_find_stamp(cases[i].text, strlen(cases[i].text), &stamp,
						   &at, &digits),
				 0);
		assert_true(stamp == cases[i].stamp);
		assert_int_equal(strspn(cases[i].text + at, "0123456789"), digits);
	}
}

static void text_without_a_stamp_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"{}",
		"null",
		"{\"stamp_us\":}",
		"{\"stamp_us\":-1}",
		"{\"stamp_us\":1.5}",
		"{\"stamp_us\":\"1\"}",
		"{\"stamp_us\":18446744073709551616}",
		"{\"stamp_us\":17",
		"{\"stamp_us\"",
		"{\"stamp_us\":",
		"{\"stamp_us\" 17}",
		"}{\"stamp_us\":17}",
		"{\"a\":\"unended \\",
		"{\"a\":\"\\\"stamp_us\\\":1,\"}",
		"{\"a\":{\"stamp_us\":1}}",
	};
	uint64_t stamp;
	size_t at, digits;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* Exactly as long as it says: a byte too far is the sanitizer's. */
		char *text = memcpy(test_malloc(strlen(cases[i]) ?: 1), cases[i], strlen(cases[i]));

		assert_int_equal(status_find_stamp(text, strlen(cases[i]), &stamp, &at, &digits),
				 -EBADMSG);
		test_free(text);
	}
}

static void write_status(const struct place *place, const char *text)
{
	assert_int_equal(file_write_atomic(place->run_fd, "status.json", text, strlen(text), 0644),
			 0);
}

static void content_is_all_but_stamp_and_counters(void **state)
{
	const struct place *place = *state;
	struct status status = { 0 };
	char content[HASH_HEX];

	assert_int_equal(status_read(&status, place->run_fd), -ENOENT);
	write_status(place, "{\"state\":\"protecting\",\"stamp_us\":999}\n");
	assert_int_equal(status_read(&status, place->run_fd), 0);
	assert_int_equal(status.stamp_us, 999);
	assert_int_equal(status.text[status.size - 1], '}');
	memcpy(content, status.content, sizeof(content));
	write_status(place, "{\"state\":\"protecting\",\"stamp_us\":1000}\n");
	assert_int_equal(status_read(&status, place->run_fd), 0);
	assert_string_equal(status.content, content);
	write_status(place, "{\"state\":\"degraded\",\"stamp_us\":1000}\n");
	assert_int_equal(status_read(&status, place->run_fd), 0);
	assert_string_not_equal(status.content, content);
	write_status(place, "{\"a\":[{\"counters\":{}}],\"counters\":{\"a\":1,\"b\":\"}\"},"
			    "\"stamp_us\":1000,\"z\":1}");
	assert_int_equal(status_read(&status, place->run_fd), 0);
	memcpy(content, status.content, sizeof(content));
	write_status(place, "{\"a\":[{\"counters\":{}}],\"counters\":{\"b\":\"{\",\"c\":{}},"
			    "\"stamp_us\":1000,\"z\":1}");
	assert_int_equal(status_read(&status, place->run_fd), 0);
	assert_string_equal(status.content, content);
	write_status(place, "{\"a\":[{\"counters\":{}}],\"counters\":{\"b\":\"{\",\"c\":{}},"
			    "\"stamp_us\":1000,\"z\":2}");
	assert_int_equal(status_read(&status, place->run_fd), 0);
	assert_string_not_equal(status.content, content);
	write_status(place, "{\"a\":[{\"counters\":{\"b\":1}}],\"counters\":{},\"stamp_us\":1000,"
			    "\"z\":2}");
	assert_int_equal(status_read(&status, place->run_fd), 0);
	assert_string_not_equal(status.content, content);
	/* Whatever that is, it is no object. */
	write_status(place, "{\"counters\":{\"b\":1,\"stamp_us\":1000}");
	assert_int_equal(status_read(&status, place->run_fd), -EBADMSG);
	/* What can't be used leaves what was there. */
	write_status(place, "{\"state\":\"protecting\"}");
	assert_int_equal(status_read(&status, place->run_fd), -EBADMSG);
	assert_int_equal(status.stamp_us, 1000);
	status_clear(&status);
}

static void daemon_is_gone_after_thirty_seconds_of_silence(void **state)
{
	char text[] = "{}";
	struct status status = { .text = text, .size = 2, .stamp_us = 1000000 };

	(void)state;
	assert_null(status_blind(&status, true, 31000000000));
	assert_non_null(status_blind(&status, true, 31000001000));
	assert_int_equal(status_deadline(&status), 31000001000);
	assert_non_null(status_blind(&status, true, status_deadline(&status)));
	assert_non_null(status_blind(&status, false, 1000000000));
	status.text = NULL;
	assert_non_null(status_blind(&status, true, 1000000000));
	assert_true(status_deadline(&status) == UINT64_MAX);
}

static void our_own_words_are_json_whatever_the_station(void **state)
{
	char text[STATUS_OURS_MAX];

	(void)state;
	assert_int_equal(status_compose(text, "offline", "a\"b", NULL), strlen(text));
	assert_string_equal(text, "{\"state\":\"offline\",\"station\":\"a\\\"b\"}");
	status_compose(text, "blind", "cp", "why");
	assert_string_equal(text, "{\"state\":\"blind\",\"station\":\"cp\",\"why\":\"why\"}");
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamp_is_found_at_the_top_level_only),
		cmocka_unit_test(text_without_a_stamp_is_refused),
		WITH_PLACE(content_is_all_but_stamp_and_counters),
		cmocka_unit_test(daemon_is_gone_after_thirty_seconds_of_silence),
		cmocka_unit_test(our_own_words_are_json_whatever_the_station),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
