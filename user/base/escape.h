/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bytes that came from outside, made fit for JSON and terminals, reversibly: `\` becomes `\\`;
 * bytes below 0x20, 0x7f, C1 controls and whatever is not UTF-8 become `\xHH`, lower-case hex.
 */
#include <stdbool.h>
#include <stddef.h>

/* Terminals get bidirectional and zero-width controls escaped as well. */
enum escape_for {
	ESCAPE_JSON,
	ESCAPE_TERMINAL
};

enum {
	ESCAPE_UNIT_MAX = 16 /* four bytes of a character as \xHH */
};

/* Writes at most size bytes with the NUL, never half an escape or half a character. Returns the
 * length written; *ret_truncated (may be NULL) is set to true if not all fitted, else left. */
size_t escape_text(char *to, size_t size, const char *from, enum escape_for how,
		   bool *ret_truncated);
/* The way back, NUL-terminated, though bytes before may be NUL too. -EINVAL for what escape_unit
 * cannot have written, -ENOSPC where `to` is too small. */
int escape_undo(char *to, size_t size, const char *from, size_t *ret_length);

/* One step of it: takes one character or one stray byte (n > 0), gives its escaped form,
 * not terminated. Returns how many bytes it took. */
size_t escape_unit(const void *from, size_t n, enum escape_for how, char to[ESCAPE_UNIT_MAX],
		   size_t *ret_length);
/* How many of n bytes to take where at most max are wanted: no character is split. */
size_t escape_cut(const void *from, size_t n, size_t max);
