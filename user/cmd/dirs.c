// SPDX-License-Identifier: Apache-2.0
/*
 * systemd hands directories to a unit in the environment, several of them with colons between; the
 * first is the one that the unit file names first. A path that is too long to be one is as good as
 * none: opening it would fail with less to say.
 */
#include "cmd/dirs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void dir_get(const char *variable, const char *usual, char path[PATH_MAX])
{
	const char *value = getenv(variable);
	size_t n = value ? strcspn(value, ":") : 0;

	if (n == 0 || n >= PATH_MAX)
		snprintf(path, PATH_MAX, "%s", usual);
	else
		snprintf(path, PATH_MAX, "%.*s", (int)n, value);
}

void dirs_state(char path[PATH_MAX])
{
	dir_get("STATE_DIRECTORY", "/var/lib/evmon", path);
}

void dirs_run(char path[PATH_MAX])
{
	dir_get("RUNTIME_DIRECTORY", "/run/evmon", path);
}
