/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <limits.h>

#include "spawn.h"
#include "tree.h"

enum {
	SCRIPT_VARIABLES = 9
};

/* A module in JavaScript or Python: what is executed, with which arguments and environment. */
struct script {
	char path[PATH_MAX]; /* canonical */
	char interpreter[PATH_MAX];
	const char *argv[4];
	struct spawn_variable variables[SCRIPT_VARIABLES + 1];
	char port[16];
};

/* -ENOENT: the module is no script. The pointers in ret_script are into it, tree and module. */
int script_find(const struct tree *tree, const struct config_module *module,
		struct script *ret_script);
/* What an interpreter has been told to run: the name of the script's directory, which is the
 * module's; NULL: nothing. */
const char *script_module(char *const *argv);
