/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share besides policy.h; tests and fuzzers come in here. */
#include <stddef.h>

#include "policy/policy.h"

/* Sets the hash from everything else in the policy. -ENOMEM. */
int policy_hash_update(struct policy *policy);
/* The place of a built-in bind item among those; -EINVAL for other rules. */
int policy_bind_rank(const char *rule);
/* NULL: the policy has no such rule. */
const struct bind_rule *bind_find(const struct policy *policy, const char *rule);
/* As policy_load_default(NULL) with another directory in place of /etc/evmon. */
int policy_load_directory(const char *directory, struct policy **ret_policy,
			  struct policy_errors *errors);
/* As policy_load() for one file whose bytes are at hand. */
int policy_load_bytes(const char *file, const char *data, size_t size, struct policy **ret_policy,
		      struct policy_errors *errors);
