/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Coverage as JSON: in status.json, and `evmon coverage --json`. */
#include <stddef.h>

#include "kernel/coverage.h"

struct json; /* base/json.h, whose names json-c's headers do not bear in one file */

/* The member "coverage": an array with an object for each role. */
void coverage_write_json(struct json *json, const struct coverage *coverage);
/* The whole object of `evmon coverage --json`. The length, or -ENOSPC. */
int coverage_format(const struct coverage *coverage, char *buffer, size_t size);
/* The same of `evmon coverage --kernel-config`: what was read and not tried. `file`: where. */
int coverage_format_read(const struct coverage *coverage, const char *file, char *buffer,
			 size_t size);
