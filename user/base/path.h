/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The path out of n bytes of components, each with its NUL, the file's own name first. truncated:
 * leading directories are missing, and so is the slash in front. `to` has room for n + 1 bytes.
 * -EBADMSG: these are no such components. */
int path_of_components(const char *components, size_t n, bool truncated, char *to);
