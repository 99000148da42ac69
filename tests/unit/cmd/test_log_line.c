// SPDX-License-Identifier: Apache-2.0
/* One line for people: columns, and bytes that would do harm. */
#include "cmd/log_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cmd/members.h"
#include "cmd/terminal.h"

static int set_up(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static char *printed(const char *json, bool color)
{
	struct json_object *line = json_of(json, strlen(json));
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(line);
	assert_non_null(out);
	log_print(out, line, color);
	fclose(out);
	json_object_put(line);
	return text;
}

static void assert_printed(const char *json, const char *expected)
{
	char *text = printed(json, false);

	assert_string_equal(text, expected);
	free(text);
}

static void columns_are_aligned(void **state)
{
	(void)state;
	assert_printed("{\"time\":\"2026-11-22T12:00:00.000123Z\",\"severity\":\"critical\","
		       "\"verdict\":\"alert\",\"count\":3,\"subject\":\"everest\","
		       "\"module\":{\"id\":\"api\",\"name\":\"RpcApi\"},\"process\":{\"pid\":812,"
		       "\"comm\":\"api:RpcApi\"},\"rule\":\"bind.admin-panel\",\"durable\":true,"
		       "\"message\":\"module api bound 8849\"}",
		       "2026-11-22 12:00:00 critical alert        3 api:RpcApi               "
		       "bind.admin-panel         module api bound 8849\n");
	assert_printed(
		"{\"time\":\"2026-11-22T12:00:00.000123Z\",\"severity\":\"low\","
		"\"verdict\":\"alert\",\"count\":18446744073709551615,"
		"\"subject\":\"host\",\"module\":null,\"process\":{\"pid\":812,"
		"\"comm\":\"nc\"},\"rule\":\"bind.x\",\"durable\":false,\"asked\":\"deny\","
		"\"message\":\"m\"}",
		"2026-11-22 12:00:00 low      alert   18446744073709551615 nc[812]        "
		"          bind.x                   m (the policy asked to deny) (not durable)\n");
}

static void what_is_missing_is_a_dash(void **state)
{
	(void)state;
	assert_printed("{}", "-                   -        -            0 -                        "
			     "-                        \n");
	assert_printed("{\"severity\":7,\"module\":\"x\",\"process\":[],\"message\":{}}",
		       "-                   -        -            0 -                        "
		       "-                        \n");
}

static void escapes_stay_and_new_harm_is_escaped(void **state)
{
	(void)state;
	/* \\x1b in JSON is \x1b in the text: written by escape_text(), not to be doubled. The
	 * right-to-left override passed into the journal and must not pass on to the terminal. */
	char *text = printed("{\"process\":{\"pid\":1,\"comm\":\"a\\\\x1b[2J\\u202eb\"},"
			     "\"message\":\"back\\\\\\\\slash \\u001b[31m \\u0000 \\u009b end\"}",
			     false);

	assert_non_null(strstr(text, "a\\x1b[2J\\xe2\\x80\\xaeb"));
	assert_non_null(strstr(text, "back\\\\slash \\x1b[31m \\x00 \\xc2\\x9b end\n"));
	assert_null(strchr(text, '\033'));
	free(text);
}

static void wide_cells_are_cut_at_a_character(void **state)
{
	char *text =
		printed("{\"rule\":\"\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4"
			"\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4"
			"\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\","
			"\"message\":\"m\"}",
			false);

	(void)state;
	assert_non_null(strstr(text, "\xc3\xa4\xc3\xa4+ m\n"));
	assert_int_equal(terminal_width(text),
			 19 + 1 + 8 + 1 + 7 + 1 + 6 + 1 + 24 + 1 + 24 + 1 + 2);
	free(text);
}

static void colour_follows_severity_and_the_environment(void **state)
{
	char *text = printed("{\"severity\":\"critical\"}", true);

	(void)state;
	assert_non_null(strstr(text, "\033[1;31mcritical \033[0m"));
	free(text);
	text = printed("{\"severity\":\"else\"}", true);
	assert_null(strchr(text, '\033'));
	free(text);
	/* A file is no terminal. */
	assert_false(terminal_color(stderr) && !isatty(STDERR_FILENO));
}

static void filter_takes_this_severity_and_worse(void **state)
{
	static const char text[] = "{\"sensor\":\"exec\",\"severity\":\"high\","
				   "\"time\":\"2026-11-22T12:00:00.000123Z\"}";
	struct json_object *line = json_of(text, sizeof(text) - 1);
	struct log_filter filter = { .since_us = INT64_MIN };

	(void)state;
	assert_true(log_filter_empty(&filter));
	assert_true(log_wanted(&filter, line));
	filter.severity = SEVERITY_HIGH;
	assert_false(log_filter_empty(&filter));
	assert_true(log_wanted(&filter, line));
	filter.severity = SEVERITY_CRITICAL;
	assert_false(log_wanted(&filter, line));
	filter = (struct log_filter){ .since_us = INT64_C(1795348800000123) };
	assert_true(log_wanted(&filter, line));
	filter.since_us++;
	assert_false(log_wanted(&filter, line));
	filter = (struct log_filter){ .since_us = INT64_MIN, .sensors = 1U << EVMON_SENSOR_USB };
	assert_false(log_wanted(&filter, line));
	filter.sensors |= 1U << EVMON_SENSOR_EXEC;
	assert_true(log_wanted(&filter, line));
	json_object_put(line);
}

static void only_one_whole_value_is_json(void **state)
{
	static const char *const bad[] = { "", "{", "{}x", "{} {}", "{\"a\":}", "null" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (json_of(bad[i], strlen(bad[i])))
			fail_msg("'%s' is taken", bad[i]);
	assert_null(json_of("{}", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(what_is_missing_is_a_dash),
		cmocka_unit_test(escapes_stay_and_new_harm_is_escaped),
		cmocka_unit_test(wide_cells_are_cut_at_a_character),
		cmocka_unit_test(colour_follows_severity_and_the_environment),
		cmocka_unit_test(filter_takes_this_severity_and_worse),
		cmocka_unit_test(only_one_whole_value_is_json),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
