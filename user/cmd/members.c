// SPDX-License-Identifier: Apache-2.0
/*
 * json-c is used for reading only, in programs that people start, never in the daemon. Its depth
 * limit stays at its default of 32, four times what evmon writes.
 */
#include "cmd/members.h"

#include "cmd/terminal.h"

static void tokener_freep(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

struct json_object *json_of(const char *text, size_t n)
{
	_cleanup_(tokener_freep) struct json_tokener *tokener = json_tokener_new();
	_cleanup_(json_freep) struct json_object *object = NULL;

	if (!tokener || n > INT32_MAX)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)n);
	/* Only a value that closes itself, as an object does, is complete without more to come. */
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != n)
		return NULL;
	return TAKE_PTR(object);
}

struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!object || !json_object_is_type(object, json_type_object))
		return NULL;
	return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

bool member_text(struct json_object *object, const char *key, char *text, size_t size)
{
	struct json_object *value = member(object, key);

	text[0] = '\0';
	if (!json_object_is_type(value, json_type_string))
		return false;
	terminal_text(text, size, json_object_get_string(value),
		      (size_t)json_object_get_string_len(value));
	return true;
}

const char *member_string(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

uint64_t member_number(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return json_object_is_type(value, json_type_int) ? json_object_get_uint64(value) : 0;
}

bool member_is_true(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}
