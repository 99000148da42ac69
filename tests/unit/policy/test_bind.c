// SPDX-License-Identifier: Apache-2.0
/* Bind items: what they say, and how those of several files and the built-in ones merge. */
#include "policy/corpus.h"

#include <stdlib.h>

#include "policy/bind.h"
#include "policy/schema.h"

/* The rules in order, "a b c", after the texts have been read one over the other. */
static void order_is(const char *const *texts, const char *expected)
{
	_cleanup_(policy_freep) struct policy *policy = policy_default();
	struct policy_errors errors = { .n = 0 };
	struct reader reader = { .policy = policy, .errors = &errors, .file = "test.yaml" };
	char names[1024] = "";
	size_t at = 0;

	for (; *texts; texts++) {
		assert_int_equal(schema_apply(&reader, *texts, strlen(*texts)), 0);
		assert_int_equal(errors.n, 0);
	}
	for (size_t i = 0; i < policy->n_bind; i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", i ? " " : "",
				       policy->bind[i].rule + strlen("bind."));
	assert_string_equal(names, expected);
}

#define BUILT_IN "admin-panel mqtt-tls broker-exposed mqtt-tcp mqtt-loopback"

static void new_items_go_before_the_built_in_ones_in_order(void **state)
{
	static const char *const texts[] = {
		"version: 1\nbind: [{rule: bind.a, port: 1}, {rule: bind.b, port: 1}]\n",
		"version: 1\nbind: [{rule: bind.c, port: 1}]\n",
		NULL,
	};

	(void)state;
	order_is(texts, "a b c " BUILT_IN);
}

static void a_known_rule_is_replaced_where_it_stands(void **state)
{
	static const char *const texts[] = {
		"version: 1\nbind: [{rule: bind.a, port: 1}, {rule: bind.mqtt-tcp, port: 1}]\n",
		"version: 1\nbind: [{rule: bind.b, port: 1}, {rule: bind.a, port: 2}]\n",
		NULL,
	};

	(void)state;
	order_is(texts, "a b " BUILT_IN);
}

/* A built-in one that comes back comes back to its place. */
static void off_removes_built_in_and_own_rules(void **state)
{
	static const char *const texts[] = {
		"version: 1\nbind: [{rule: bind.a, port: 1}, {rule: bind.b, port: 1}]\n",
		"version: 1\nbind: [{rule: bind.a, action: off}, {rule: bind.mqtt-tls, action: off}]\n",
		"version: 1\nbind: [{rule: bind.c, port: 1}, {rule: bind.mqtt-tls, port: 8883}]\n",
		NULL,
	};

	(void)state;
	order_is(texts, "b c " BUILT_IN);
}

static void what_is_unexpected_is_what_no_other_item_names(void **state)
{
	static const char *const texts[] = {
		"version: 1\nbind: [{rule: bind.unexpected, port: any}, {rule: bind.a, port: 1}]\n",
		"version: 1\nbind: [{rule: bind.b, port: 2}, {rule: bind.mqtt-tcp, action: off}]\n",
		"version: 1\nbind: [{rule: bind.mqtt-tcp, port: 9001}]\n",
		NULL,
	};
	static const char *const again[] = {
		"version: 1\nbind: [{rule: bind.unexpected, port: any}]\n",
		"version: 1\nbind: [{rule: bind.unexpected, action: off}, {rule: bind.a, port: 1}]\n",
		NULL,
	};

	(void)state;
	order_is(texts, "a b " BUILT_IN " unexpected");
	order_is(again, "a " BUILT_IN);
}

static void a_replacing_item_keeps_nothing_of_the_old_one(void **state)
{
	_cleanup_(policy_freep) struct policy *policy =
		policy_of("version: 1\nbind: [{rule: bind.mqtt-tcp, port: 9001}]\n");
	const struct bind_rule *item = &policy->bind[3];

	(void)state;
	assert_string_equal(item->rule, "bind.mqtt-tcp");
	assert_int_equal(item->protos, PROTOS_ALL);
	assert_int_equal(item->scopes, SCOPES_ALL);
	assert_int_equal(item->subjects, SUBJECTS_ALL);
	assert_int_equal(item->n_ports, 1);
	assert_int_equal(item->ports[1].first, 0);
	assert_int_equal(item->severity, SEVERITY_CRITICAL);
	assert_int_equal(item->action, ACTION_ALERT);
}

static void an_item_says_what_it_says(void **state)
{
	_cleanup_(policy_freep) struct policy *policy =
		policy_of("version: 1\nbind:\n  - rule: bind.web\n    subject: everest\n"
			  "    port: [443, 80, 8080-8090, 81]\n    proto: udp\n"
			  "    scope: [any, loopback]\n    severity: low\n    action: deny\n");
	const struct bind_rule *item = &policy->bind[0];

	(void)state;
	assert_string_equal(item->rule, "bind.web");
	assert_int_equal(item->subjects, 1u << EVMON_SUBJECT_EVEREST);
	assert_int_equal(item->protos, 1u << EVMON_PROTO_UDP | 1u << EVMON_PROTO_UDPLITE);
	assert_int_equal(item->scopes, 1u << EVMON_SCOPE_ANY | 1u << EVMON_SCOPE_LOOPBACK);
	assert_int_equal(item->n_ports, 3);
	assert_int_equal(item->ports[0].first, 80);
	assert_int_equal(item->ports[0].last, 81);
	assert_int_equal(item->ports[1].first, 443);
	assert_int_equal(item->ports[2].last, 8090);
	assert_int_equal(item->severity, SEVERITY_LOW);
	assert_int_equal(item->action, ACTION_DENY);
}

static void what_is_unsaid_has_its_default(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of(
		"version: 1\nbind: [{rule: bind.unexpected, port: 1}, {rule: bind.web, port: 2-65535},\n"
		"{rule: bind.admin-panel, action: off}, {rule: bind.mqtt-tls, action: off},\n"
		"{rule: bind.broker-exposed, action: off}, {rule: bind.mqtt-tcp, action: off},\n"
		"{rule: bind.mqtt-loopback, action: off}]\n");

	(void)state;
	assert_int_equal(policy->n_bind, 2);
	assert_int_equal(policy->bind[1].severity, rule_get(EVMON_RULE_BIND_UNEXPECTED)->severity);
	assert_int_equal(policy->bind[0].severity, SEVERITY_MEDIUM);
	assert_int_equal(policy->bind[0].ports[0].first, 2);
	assert_int_equal(policy->bind[0].ports[0].last, 65535);
}

static void ports_at_the_edges_are_possible(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of(
		"version: 1\nbind: [{rule: bind.a, port: [65535, 65534, 1]}, {rule: bind.b, port: 1-65535, proto: udp}]\n");

	(void)state;
	assert_int_equal(policy->bind[0].n_ports, 2);
	assert_int_equal(policy->bind[0].ports[1].first, 65534);
	assert_int_equal(policy->bind[0].ports[1].last, 65535);
	assert_int_equal(policy->bind[1].ports[0].last, 65535);
}

static void a_full_list_takes_replacements_and_removals(void **state)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct policy *policy;

	(void)state;
	assert_non_null(f);
	fputs("version: 1\nbind:\n", f);
	for (int i = 0; i < POLICY_BIND_ITEMS - 5; i++)
		fprintf(f, "  - {rule: bind.own-%d, port: %d}\n", i, 100 + i);
	fputs("  - {rule: bind.mqtt-tcp, port: 3}\n  - {rule: bind.mqtt-tls, action: off}\n", f);
	fputs("  - {rule: bind.last-one, port: 2}\n", f);
	assert_int_equal(fclose(f), 0);
	policy = policy_of(text);
	assert_int_equal(policy->n_bind, POLICY_BIND_ITEMS);
	assert_string_equal(policy->bind[POLICY_BIND_ITEMS - 5].rule, "bind.last-one");
	assert_string_equal(policy->bind[POLICY_BIND_ITEMS - 1].rule, "bind.mqtt-loopback");
	policy_free(policy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_items_go_before_the_built_in_ones_in_order),
		cmocka_unit_test(a_known_rule_is_replaced_where_it_stands),
		cmocka_unit_test(off_removes_built_in_and_own_rules),
		cmocka_unit_test(what_is_unexpected_is_what_no_other_item_names),
		cmocka_unit_test(a_replacing_item_keeps_nothing_of_the_old_one),
		cmocka_unit_test(an_item_says_what_it_says),
		cmocka_unit_test(what_is_unsaid_has_its_default),
		cmocka_unit_test(ports_at_the_edges_are_possible),
		cmocka_unit_test(a_full_list_takes_replacements_and_removals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
