// SPDX-License-Identifier: Apache-2.0
/*
 * Paths as the manager makes them out of its command line (EVerest main @ aa8113f90, runtime.cpp:
 * init_config_file; config.cpp: apply_user_config_and_defaults). A prefix of /usr has its etc in
 * the root; any other prefix has its own. A word that names a file is that file, whatever it ends
 * with; only then it is taken for the short form.
 */
#include "policy/everest_path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macros.h"

static int _printf_(2, 3) path_set(char path[PATH_MAX], const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int everest_etc_path(const char *prefix, const char *name, char ret_path[PATH_MAX])
{
	size_t n = prefix ? strlen(prefix) : 0;

	while (n > 1 && prefix[n - 1] == '/')
		n--;
	if (!prefix || (n == strlen(EVEREST_PREFIX) && !memcmp(prefix, EVEREST_PREFIX, n)))
		n = 0;
	return path_set(ret_path, "%.*s/etc/everest/%s", n == 1 && *prefix == '/' ? 0 : (int)n,
			n ? prefix : "", name);
}

int everest_config_path(const char *word, const char *prefix, char ret_path[PATH_MAX])
{
	char name[NAME_MAX + 1];
	struct stat st;
	int n;

	if (!word)
		return everest_etc_path(prefix, "default.yaml", ret_path);
	if (stat(word, &st) == 0 && S_ISREG(st.st_mode))
		return path_set(ret_path, "%s", word);
	n = snprintf(name, sizeof(name), "%s.yaml", word);
	if (n < 0 || (size_t)n >= sizeof(name) || strchr(word, '/'))
		return path_set(ret_path, "%s", word);
	return everest_etc_path(prefix, name, ret_path);
}

int everest_user_config_path(const char *path, char ret_path[PATH_MAX])
{
	_cleanup_(freep) char *real = NULL;
	const char *slash;
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode)) {
		real = realpath(path, NULL);
		if (!real)
			return -errno;
		path = real;
	}
	slash = strrchr(path, '/');
	if (!slash)
		return path_set(ret_path, "user-config/%s", path);
	return path_set(ret_path, "%.*s/user-config/%s", (int)(slash - path), path, slash + 1);
}
