// SPDX-License-Identifier: Apache-2.0
/* publish.conf comes back as it was written, and what is wrong in it is named. */
#include "journal/publish_conf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "journal_help.h"

static const struct publish_conf sample = {
	.broker = "mqtts://broker.example:8884",
	.station = "cp-0042=a",
	.prefix = "evmon/v1",
	.client_id = "evmon-cp-0042=a",
	.ca = "/etc/evmon/ca.pem",
	.state_dir = "/var/lib/evmon",
};

static int read_text(const struct place *place, const char *text, size_t size,
		     struct publish_conf *conf, char error[PUBLISH_ERROR_MAX])
{
	assert_int_equal(file_write_atomic(place->run_fd, "publish.conf", text, size, 0644), 0);
	return publish_conf_read(place->run_fd, conf, error);
}

static void what_is_written_comes_back(void **state)
{
	const struct place *place = *state;
	char error[PUBLISH_ERROR_MAX];
	struct publish_conf conf;

	assert_int_equal(publish_conf_read(place->run_fd, &conf, error), -ENOENT);
	assert_int_equal(publish_conf_write(place->run_fd, &sample), 0);
	assert_int_equal(publish_conf_read(place->run_fd, &conf, error), 0);
	assert_memory_equal(&conf, &sample, sizeof(conf));
}

static void values_with_control_bytes_or_missing_are_not_written(void **state)
{
	const struct place *place = *state;
	struct publish_conf conf = sample;

	snprintf(conf.station, sizeof(conf.station), "a\nbroker=unix:/evil");
	assert_int_equal(publish_conf_write(place->run_fd, &conf), -EINVAL);
	conf = sample;
	conf.broker[0] = '\0';
	assert_int_equal(publish_conf_write(place->run_fd, &conf), -EINVAL);
}

static void unknown_keys_and_comments_are_skipped(void **state)
{
	static const char text[] = "# from a later daemon\ncolour=blue\nbroker=unix:/b\n\n"
				   "station=s\nprefix=p\nclient_id=c\nstate_dir=/s";
	char error[PUBLISH_ERROR_MAX];
	struct publish_conf conf;

	assert_int_equal(read_text(*state, text, sizeof(text) - 1, &conf, error), 0);
	assert_string_equal(conf.broker, "unix:/b");
	assert_string_equal(conf.state_dir, "/s");
	assert_string_equal(conf.ca, "");
}

static void errors_name_line_and_reason(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "broker=unix:/b\nstation\n", "line 2: not key=value" },
		{ "broker=unix:/b\x01\n", "line 1: control bytes in the value: broker" },
		{ "broker=unix:/b\n", "line 2: the file ends without: station" },
		{ "", "line 1: the file ends without: broker" },
	};
	char error[PUBLISH_ERROR_MAX], text[1024];
	struct publish_conf conf = { .station = "untouched" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(read_text(*state, cases[i].text, strlen(cases[i].text), &conf,
					   error),
				 -EINVAL);
		assert_string_equal(error, cases[i].error);
	}
	memset(text, 'x', sizeof(text));
	memcpy(text, "station=", 8);
	assert_int_equal(read_text(*state, text, sizeof(text), &conf, error), -EINVAL);
	assert_string_equal(error, "line 1: the value is too long: station");
	assert_int_equal(read_text(*state, "broker=a\0b", 10, &conf, error), -EINVAL);
	assert_string_equal(conf.station, "untouched");
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(what_is_written_comes_back),
		WITH_PLACE(values_with_control_bytes_or_missing_are_not_written),
		WITH_PLACE(unknown_keys_and_comments_are_skipped),
		WITH_PLACE(errors_name_line_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
