/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One line of the journal: where its seq, prev and hash stand, and what its hash covers. */
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

enum {
	JOURNAL_ID_MAX = 9, /* eight hex digits and a NUL */
	/* `,"hash":"`, 64 digits, `"}`: what follows the hashed bytes */
	LINE_SEAL = 9 + 64 + 2
};

/* 64 zeros: what stands before the first line of a chain. */
extern const char line_origin[HASH_HEX];

struct line {
	const char *text; /* not owned; no newline */
	size_t length;
	uint64_t seq;
	char prev[HASH_HEX], hash[HASH_HEX];
};

/* The line is whole, is this journal's (`journal` NULL: any) and has the hash that it says:
 * otherwise -EBADMSG and in *ret_why what is wrong with it. */
int line_check(const char *text, size_t length, const char *journal, struct line *ret_line,
	       const char **ret_why);
/* Appends `,"hash":"..."}` and a newline to text, which ends with `"prev":"..."`. The new length,
 * or -ENOSPC. */
int line_seal(char *text, size_t length, size_t size, char hash[HASH_HEX]);
/* The journal's id that the line carries; -EBADMSG. */
int line_journal(const char *text, size_t length, char id[JOURNAL_ID_MAX]);
/* The value of `sensor`, into the caller's buffer; -EBADMSG if it is not there or too long. */
int line_sensor(const char *text, size_t length, char *sensor, size_t size);
