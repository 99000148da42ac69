/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "policy/policy.h"

/* policy_load_default(), with every mistake told to the operator: file:line:column: what. */
int policy_read(const char *path, struct policy **ret_policy);
