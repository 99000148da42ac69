// SPDX-License-Identifier: Apache-2.0
/*
 * The room policy/ writes mistakes down and prints nothing; verbs that need a policy to go on say
 * them here, in the words of a compiler, so that an editor can jump to the place.
 */
#include "cmd/policy_read.h"

#include "base/log.h"

int policy_read(const char *path, struct policy **ret_policy)
{
	struct policy_errors errors = { .n = 0 };
	int err = policy_load_default(path, ret_policy, &errors);

	for (size_t i = 0; err < 0 && i < errors.n; i++)
		log_err("%s:%u:%u: %s", errors.at[i].file, errors.at[i].line, errors.at[i].column,
			errors.at[i].text);
	if (err < 0 && errors.more)
		log_err("and %zu more", errors.more);
	return err;
}
