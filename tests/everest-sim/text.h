/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* A decimal number from 0 to max and nothing else in s: 0, or -EINVAL. */
int text_uint(const char *s, unsigned int max, unsigned int *ret);

/* An error's name, "EPERM"; "E?" where there is none. */
const char *text_errno(int err);

/* The first file of that name in PATH that may be executed: 0, -ENOENT, or -ENAMETOOLONG. */
int text_find_program(const char *name, size_t size, char *ret_path);

/* Where the running program's tree stands: the folder `up` levels above /proc/self/exe's folder. */
int text_prefix(unsigned int up, size_t size, char *ret_path);
