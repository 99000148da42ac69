// SPDX-License-Identifier: Apache-2.0
/*
 * A tally holds a file's numbers and no path, and the process may be gone. Of the files that matter
 * most the policy has the paths, or the way to them: the manager, the broker, what may be root, and
 * a module's executable, <modules_dir>/<Name>/<Name>. A path is taken only if that very file lies
 * there now; after an update, in another mount namespace, on an overlay, it is left unknown.
 */
#include "alert/known_file.h"

#include <stdio.h>
#include <string.h>

static bool take(const char *candidate, uint32_t dev, uint64_t ino, char path[PROCESS_PATH_MAX])
{
	size_t n = strlen(candidate);

	if (!n || n >= PROCESS_PATH_MAX || !process_file_is(candidate, dev, ino))
		return false;
	memcpy(path, candidate, n + 1);
	return true;
}

static bool take_module(const struct policy *policy, const char *module, uint32_t dev, uint64_t ino,
			char path[PROCESS_PATH_MAX])
{
	char candidate[PROCESS_PATH_MAX];
	int n = snprintf(candidate, sizeof(candidate), "%s/%s/%s", policy->modules_dir, module,
			 module);

	return n > 0 && (size_t)n < sizeof(candidate) && take(candidate, dev, ino, path);
}

bool known_file(const struct policy *policy, const char *module, uint32_t dev, uint64_t ino,
		char path[PROCESS_PATH_MAX])
{
	if (!ino)
		return false;
	if (module && take_module(policy, module, dev, ino, path))
		return true;
	for (char **allowed = policy->root_allow; allowed && *allowed; allowed++)
		if (take(*allowed, dev, ino, path))
			return true;
	return take(policy->manager, dev, ino, path) || take(policy->broker_exe, dev, ino, path);
}
