/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "evmon/policy_maps.h"
#include "policy/policy.h"

/* Fills groups, cells and items from the policy's bind rules, first match first. -E2BIG: the rules
 * tell more than EVMON_PORT_GROUPS kinds of ports apart. */
int bind_table_fill(struct evmon_policy *table, const struct policy *policy);
