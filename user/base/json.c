// SPDX-License-Identifier: Apache-2.0
/*
 * The writer appends and never looks back: what does not fit sets `overflow`, and from then on
 * nothing is written, so that json_end() is the one place to check. A byte stays in reserve for the
 * NUL. Strings pass escape_unit() first, which leaves only `"` and `\` for JSON itself to escape;
 * control characters and broken UTF-8 are gone by then.
 */
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

static void put(struct json *j, const char *text, size_t n)
{
	if (j->overflow || (size_t)(j->end - j->at) <= n) {
		j->overflow = true;
		return;
	}
	memcpy(j->at, text, n);
	j->at += n;
}

static void put_text(struct json *j, const void *value, size_t n)
{
	const char *s = value;
	char unit[ESCAPE_UNIT_MAX];
	size_t length;

	put(j, "\"", 1);
	for (size_t i = 0; i < n && !j->overflow;) {
		i += escape_unit(s + i, n - i, ESCAPE_JSON, unit, &length);
		for (size_t k = 0; k < length; k++) {
			if (unit[k] == '"' || unit[k] == '\\')
				put(j, "\\", 1);
			put(j, unit + k, 1);
		}
	}
	put(j, "\"", 1);
}

static void put_key(struct json *j, const char *key)
{
	if (j->comma)
		put(j, ",", 1);
	j->comma = true;
	if (!key)
		return;
	put_text(j, key, strlen(key));
	put(j, ":", 1);
}

void json_begin(struct json *j, char *buffer, size_t size)
{
	*j = (struct json){ .start = buffer, .at = buffer, .end = buffer + size };
}

int json_end(struct json *j)
{
	if (j->overflow || j->at == j->end)
		return -ENOSPC;
	*j->at = '\0';
	return (int)(j->at - j->start);
}

static void open_with(struct json *j, const char *key, const char *bracket)
{
	put_key(j, key);
	put(j, bracket, 1);
	j->depth++;
	j->comma = false;
}

static void close_with(struct json *j, const char *bracket)
{
	put(j, bracket, 1);
	j->depth--;
	j->comma = true;
}

void json_object(struct json *j, const char *key)
{
	open_with(j, key, "{");
}

void json_array(struct json *j, const char *key)
{
	open_with(j, key, "[");
}

void json_close_object(struct json *j)
{
	close_with(j, "}");
}

void json_close_array(struct json *j)
{
	close_with(j, "]");
}

void json_null(struct json *j, const char *key)
{
	put_key(j, key);
	put(j, "null", 4);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	put(j, value ? "true" : "false", value ? 4 : 5);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	char digits[24];

	put_key(j, key);
	put(j, digits, (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value));
}

void json_int(struct json *j, const char *key, int64_t value)
{
	char digits[24];

	put_key(j, key);
	put(j, digits, (size_t)snprintf(digits, sizeof(digits), "%" PRId64, value));
}

void json_string(struct json *j, const char *key, const char *value)
{
	if (!value) {
		json_null(j, key);
		return;
	}
	put_key(j, key);
	put_text(j, value, strlen(value));
}

void json_plain(struct json *j, const char *key, const char *value)
{
	put_key(j, key);
	put(j, "\"", 1);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			put(j, "\\", 1);
		put(j, value, 1);
	}
	put(j, "\"", 1);
}

void json_bytes(struct json *j, const char *key, const void *value, size_t n, size_t max)
{
	size_t kept = escape_cut(value, n, max);

	if (kept < n)
		j->truncated = true;
	put_key(j, key);
	put_text(j, value, kept);
}
