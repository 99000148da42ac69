/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The list `bind:` of a policy file: what an item says. */
#include "policy/fields.h"

enum {
	PROTOS_TCP = 1u << EVMON_PROTO_TCP | 1u << EVMON_PROTO_MPTCP,
	PROTOS_UDP = 1u << EVMON_PROTO_UDP | 1u << EVMON_PROTO_UDPLITE,
	PROTOS_SCTP = 1u << EVMON_PROTO_SCTP,
	PROTOS_ALL = (1u << EVMON_PROTO_MAX) - 1,
	SCOPES_ALL = (1u << EVMON_SCOPE_MAX) - 1,
	SUBJECTS_ALL = (1u << EVMON_SUBJECT_MAX) - 1,
};

#define BIND_ORIGIN "bind:"

extern const struct field_type bind_type;
/* The keys of an item. */
extern const struct field bind_fields[];

/* An item as a YAML mapping on one line. */
void bind_put(FILE *out, const struct bind_rule *item);
/* A vendor's own rule: such a name, neither known nor so like a known one that it may be a slip. */
bool bind_is_vendor_rule(const char *name);
/* Names that `bind:` knows, NULL-terminated. */
void bind_known_rules(const char *names[EVMON_RULE_CLOSED + 1]);
