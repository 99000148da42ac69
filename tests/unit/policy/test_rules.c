// SPDX-License-Identifier: Apache-2.0
/* The closed list: complete, named after sensors, and what is internal stays out of it. */
#include "policy/corpus.h"

static void every_rule_has_its_name_and_sensor(void **state)
{
	size_t n = 0;

	(void)state;
	for (int i = EVMON_RULE_NONE + 1; i < EVMON_RULE_CLOSED; i++) {
		const struct rule *rule = rule_get((enum evmon_rule)i);
		const char *sensor;

		if (i == EVMON_RULE_CANARY)
			continue;
		assert_non_null(rule);
		sensor = sensor_name(rule->sensor);
		assert_memory_equal(rule->name, sensor, strlen(sensor));
		assert_int_equal(rule->name[strlen(sensor)], '.');
		assert_int_equal(rule_from_name(rule->name), i);
		assert_non_null(severity_name(rule->severity));
		n++;
	}
	assert_int_equal(n, 36);
}

static void what_is_not_in_the_list_has_no_rule(void **state)
{
	(void)state;
	assert_null(rule_get(EVMON_RULE_NONE));
	assert_null(rule_get(EVMON_RULE_CANARY));
	assert_null(rule_get(EVMON_RULE_VENDOR));
	assert_null(rule_get((enum evmon_rule)(EVMON_RULE_VENDOR + 3)));
	assert_int_equal(rule_from_name("canary"), -EINVAL);
	assert_int_equal(rule_from_name("bind.web"), -EINVAL);
	assert_int_equal(rule_from_name(""), -EINVAL);
}

static void the_standing_findings_are_marked(void **state)
{
	size_t n = 0;

	(void)state;
	assert_true(rule_get(EVMON_RULE_EXEC_ROOT_STEADY)->standing);
	assert_true(rule_get(EVMON_RULE_CAPABILITY_EVEREST_CHOWN)->standing);
	assert_int_equal(rule_get(EVMON_RULE_CAPABILITY_EVEREST_CHOWN)->severity, SEVERITY_LOW);
	for (int i = 0; i < EVMON_RULE_CLOSED; i++) {
		const struct rule *rule = rule_get((enum evmon_rule)i);

		n += rule && rule->standing;
	}
	assert_int_equal(n, 2);
}

static void words_and_numbers_translate_both_ways(void **state)
{
	(void)state;
	for (int i = 0; i < SEVERITY_MAX; i++)
		assert_int_equal(severity_from_name(severity_name((enum severity)i)), i);
	for (int i = 0; i < EVMON_SENSOR_MAX; i++)
		assert_int_equal(sensor_from_name(sensor_name((enum evmon_sensor)i)), i);
	assert_string_equal(subject_name(EVMON_SUBJECT_EVEREST), "everest");
	assert_string_equal(verdict_name(EVMON_VERDICT_LATE), "late");
	assert_int_equal(severity_from_name("Critical"), -EINVAL);
	assert_int_equal(sensor_from_name("net"), -EINVAL);
	assert_null(severity_name(SEVERITY_MAX));
	assert_null(sensor_name(EVMON_SENSOR_MAX));
	assert_null(subject_name(EVMON_SUBJECT_MAX));
	assert_null(verdict_name(EVMON_VERDICT_MAX));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_has_its_name_and_sensor),
		cmocka_unit_test(what_is_not_in_the_list_has_no_rule),
		cmocka_unit_test(the_standing_findings_are_marked),
		cmocka_unit_test(words_and_numbers_translate_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
