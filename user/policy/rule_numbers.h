/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The vendor's own bind rules as numbers. Tallies and records go by number and outlive a policy, so
 * that a name, once it has a number, keeps it, and no other name gets it, for as long as the table
 * lives.
 */
#include <stdbool.h>

#include "policy/policy.h"

struct rule_numbers {
	char names[EVMON_RULES - EVMON_RULE_VENDOR][POLICY_NAME_MAX];
	size_t n;
};

/* Numbers the policy's rules, new names behind those known. -ENOSPC: more names than numbers; the
 * table is then as before. */
int rule_numbers_assign(struct rule_numbers *numbers, struct policy *policy);
/* Of the policy's item at this place: of the closed list, as assigned, or by its place. */
unsigned rule_number(const struct policy *policy, size_t place);
/* Some item of the policy has this number. */
bool rule_is_numbered(const struct policy *policy, unsigned number);
