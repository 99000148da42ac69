/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* A value of this module's own configuration, from the environment that the manager made: copied to
 * ret: 0, -ENOENT where it is not set, -ENAMETOOLONG. */
int keys_string(const char *id, const char *name, size_t size, char *ret);

/* The same as a number, `otherwise` where it is not set or no number up to max. */
unsigned int keys_uint(const char *id, const char *name, unsigned int max, unsigned int otherwise);
