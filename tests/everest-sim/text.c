// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers, names of errors and paths, for all programs of the stand-in tree.
 * Numbers are taken whole or not at all: a port "80x" is a mistake in a test, and a test must not
 * pass by mistake. Where a program stands is read from /proc/self/exe, because argv[0] of EVerest's
 * modules is not a path.
 */

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

int text_uint(const char *s, unsigned int max, unsigned int *ret)
{
	unsigned long value;
	char *end;

	if (s[0] < '0' || s[0] > '9')
		return -EINVAL;
	errno = 0;
	value = strtoul(s, &end, 10);
	if (errno || *end || value > max)
		return -EINVAL;
	*ret = (unsigned int)value;
	return 0;
}

const char *text_errno(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "E?";
}

int text_find_program(const char *name, size_t size, char *ret_path)
{
	const char *path = getenv("PATH");

	for (path = path ? path : "/usr/sbin:/usr/bin:/sbin:/bin"; *path;) {
		size_t n = strcspn(path, ":");
		int written = snprintf(ret_path, size, "%.*s/%s", (int)n, path, name);

		if (written < 0 || (size_t)written >= size)
			return -ENAMETOOLONG;
		if (n && access(ret_path, X_OK) == 0)
			return 0;
		path += n + (path[n] == ':');
	}
	return -ENOENT;
}

int text_prefix(unsigned int up, size_t size, char *ret_path)
{
	ssize_t n = readlink("/proc/self/exe", ret_path, size - 1);

	if (n < 0)
		return -errno;
	ret_path[n] = '\0';
	for (unsigned int i = 0; i <= up; i++) {
		char *slash = strrchr(ret_path, '/');

		if (!slash)
			return -ENOENT;
		*slash = '\0';
	}
	return 0;
}
