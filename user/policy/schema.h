/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Version 1 of the format, as tables. */
#include "policy/fields.h"

/* The outermost keys. */
extern const struct field policy_fields[];

/* The format as JSON Schema (2020-12), on one line. The length, or -ENOSPC. */
int policy_json_schema(char *buffer, size_t size);

/* Puts what one file says over what the reader's policy holds. 0, also where the errors have
 * grown: whoever ends the reading looks there; or -ENOMEM. */
int schema_apply(struct reader *reader, const char *data, size_t size);
