// SPDX-License-Identifier: Apache-2.0
/* A name fits into an MQTT topic, is stable, and does not give the machine id away. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/station.h"

static void a_name_that_is_set_is_cleaned(void **state)
{
	static const char *const names[][2] = {
		{ "cp-0042", "cp-0042" },
		{ "a/b+c#d", "a_b_c_d" },
		{ "tab\there\x1b[2J\x7f", "tab_here_[2J_" },
		{ "caf\xc3\xa9 \\ 1", "caf\xc3\xa9 \\ 1" },
		{ "\xc2\x9b"
		  "c1",
		  "_c1" },
		{ "\xff\xfe", "__" },
		{ "\xe2\x80\xae"
		  "x",
		  "_x" },
		{ "++", "__" },
	};
	char station[STATION_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(station_name(names[i][0], station), 0);
		assert_string_equal(station, names[i][1]);
	}
}

static void a_long_name_is_cut_between_characters(void **state)
{
	char name[300], station[STATION_MAX];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	name[sizeof(name) - 2] = '\0';
	assert_int_equal(station_name(name, station), 0);
	assert_int_equal(strlen(station), STATION_MAX - 2);
	assert_memory_equal(station, name, STATION_MAX - 2);
}

/* By the contract: SHA-256 over evmon's own words and the machine id. */
static void a_made_up_name_is_hostname_and_hash(void **state)
{
	char station[STATION_MAX], again[STATION_MAX], salted[64] = "evmon station 1:";
	char host[65] = "", hex[HASH_HEX], id[64], expected[STATION_MAX];
	ssize_t n = file_read_into(AT_FDCWD, "/etc/machine-id", id, sizeof(id));
	int err = station_name("auto", station);

	(void)state;
	gethostname(host, sizeof(host) - 1);
	assert_int_equal(station_name(NULL, again), err);
	assert_string_equal(station, again);
	if (n < 32) {
		assert_int_equal(err, -ENOENT);
		assert_string_equal(station, host);
		return;
	}
	assert_int_equal(err, 0);
	memcpy(salted + 16, id, 32);
	hash_hex(salted, 48, hex);
	snprintf(expected, sizeof(expected), "%.64s-%.8s", host, hex);
	assert_string_equal(station, expected);
	id[8] = '\0';
	assert_null(strstr(station, id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_is_set_is_cleaned),
		cmocka_unit_test(a_long_name_is_cut_between_characters),
		cmocka_unit_test(a_made_up_name_is_hostname_and_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
