/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Members of JSON objects that evmon wrote, read back with json-c. What is missing, null or of
 * another kind reads as nothing, never as an error: the other side may be another version. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "base/macros.h"

static inline void json_freep(struct json_object **object)
{
	if (*object)
		json_object_put(*object);
}

/* One JSON value in n bytes and nothing behind it; NULL: it is not. The caller owns it. */
struct json_object *json_of(const char *text, size_t n);

/* NULL: no such member, or it is null. Owned by the object, which may be NULL. */
struct json_object *member(struct json_object *object, const char *key);
/* As terminal_text(), into the caller's buffer; false and "" where it is no string. */
bool member_text(struct json_object *object, const char *key, char *text, size_t size);
/* The bytes as they are, NUL-terminated by json-c; NULL: no string. */
const char *member_string(struct json_object *object, const char *key);
uint64_t member_number(struct json_object *object, const char *key);
bool member_is_true(struct json_object *object, const char *key);
