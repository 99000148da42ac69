// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel side walks an executable's path from the file to the root and writes the components in
 * that order; where the walk ended early the path is left without its leading slash, so that a
 * truncated "usr/bin/manager" never compares equal to an absolute path.
 */
#include "base/path.h"

#include <errno.h>
#include <string.h>

int path_of_components(const char *components, size_t n, bool truncated, char *to)
{
	char *at = to;

	if (n && components[n - 1])
		return -EBADMSG;
	while (n) {
		size_t start = n - 1, length;

		while (start && components[start - 1])
			start--;
		length = n - 1 - start;
		if (!length || memchr(components + start, '/', length))
			return -EBADMSG;
		if (at != to || !truncated)
			*at++ = '/';
		memcpy(at, components + start, length);
		at += length;
		n = start;
	}
	*at = '\0';
	return 0;
}
