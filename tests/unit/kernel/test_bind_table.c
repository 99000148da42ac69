// SPDX-License-Identifier: Apache-2.0
/* The table of port groups says what the rules say, one after the other. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evmon/policy_maps.h"
#include "evmon/tally.h"

#include "kernel/bind_table.h"
#include "policy/bind_cells.h"
#include "scratch.h"

enum {
	POLICIES = 60,
	RULES_MAX = 24,
	COLUMNS = 16
};

static enum evmon_proto_kind kind_of(unsigned proto)
{
	static const enum evmon_proto_kind kinds[] = {
		[EVMON_PROTO_OTHER] = EVMON_KIND_OTHER, [EVMON_PROTO_TCP] = EVMON_KIND_TCP,
		[EVMON_PROTO_UDP] = EVMON_KIND_UDP,	[EVMON_PROTO_UDPLITE] = EVMON_KIND_UDP,
		[EVMON_PROTO_SCTP] = EVMON_KIND_SCTP,	[EVMON_PROTO_MPTCP] = EVMON_KIND_TCP,
	};

	return kinds[proto];
}

/* The first rule that matches, as the policy reads; -1: none, or it allows. */
static int decide(const struct policy *policy, unsigned port, unsigned subject, unsigned proto,
		  unsigned scope)
{
	for (size_t i = 0; i < policy->n_bind; i++) {
		const struct bind_rule *r = &policy->bind[i];

		if (!(r->subjects >> subject & 1) || !(r->protos >> proto & 1) ||
		    !(r->scopes >> scope & 1))
			continue;
		for (size_t k = 0; k < r->n_ports; k++)
			if (port >= r->ports[k].first && port <= r->ports[k].last)
				return r->action == ACTION_ALLOW ? -1 : (int)i;
	}
	return -1;
}

/* As the hooks read it. */
static int look_up(const struct evmon_policy *table, unsigned port, unsigned subject,
		   unsigned proto, unsigned scope)
{
	unsigned cell = evmon_bind_cell(subject, kind_of(proto), scope);

	return table->cell[(table->group[port] & ~EVMON_PORT_NAMED) * (unsigned)EVMON_BIND_CELLS +
			   cell] -
	       1;
}

/* As `policy diff` and the search for rules that never match read it. */
static int by_cells(const struct bind_decisions *decisions, const struct policy *policy,
		    unsigned subject, unsigned proto, unsigned scope)
{
	uint64_t cell = 1ull << bind_cell(subject, proto, scope);
	int item = -1;

	for (size_t i = 0; i < decisions->n; i++)
		if (decisions->at[i].cells & cell)
			item = (int)decisions->at[i].item;
	assert_int_equal(item == -1, !!(decisions->rest & cell));
	return item >= 0 && policy->bind[item].action == ACTION_ALLOW ? -1 : item;
}

static void compare_port(const struct policy *policy, const struct evmon_policy *table,
			 unsigned port)
{
	struct bind_decisions decisions;

	bind_decide(policy, port, &decisions);
	for (unsigned i = 0; i < EVMON_SUBJECT_MAX * EVMON_PROTO_MAX * EVMON_SCOPE_MAX; i++) {
		unsigned subject = i % EVMON_SUBJECT_MAX, rest = i / EVMON_SUBJECT_MAX;
		unsigned proto = rest % EVMON_PROTO_MAX, scope = rest / EVMON_PROTO_MAX;

		if (look_up(table, port, subject, proto, scope) !=
			    decide(policy, port, subject, proto, scope) ||
		    by_cells(&decisions, policy, subject, proto, scope) !=
			    decide(policy, port, subject, proto, scope))
			fail_msg("port %u, subject %u, proto %u, scope %u", port, subject, proto,
				 scope);
	}
}

static unsigned one_of(uint64_t *seed, const unsigned *choices, size_t n)
{
	return choices[scratch_random(seed) % n];
}

static uint16_t random_port(uint64_t *seed)
{
	static const unsigned corners[] = { 1, 2, 1883, 8849, 32767, 32768, 65534, 65535 };

	if (scratch_random(seed) % 2)
		return (uint16_t)one_of(seed, corners, 8);
	return (uint16_t)(scratch_random(seed) % 65535 + 1);
}

static void random_rule(uint64_t *seed, struct bind_rule *rule)
{
	/* A policy names kinds, never half of one. */
	static const unsigned protos[] = { 1u << EVMON_PROTO_TCP | 1u << EVMON_PROTO_MPTCP,
					   1u << EVMON_PROTO_UDP | 1u << EVMON_PROTO_UDPLITE,
					   1u << EVMON_PROTO_SCTP, ~0u };

	*rule = (struct bind_rule){ .rule = "bind.vendor" };
	rule->subjects = scratch_random(seed) % 7 + 1;
	rule->scopes = scratch_random(seed) % 7 + 1;
	rule->protos = one_of(seed, protos, 4);
	rule->action = (enum policy_action)(scratch_random(seed) % 3);
	rule->n_ports = scratch_random(seed) % 4 + 1;
	for (size_t i = 0; i < rule->n_ports; i++) {
		uint16_t a = random_port(seed), b = random_port(seed);

		rule->ports[i].first = scratch_random(seed) % 2 ? a : MIN(a, b);
		rule->ports[i].last = MAX(rule->ports[i].first, b);
	}
}

static void the_table_decides_as_the_rules_do(void **state)
{
	struct policy *policy = calloc(1, sizeof(*policy));
	struct evmon_policy *table = calloc(1, sizeof(*table));
	uint64_t seed = 42;

	(void)state;
	assert_true(policy && table);
	for (int i = 0; i < POLICIES; i++) {
		memset(table, 0, sizeof(*table));
		policy->n_bind = scratch_random(&seed) % RULES_MAX;
		for (size_t k = 0; k < policy->n_bind; k++)
			random_rule(&seed, &policy->bind[k]);
		assert_int_equal(bind_table_fill(table, policy), 0);
		for (size_t k = 0; k < policy->n_bind; k++)
			for (size_t p = 0; p < policy->bind[k].n_ports; p++) {
				const struct port_range *range = &policy->bind[k].ports[p];

				compare_port(policy, table, range->first);
				compare_port(policy, table, range->last);
				compare_port(policy, table, range->first - 1u);
				compare_port(policy, table, (range->last + 1u) % 65536);
			}
		for (int k = 0; k < 200; k++)
			compare_port(policy, table, scratch_random(&seed) % 65536);
	}
	free(policy);
	free(table);
}

static void every_port_of_the_page_is_right(void **state)
{
	struct evmon_policy *table = calloc(1, sizeof(*table));
	struct policy *policy = NULL;

	(void)state;
	assert_non_null(table);
	assert_int_equal(policy_new_default(&policy), 0);
	assert_int_equal(bind_table_fill(table, policy), 0);
	for (unsigned port = 0; port < 65536; port++)
		compare_port(policy, table, port);
	for (size_t i = 0; i < policy->n_bind; i++) {
		assert_int_equal(table->item[i].rule, rule_from_name(policy->bind[i].rule));
		assert_int_equal(table->item[i].action, EVMON_ACTION_ALERT);
	}
	policy_free(policy);
	free(table);
}

/* What is not for all ports names its own, whatever it decides. */
static void only_a_rule_for_all_ports_names_none(void **state)
{
	_cleanup_(freep) struct evmon_policy *table = calloc(1, sizeof(*table));
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	assert_non_null(table);
	assert_int_equal(policy_new_default(&policy), 0);
	assert_int_equal(bind_table_fill(table, policy), 0);
	for (unsigned port = 0; port < 65536; port++)
		assert_int_equal(!!(table->group[port] & EVMON_PORT_NAMED),
				 port == 8849 || port == 8883 || port == 1883 || port == 9001);
}

static void a_vendors_rule_has_its_index_for_a_number(void **state)
{
	static const struct {
		enum policy_action action;
		unsigned in_kernel;
	} actions[] = { { ACTION_ALLOW, EVMON_ACTION_ALLOW },
			{ ACTION_ALERT, EVMON_ACTION_ALERT },
			{ ACTION_DENY, EVMON_ACTION_DENY } };
	struct evmon_policy *table = calloc(1, sizeof(*table));
	struct policy *policy = calloc(1, sizeof(*policy));

	(void)state;
	assert_true(policy && table);
	policy->n_bind = 3;
	for (size_t i = 0; i < 3; i++) {
		snprintf(policy->bind[i].rule, sizeof(policy->bind[i].rule), "bind.mine-%zu", i);
		policy->bind[i].action = actions[i].action;
	}
	snprintf(policy->bind[1].rule, sizeof(policy->bind[1].rule), "bind.mqtt-tcp");
	assert_int_equal(bind_table_fill(table, policy), 0);
	assert_int_equal(table->item[0].rule, EVMON_RULE_VENDOR);
	assert_int_equal(table->item[1].rule, EVMON_RULE_BIND_MQTT_TCP);
	assert_int_equal(table->item[2].rule, EVMON_RULE_VENDOR + 2);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(table->item[i].action, actions[i].in_kernel);
	free(policy);
	free(table);
}

/* Each rule has single ports of its own, so that each port decides like no other. */
static void rules_spread(struct policy *policy, size_t groups)
{
	size_t n = 0;

	policy->n_bind = 0;
	while (n < groups) {
		struct bind_rule *rule = &policy->bind[policy->n_bind++];

		*rule = (struct bind_rule){ .protos = ~0u, .scopes = 7, .action = ACTION_ALERT };
		rule->subjects = 1;
		for (; n < groups && rule->n_ports < POLICY_PORT_RANGES; n++) {
			uint16_t port = (uint16_t)(2 * n + 1);

			rule->ports[rule->n_ports++] = (struct port_range){ port, port };
		}
	}
}

/* A grid of ports: for one subject a rule for each row, for another one for each column, so that
 * each port is a group of its own, and all other ports are one more. */
static void grid_rules(struct policy *policy, unsigned rows)
{
	policy->n_bind = 0;
	for (unsigned row = 0; row < rows; row++) {
		struct bind_rule *rule = &policy->bind[policy->n_bind++];

		*rule = (struct bind_rule){ .protos = ~0u, .scopes = 7, .action = ACTION_ALERT };
		rule->subjects = 1u << EVMON_SUBJECT_HOST;
		rule->ports[rule->n_ports++] =
			(struct port_range){ (uint16_t)(1000 + row * COLUMNS),
					     (uint16_t)(1000 + row * COLUMNS + 15) };
	}
	for (unsigned i = 0; i < 2 * COLUMNS; i++) {
		struct bind_rule *rule = &policy->bind[policy->n_bind++];

		*rule = (struct bind_rule){ .protos = ~0u, .scopes = 7, .action = ACTION_ALERT };
		rule->subjects = 1u << EVMON_SUBJECT_EVEREST;
		for (unsigned row = i / COLUMNS * 16; row < rows && rule->n_ports < 16; row++) {
			uint16_t port = (uint16_t)(1000 + row * COLUMNS + i % COLUMNS);

			rule->ports[rule->n_ports++] = (struct port_range){ port, port };
		}
	}
}

static void too_many_kinds_of_ports_are_refused(void **state)
{
	struct evmon_policy *table = calloc(1, sizeof(*table));
	struct policy *policy = calloc(1, sizeof(*policy));

	(void)state;
	assert_true(policy && table);
	grid_rules(policy, EVMON_PORT_GROUPS / COLUMNS - 1);
	assert_int_equal(bind_table_fill(table, policy), 0);
	for (unsigned port = 990; port < 1600; port++)
		compare_port(policy, table, port);
	memset(table, 0, sizeof(*table));
	grid_rules(policy, EVMON_PORT_GROUPS / COLUMNS);
	assert_int_equal(bind_table_fill(table, policy), -E2BIG);
	free(policy);
	free(table);
}

static void a_full_policy_fits(void **state)
{
	struct evmon_policy *table = calloc(1, sizeof(*table));
	struct policy *policy = calloc(1, sizeof(*policy));

	(void)state;
	assert_true(policy && table);
	rules_spread(policy, (size_t)POLICY_BIND_ITEMS * POLICY_PORT_RANGES);
	assert_int_equal(policy->n_bind, POLICY_BIND_ITEMS);
	assert_int_equal(bind_table_fill(table, policy), 0);
	for (unsigned port = 0; port < 2u * POLICY_BIND_ITEMS * POLICY_PORT_RANGES + 2; port++)
		compare_port(policy, table, port);
	free(policy);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_decides_as_the_rules_do),
		cmocka_unit_test(every_port_of_the_page_is_right),
		cmocka_unit_test(only_a_rule_for_all_ports_names_none),
		cmocka_unit_test(a_vendors_rule_has_its_index_for_a_number),
		cmocka_unit_test(too_many_kinds_of_ports_are_refused),
		cmocka_unit_test(a_full_policy_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
