// SPDX-License-Identifier: Apache-2.0
/*
 * A module's own configuration (config_module): read from EVEREST_SIM_KEYS, lines "id.name=value"
 * for all modules, since the environment is inherited unchanged by all. A module that was started
 * without the manager has none and lives by its defaults.
 */

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "keys.h"
#include "text.h"

int keys_string(const char *id, const char *name, size_t size, char *ret)
{
	const char *line = getenv("EVEREST_SIM_KEYS");
	char wanted[256];
	int n;

	n = snprintf(wanted, sizeof(wanted), "%s.%s=", id, name);
	if (n < 0 || (size_t)n >= sizeof(wanted))
		return -ENAMETOOLONG;
	for (; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t length;

		if (strncmp(line, wanted, (size_t)n) != 0)
			continue;
		length = strcspn(line + n, "\n");
		if (length >= size)
			return -ENAMETOOLONG;
		memcpy(ret, line + n, length);
		ret[length] = '\0';
		return 0;
	}
	return -ENOENT;
}

unsigned int keys_uint(const char *id, const char *name, unsigned int max, unsigned int otherwise)
{
	unsigned int value;
	char text[16];

	if (keys_string(id, name, sizeof(text), text) < 0 || text_uint(text, max, &value) < 0)
		return otherwise;
	return value;
}
