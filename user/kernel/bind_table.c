// SPDX-License-Identifier: Apache-2.0
/*
 * Bind rules as a table: every port belongs to a group, and a group is one decision per subject,
 * protocol kind and scope. Ports between two boundaries of the rules' ranges decide alike, so the
 * work is done once per stretch; stretches that decide alike share a group. A bind then costs two
 * array reads, for one rule as for a hundred.
 */
#include "kernel/bind_table.h"

#include <errno.h>
#include <string.h>

#include "evmon/tally.h"
#include "policy/rule_numbers.h"

/* Protocols of a kind are never told apart by a rule: one stands for all. */
static unsigned proto_of(enum evmon_proto_kind kind)
{
	static const unsigned protos[] = {
		[EVMON_KIND_TCP] = EVMON_PROTO_TCP,
		[EVMON_KIND_UDP] = EVMON_PROTO_UDP,
		[EVMON_KIND_SCTP] = EVMON_PROTO_SCTP,
		[EVMON_KIND_OTHER] = EVMON_PROTO_OTHER,
	};

	return protos[kind];
}

/* Item + 1 of the first rule that matches, 0 where none does or it allows. */
static uint8_t decide(const struct policy *policy, unsigned port, unsigned subject, unsigned kind,
		      unsigned scope)
{
	const struct evmon_bind_object object = { .port = (uint16_t)port,
						  .proto = (uint8_t)proto_of(kind),
						  .scope = (uint8_t)scope };
	const struct bind_rule *rule = policy_bind_rule(policy, subject, &object);

	return !rule || rule->action == ACTION_ALLOW ? 0 : (uint8_t)(rule - policy->bind + 1);
}

static void cells_fill(const struct policy *policy, unsigned port, uint8_t cells[EVMON_BIND_CELLS])
{
	memset(cells, 0, EVMON_BIND_CELLS);
	for (unsigned subject = 0; subject < EVMON_SUBJECT_MAX; subject++)
		for (unsigned kind = EVMON_KIND_TCP; kind <= EVMON_KIND_OTHER; kind++)
			for (unsigned scope = 0; scope < EVMON_SCOPE_MAX; scope++)
				cells[evmon_bind_cell(subject, kind, scope)] =
					decide(policy, port, subject, kind, scope);
}

static int group_of(struct evmon_policy *table, size_t *n_groups,
		    const uint8_t cells[EVMON_BIND_CELLS])
{
	for (size_t i = 0; i < *n_groups; i++)
		if (!memcmp(table->cell + i * EVMON_BIND_CELLS, cells, EVMON_BIND_CELLS))
			return (int)i;
	if (*n_groups == EVMON_PORT_GROUPS)
		return -E2BIG;
	memcpy(table->cell + *n_groups * EVMON_BIND_CELLS, cells, EVMON_BIND_CELLS);
	return (int)(*n_groups)++;
}

static void items_fill(struct evmon_policy *table, const struct policy *policy)
{
	static const uint8_t actions[] = {
		[ACTION_ALLOW] = EVMON_ACTION_ALLOW,
		[ACTION_ALERT] = EVMON_ACTION_ALERT,
		[ACTION_DENY] = EVMON_ACTION_DENY,
	};

	for (size_t i = 0; i < policy->n_bind && i < EVMON_BIND_ITEMS; i++) {
		table->item[i].rule = (uint16_t)rule_number(policy, i);
		table->item[i].action = actions[policy->bind[i].action];
	}
}

/* Ports that an item names which is not for all of them: an automatic binding, which nobody chose
 * and which no listener is, is judged on these alone. */
static void named_fill(struct evmon_policy *table, const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_bind; i++) {
		const struct bind_rule *rule = &policy->bind[i];

		for (size_t k = 0; k < rule->n_ports; k++) {
			unsigned first = rule->ports[k].first, last = rule->ports[k].last;

			for (unsigned port = first; port <= last && last - first < 65534; port++)
				table->group[port] |= EVMON_PORT_NAMED;
		}
	}
}

int bind_table_fill(struct evmon_policy *table, const struct policy *policy)
{
	uint8_t boundary[65536 / 8] = { 0 };
	size_t n_groups = 0;
	int group = 0;

	for (size_t i = 0; i < policy->n_bind; i++) {
		const struct bind_rule *rule = &policy->bind[i];

		for (size_t k = 0; k < rule->n_ports; k++) {
			unsigned first = rule->ports[k].first, after = rule->ports[k].last + 1U;

			boundary[first / 8] |= (uint8_t)(1U << (first % 8));
			if (after < 65536)
				boundary[after / 8] |= (uint8_t)(1U << (after % 8));
		}
	}
	for (unsigned port = 0; port < 65536; port++) {
		if (port == 0 || boundary[port / 8] >> (port % 8) & 1) {
			uint8_t cells[EVMON_BIND_CELLS];

			cells_fill(policy, port, cells);
			group = group_of(table, &n_groups, cells);
			if (group < 0)
				return group;
		}
		table->group[port] = (uint16_t)group;
	}
	named_fill(table, policy);
	items_fill(table, policy);
	return 0;
}
