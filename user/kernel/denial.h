/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which denying roles a policy wants; kernel.h has what is done about it when it changes. */
#include <stdbool.h>

#include "kernel/coverage.h"
#include "policy/policy.h"

/* False for a role that denies nothing. */
bool denial_wanted(enum coverage_role role, const struct policy *policy);
