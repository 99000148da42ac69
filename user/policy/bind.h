/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The list `bind:` of a policy file, and how it merges into what stands before it. */
#include "policy/fields.h"

enum {
	PROTOS_TCP = 1u << EVMON_PROTO_TCP | 1u << EVMON_PROTO_MPTCP,
	PROTOS_UDP = 1u << EVMON_PROTO_UDP | 1u << EVMON_PROTO_UDPLITE,
	PROTOS_SCTP = 1u << EVMON_PROTO_SCTP,
	PROTOS_ALL = (1u << EVMON_PROTO_MAX) - 1,
	SCOPES_ALL = (1u << EVMON_SCOPE_MAX) - 1,
	SUBJECTS_ALL = (1u << EVMON_SUBJECT_MAX) - 1,
};

int read_bind(struct reader *reader, const struct field *field, const struct node *value,
	      void *base);
