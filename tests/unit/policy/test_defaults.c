// SPDX-License-Identifier: Apache-2.0
/* policies/default.yaml and the built-in policy are the same, and are the page. */
#include "policy/corpus.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>

#include "base/file.h"
#include "policy/bind.h"
#include "policy/lists.h"
#include "policy/schema.h"

#define CAP(name) (1ull << CAP_##name)

static void texts_equal(char *const *a, char *const *b)
{
	assert_non_null(a);
	assert_non_null(b);
	for (; *a && *b; a++, b++)
		assert_string_equal(*a, *b);
	assert_null(*a);
	assert_null(*b);
}

/* The struct itself, byte for byte, once what it owns has been compared apart. */
static void plain_parts_equal(const struct policy *a, const struct policy *b)
{
	_cleanup_(freep) struct policy *x = malloc(sizeof(*x));
	_cleanup_(freep) struct policy *y = malloc(sizeof(*y));

	assert_non_null(x);
	assert_non_null(y);
	memcpy(x, a, sizeof(*x));
	memcpy(y, b, sizeof(*y));
	x->modules = y->modules = NULL;
	x->root_allow = y->root_allow = NULL;
	x->shell_allow = y->shell_allow = NULL;
	x->usb_allow = y->usb_allow = NULL;
	assert_memory_equal(x, y, sizeof(*x));
}

static void policies_equal(const struct policy *a, const struct policy *b)
{
	for (size_t i = 0; i < a->n_bind && i < b->n_bind; i++)
		assert_string_equal(a->bind[i].rule, b->bind[i].rule);
	plain_parts_equal(a, b);
	texts_equal(a->root_allow, b->root_allow);
	texts_equal(a->shell_allow, b->shell_allow);
	assert_int_equal(a->n_modules, b->n_modules);
	assert_memory_equal(a->modules, b->modules, a->n_modules * sizeof(*a->modules));
	assert_int_equal(a->n_usb_allow, 0);
	assert_string_equal(a->hash, b->hash);
}

/* Read over nothing, so that the file has to say every default itself. */
static void the_file_says_the_whole_built_in_policy(void **state)
{
	_cleanup_(policy_freep) struct policy *built_in = policy_default();
	_cleanup_(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
	_cleanup_(freep) char *data = NULL;
	struct policy_errors errors = { .n = 0 };
	struct reader reader = { .policy = policy, .errors = &errors, .file = "default.yaml" };
	size_t size = 0;

	(void)state;
	assert_non_null(policy);
	assert_int_equal(file_read(AT_FDCWD, "policies/default.yaml", 1 << 20, &data, &size), 0);
	assert_int_equal(schema_apply(&reader, data, size), 0);
	assert_int_equal(errors.n, 0);
	assert_int_equal(policy_hash_update(policy), 0);
	policies_equal(policy, built_in);
}

static void the_file_over_the_built_in_policy_changes_nothing(void **state)
{
	_cleanup_(policy_freep) struct policy *built_in = policy_default();
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(freep) char *data = NULL;
	struct policy_errors errors;
	size_t size = 0;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "policies/default.yaml", 1 << 20, &data, &size), 0);
	assert_int_equal(policy_load_bytes("default.yaml", data, size, &policy, &errors), 0);
	policies_equal(policy, built_in);
}

static void the_page_is_built_in(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = policy_default();
	const struct bind_rule *exposed = &policy->bind[2];

	(void)state;
	assert_string_equal(policy->bind[0].rule, "bind.admin-panel");
	assert_int_equal(policy->bind[0].protos, PROTOS_ALL);
	assert_int_equal(policy->bind[0].scopes, SCOPES_ALL);
	assert_int_equal(policy->bind[0].subjects, SUBJECTS_ALL);
	assert_string_equal(exposed->rule, "bind.broker-exposed");
	assert_int_equal(exposed->subjects, 1u << EVMON_SUBJECT_BROKER);
	assert_int_equal(exposed->protos, 1u << EVMON_PROTO_TCP | 1u << EVMON_PROTO_MPTCP);
	assert_int_equal(exposed->ports[0].first, 1);
	assert_int_equal(exposed->ports[0].last, 65535);
	assert_int_equal(exposed->severity, SEVERITY_CRITICAL);
	assert_true(policy_capabilities(policy, "slac", "EvseSlac") == CAP(NET_RAW));
	assert_true(policy_capabilities(policy, "any", "Setup") ==
		    (CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(DAC_OVERRIDE)));
	assert_true(policy_capabilities(policy, "api", "RpcApi") == 0);
	assert_true(policy->settle_ns == 30000000000ull);
	assert_true(policy->journal_max_age_ns == 0);
	assert_int_equal(policy->journal_size, 16 << 20);
}

/* A rule whose severity the policy states has the same one in the list of rules. */
static void severities_agree_with_the_list_of_rules(void **state)
{
	_cleanup_(policy_freep) struct policy *p = policy_default();
	const struct {
		enum evmon_rule rule;
		enum severity severity;
	} stated[] = {
		{ EVMON_RULE_CAPABILITY_USED, p->used_severity },
		{ EVMON_RULE_CAPABILITY_DENIED, p->denied_severity },
		{ EVMON_RULE_CAPABILITY_HELD, p->held_severity },
		{ EVMON_RULE_EXEC_ROOT, p->root_severity },
		{ EVMON_RULE_EXEC_ROOT_STEADY, p->root_severity },
		{ EVMON_RULE_EXEC_SHELL, p->shell_severity },
		{ EVMON_RULE_EXEC_ADMIN_PANEL, p->admin_panel_severity },
		{ EVMON_RULE_USB_HID, p->usb_hid_severity },
		{ EVMON_RULE_USB_STORAGE, p->usb_storage_severity },
		{ EVMON_RULE_USB_OTHER, p->usb_other_severity },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stated); i++)
		assert_int_equal(rule_get(stated[i].rule)->severity, stated[i].severity);
	for (size_t i = 0; i < p->n_bind; i++) {
		int rule = rule_from_name(p->bind[i].rule);

		assert_true(rule >= 0);
		assert_int_equal(rule_get((enum evmon_rule)rule)->severity, p->bind[i].severity);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_says_the_whole_built_in_policy),
		cmocka_unit_test(the_file_over_the_built_in_policy_changes_nothing),
		cmocka_unit_test(the_page_is_built_in),
		cmocka_unit_test(severities_agree_with_the_list_of_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
