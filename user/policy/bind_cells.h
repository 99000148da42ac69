/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What bind items decide, cell by cell: a cell is a subject, a protocol and a scope, and a set of
 * cells is a bit mask. Between two boundaries of the items' ranges all ports decide alike.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

enum {
	BIND_CELLS = EVMON_SUBJECT_MAX * EVMON_PROTO_MAX * EVMON_SCOPE_MAX
};

_Static_assert(BIND_CELLS <= 64, "a set of cells is a uint64_t");

#define BIND_CELLS_ALL (BIND_CELLS == 64 ? UINT64_MAX : (1ull << BIND_CELLS % 64) - 1)

static inline unsigned bind_cell(unsigned subject, unsigned proto, unsigned scope)
{
	return (subject * EVMON_PROTO_MAX + proto) * EVMON_SCOPE_MAX + scope;
}

/* The cells that an item is about, on its ports. */
uint64_t bind_item_cells(const struct bind_rule *item);
bool bind_item_has_port(const struct bind_rule *item, unsigned port);

/* Ports where a new stretch begins; port 1 always does. */
struct port_marks {
	uint8_t bits[65536 / 8];
};

void port_marks_add(struct port_marks *marks, const struct policy *policy);
/* The first port of the next stretch after `port`; 65536 at the end. */
unsigned port_marks_next(const struct port_marks *marks, unsigned port);

/* Which item decides what on one port: sets that share no cell, in the items' order. Items that
 * decide nothing are left out. */
struct bind_decision {
	size_t item;
	uint64_t cells;
};

struct bind_decisions {
	struct bind_decision at[BIND_CELLS];
	size_t n;
	uint64_t rest; /* decided by none */
};

void bind_decide(const struct policy *policy, unsigned port, struct bind_decisions *ret);
