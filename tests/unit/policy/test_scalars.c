// SPDX-License-Identifier: Apache-2.0
/* The forms of single values at their edges; what is refused stands in tests/policies/bad, too. */
#include "policy/corpus.h"

#include "policy/scalars.h"

static void numbers_are_decimal_digits_that_fit(void **state)
{
	uint64_t number = 7;

	(void)state;
	assert_int_equal(number_parse("0", &number), 0);
	assert_true(number == 0);
	assert_int_equal(number_parse("18446744073709551615", &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(number_parse("18446744073709551616", &number), -ERANGE);
	assert_int_equal(number_parse("99999999999999999999999", &number), -ERANGE);
	assert_int_equal(number_parse("", &number), -EINVAL);
	assert_int_equal(number_parse("00", &number), -EINVAL);
	assert_int_equal(number_parse("07", &number), -EINVAL);
	assert_int_equal(number_parse("+7", &number), -EINVAL);
	assert_int_equal(number_parse(" 7", &number), -EINVAL);
	assert_int_equal(number_parse("7 ", &number), -EINVAL);
	assert_true(number == UINT64_MAX);
}

static void durations_and_sizes_are_scaled_without_overflow(void **state)
{
	uint64_t value = 7;

	(void)state;
	assert_int_equal(duration_parse("213503d", &value), 0);
	assert_true(value == 213503ull * 86400 * 1000000000);
	assert_int_equal(duration_parse("213504d", &value), -ERANGE);
	assert_int_equal(duration_parse("1h", &value), 0);
	assert_true(value == 3600 * 1000000000ull);
	assert_int_equal(duration_parse("s", &value), -EINVAL);
	assert_int_equal(duration_parse("1ms", &value), -EINVAL);
	assert_int_equal(size_parse("17179869183GiB", &value), 0);
	assert_true(value == 17179869183ull << 30);
	assert_int_equal(size_parse("17179869184GiB", &value), -ERANGE);
	assert_int_equal(size_parse("1kib", &value), -EINVAL);
}

static void texts_at_their_longest_are_good(void **state)
{
	char path[PATH_MAX + 1], name[POLICY_NAME_MAX + 1];

	(void)state;
	memset(path, '/', sizeof(path));
	path[PATH_MAX - 1] = '\0';
	assert_null(path_check(path));
	path[PATH_MAX - 1] = '/';
	path[PATH_MAX] = '\0';
	assert_non_null(path_check(path));
	memset(name, 'a', sizeof(name));
	name[POLICY_NAME_MAX - 1] = '\0';
	assert_null(module_name_check(name));
	name[POLICY_NAME_MAX - 1] = 'a';
	name[POLICY_NAME_MAX] = '\0';
	assert_non_null(module_name_check(name));
	memcpy(name + POLICY_NAME_MAX - 9, ".service", 9);
	assert_null(unit_check(name));
}

static void urls_name_a_broker(void **state)
{
	static const char *const good[] = { "auto",
					    "unix:/s",
					    "mqtt://h",
					    "mqtt://h:1",
					    "mqtts://h:65535",
					    "mqtt://10.0.0.1:1883",
					    "mqtt://[::1]",
					    "mqtts://[fe80::1%eth0]:8883",
					    "mqtt://a-b_c.d.e" };
	static const char *const bad[] = { "",		 "Auto",	"unix:",      "unix:s",
					   "mqtt:h",	 "mqtt://",	"mqtt:///p",  "mqtt://h/p",
					   "mqtt://h:0", "mqtt://h:01", "mqtt://[]x", "mqtt://::1",
					   "mqtt://h:1 " };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (broker_url_check(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!broker_url_check(bad[i]))
			fail_msg("%s", bad[i]);
}

static void everests_own_topics_are_kept_clear(void **state)
{
	static const char *const good[] = { "evmon/v1",	      "e",    "everest1",
					    "everest_apis/x", "ever", "a/everest/b" };
	static const char *const bad[] = { "everest", "everest/", "everest/x", "everest_api",
					   "everest_api/x/y" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (topic_prefix_check(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!topic_prefix_check(bad[i]))
			fail_msg("%s", bad[i]);
}

static void usb_ports_are_the_kernels_names(void **state)
{
	(void)state;
	assert_null(usb_port_check("1-1"));
	assert_null(usb_port_check("10-12.3.4"));
	assert_non_null(usb_port_check(""));
	assert_non_null(usb_port_check("-1"));
	assert_non_null(usb_port_check("1-"));
	assert_non_null(usb_port_check("1-1-1"));
	assert_non_null(usb_port_check("1-1.2-3"));
	assert_non_null(usb_port_check("usb1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_decimal_digits_that_fit),
		cmocka_unit_test(durations_and_sizes_are_scaled_without_overflow),
		cmocka_unit_test(texts_at_their_longest_are_good),
		cmocka_unit_test(urls_name_a_broker),
		cmocka_unit_test(everests_own_topics_are_kept_clear),
		cmocka_unit_test(usb_ports_are_the_kernels_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
