/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A bounded JSON writer into the caller's buffer, members in the order of the calls, one line.
 * Too small a buffer is noticed once, at json_end(). Strings are escaped by escape_unit() and
 * then for JSON; so every byte comes back.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	char *start, *at, *end;
	bool overflow;	/* the buffer was too small */
	bool truncated; /* a string was cut to its own limit */
	unsigned depth;
	bool comma; /* a value stands before at this depth */
};

void json_begin(struct json *j, char *buffer, size_t size);
/* The length written, or -ENOSPC. Terminated with a NUL. */
int json_end(struct json *j);

/* key is NULL inside arrays and for the outermost value. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_close_array(struct json *j);
void json_null(struct json *j, const char *key);
void json_bool(struct json *j, const char *key, bool value);
void json_uint(struct json *j, const char *key, uint64_t value);
void json_int(struct json *j, const char *key, int64_t value);
/* Text of ours, NUL-terminated; NULL gives null. */
void json_string(struct json *j, const char *key, const char *value);
/* Text of ours that is to arrive as it is, such as a regular expression: printable ASCII, escaped
 * for JSON alone. */
void json_plain(struct json *j, const char *key, const char *value);
/* Bytes of others, at most max bytes of them. */
void json_bytes(struct json *j, const char *key, const void *value, size_t n, size_t max);
