// SPDX-License-Identifier: Apache-2.0
/*
 * Which policies want which denying roles: one that denies nothing wants none, and no role comes
 * because of another's rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/denial.h"

static unsigned wanted(const struct policy *policy)
{
	unsigned roles = 0;

	for (unsigned role = 0; role < COVERAGE_ROLE_MAX; role++)
		if (denial_wanted((enum coverage_role)role, policy))
			roles |= 1U << role;
	return roles;
}

static void the_default_policy_wants_none(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_new_default(&policy), 0);
	assert_int_equal(wanted(policy), 0);
}

static void one_bind_rule_wants_its_role(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_new_default(&policy), 0);
	policy->bind[policy->n_bind - 1].action = ACTION_DENY;
	assert_int_equal(wanted(policy), 1U << COVERAGE_BIND_DENY);
}

static void capabilities_that_are_denied_want_their_role(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_new_default(&policy), 0);
	policy->capability_action = ACTION_DENY;
	assert_int_equal(wanted(policy), 1U << COVERAGE_CAPABILITY_DENY);
	policy->capability_action = ACTION_ALLOW;
	assert_int_equal(wanted(policy), 0);
}

static void each_rule_of_exec_wants_their_role(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_new_default(&policy), 0);
	policy->root_action = ACTION_DENY;
	assert_int_equal(wanted(policy), 1U << COVERAGE_EXEC_DENY);
	policy->root_action = ACTION_ALERT;
	policy->shell_action = ACTION_DENY;
	assert_int_equal(wanted(policy), 1U << COVERAGE_EXEC_DENY);
	policy->shell_action = ACTION_ALLOW;
	policy->admin_panel_action = ACTION_DENY;
	assert_int_equal(wanted(policy), 1U << COVERAGE_EXEC_DENY);
}

static void what_denies_is_what_can_be_wanted(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_new_default(&policy), 0);
	for (size_t i = 0; i < policy->n_bind; i++)
		policy->bind[i].action = ACTION_DENY;
	policy->capability_action = ACTION_DENY;
	policy->root_action = ACTION_DENY;
	policy->shell_action = ACTION_DENY;
	policy->admin_panel_action = ACTION_DENY;
	policy->usb_action = ACTION_DENY;
	for (unsigned role = 0; role < COVERAGE_ROLE_MAX; role++)
		assert_int_equal(denial_wanted((enum coverage_role)role, policy),
				 coverage_role_denies((enum coverage_role)role));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_policy_wants_none),
		cmocka_unit_test(one_bind_rule_wants_its_role),
		cmocka_unit_test(capabilities_that_are_denied_want_their_role),
		cmocka_unit_test(each_rule_of_exec_wants_their_role),
		cmocka_unit_test(what_denies_is_what_can_be_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
