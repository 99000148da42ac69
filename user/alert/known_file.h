/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The path of a file that the kernel knows by device and inode alone. */
#include <stdbool.h>

#include "policy/policy.h"
#include "process/process.h"

/* Among those that the policy names, and the module's own; module NULL: none. False: it is none of
 * them, and path stays as it was. */
bool known_file(const struct policy *policy, const char *module, uint32_t dev, uint64_t ino,
		char path[PROCESS_PATH_MAX]);
