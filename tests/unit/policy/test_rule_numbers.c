// SPDX-License-Identifier: Apache-2.0
/* A vendor's rule keeps its number from policy to policy. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/rule_numbers.h"

/* A policy of these bind rules alone. */
static struct policy *policy_of(const char *const *rules)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	for (; *rules; rules++)
		snprintf(policy->bind[policy->n_bind++].rule, POLICY_NAME_MAX, "%s", *rules);
	return policy;
}

#define POLICY_OF(...) policy_of((const char *const[]){ __VA_ARGS__, NULL })

static void numbers_go_by_place_where_there_is_one_policy(void **state)
{
	_cleanup_(policy_freep) struct policy *policy =
		POLICY_OF("bind.own", "bind.admin-panel", "bind.other");

	(void)state;
	assert_int_equal(rule_number(policy, 0), EVMON_RULE_VENDOR);
	assert_int_equal(rule_number(policy, 1), EVMON_RULE_BIND_ADMIN_PANEL);
	assert_int_equal(rule_number(policy, 2), EVMON_RULE_VENDOR + 2);
}

static void a_name_keeps_its_number_and_no_other_gets_it(void **state)
{
	_cleanup_(freep) struct rule_numbers *numbers = calloc(1, sizeof(*numbers));
	_cleanup_(policy_freep) struct policy *first = POLICY_OF("bind.a", "bind.b");
	_cleanup_(policy_freep) struct policy *second = POLICY_OF("bind.admin-panel", "bind.c");
	_cleanup_(policy_freep) struct policy *third = POLICY_OF("bind.c", "bind.b");

	(void)state;
	assert_non_null(numbers);
	assert_int_equal(rule_numbers_assign(numbers, first), 0);
	assert_int_equal(rule_numbers_assign(numbers, second), 0);
	assert_int_equal(rule_numbers_assign(numbers, third), 0);
	assert_int_equal(rule_number(first, 0), EVMON_RULE_VENDOR);
	assert_int_equal(rule_number(first, 1), EVMON_RULE_VENDOR + 1);
	assert_int_equal(rule_number(second, 0), EVMON_RULE_BIND_ADMIN_PANEL);
	assert_int_equal(rule_number(second, 1), EVMON_RULE_VENDOR + 2);
	assert_int_equal(rule_number(third, 0), EVMON_RULE_VENDOR + 2);
	assert_int_equal(rule_number(third, 1), EVMON_RULE_VENDOR + 1);
	assert_true(rule_is_numbered(third, EVMON_RULE_VENDOR + 1));
	assert_false(rule_is_numbered(third, EVMON_RULE_VENDOR));
}

static void when_numbers_run_out_nothing_has_changed(void **state)
{
	_cleanup_(freep) struct rule_numbers *numbers = calloc(1, sizeof(*numbers));
	_cleanup_(policy_freep) struct policy *last = POLICY_OF("bind.last");
	_cleanup_(policy_freep) struct policy *both = POLICY_OF("bind.last", "bind.more");

	(void)state;
	assert_non_null(numbers);
	for (unsigned i = 0; i < EVMON_RULES - EVMON_RULE_VENDOR - 1; i++) {
		_cleanup_(policy_freep) struct policy *one = POLICY_OF("bind.x");

		snprintf(one->bind[0].rule, POLICY_NAME_MAX, "bind.x-%u", i);
		assert_int_equal(rule_numbers_assign(numbers, one), 0);
	}
	assert_int_equal(rule_numbers_assign(numbers, both), -ENOSPC);
	assert_int_equal(rule_numbers_assign(numbers, last), 0);
	assert_int_equal(rule_number(last, 0), EVMON_RULES - 1);
	assert_int_equal(rule_numbers_assign(numbers, both), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_go_by_place_where_there_is_one_policy),
		cmocka_unit_test(a_name_keeps_its_number_and_no_other_gets_it),
		cmocka_unit_test(when_numbers_run_out_nothing_has_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
