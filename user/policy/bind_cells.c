// SPDX-License-Identifier: Apache-2.0
/*
 * First match decides, worked out for whole sets at once: each item takes what is left of its
 * cells. This is the meaning of `bind:`; what the kernel's table says is made from the same items
 * (kernel/bind_table.c), and a test compares the two.
 */
#include "policy/bind_cells.h"

#include <string.h>

uint64_t bind_item_cells(const struct bind_rule *item)
{
	uint64_t cells = 0;

	for (unsigned subject = 0; subject < EVMON_SUBJECT_MAX; subject++)
		for (unsigned proto = 0; proto < EVMON_PROTO_MAX; proto++)
			for (unsigned scope = 0; scope < EVMON_SCOPE_MAX; scope++)
				if (item->subjects >> subject & item->protos >> proto &
				    item->scopes >> scope & 1)
					cells |= 1ull << bind_cell(subject, proto, scope);
	return cells;
}

bool bind_item_has_port(const struct bind_rule *item, unsigned port)
{
	for (size_t i = 0; i < item->n_ports; i++)
		if (port >= item->ports[i].first && port <= item->ports[i].last)
			return true;
	return false;
}

static void mark(struct port_marks *marks, unsigned port)
{
	if (port < 65536)
		marks->bits[port / 8] |= (uint8_t)(1u << port % 8);
}

void port_marks_add(struct port_marks *marks, const struct policy *policy)
{
	for (size_t i = 0; i < policy->n_bind; i++) {
		const struct bind_rule *item = &policy->bind[i];

		for (size_t k = 0; k < item->n_ports; k++) {
			mark(marks, item->ports[k].first);
			mark(marks, item->ports[k].last + 1u);
		}
	}
}

unsigned port_marks_next(const struct port_marks *marks, unsigned port)
{
	for (port++; port < 65536; port++) {
		if (marks->bits[port / 8] >> port % 8 & 1)
			break;
		if (!marks->bits[port / 8])
			port |= 7;
	}
	return MIN(port, 65536u);
}

void bind_decide(const struct policy *policy, unsigned port, struct bind_decisions *ret)
{
	ret->n = 0;
	ret->rest = BIND_CELLS_ALL;
	for (size_t i = 0; i < policy->n_bind && ret->rest; i++) {
		uint64_t cells;

		if (!bind_item_has_port(&policy->bind[i], port))
			continue;
		cells = bind_item_cells(&policy->bind[i]) & ret->rest;
		if (!cells)
			continue;
		ret->rest &= ~cells;
		ret->at[ret->n++] = (struct bind_decision){ i, cells };
	}
}
