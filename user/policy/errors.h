/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How mistakes in files are written down: with their place, and with what was probably meant. */
#include <stdarg.h>
#include <stddef.h>

#include "base/macros.h"
#include "policy/policy.h"

/* line and column from 1; both 0 for the file as a whole. */
struct place {
	const char *file;
	unsigned line, column;
};

/* A piece of text for use within one expression. */
struct phrase {
	char text[120];
};

void error_set(struct policy_error *error, struct place place, const char *format, ...)
	_printf_(3, 4);
/* The first POLICY_ERRORS_MAX are kept, the others counted. */
void errors_add(struct policy_errors *errors, struct place place, const char *format, va_list args)
	_printf_(3, 0);
size_t errors_count(const struct policy_errors *errors);

/* The bytes in quotation marks, harmless to a terminal, cut where they are long. */
struct phrase quoted(const char *bytes);
/* The same without the quotation marks. */
struct phrase bare(const char *bytes);
/* `, did you mean "x"?` for the nearest of the NULL-terminated words, else nothing. */
struct phrase hint(const char *word, const char *const *words);
/* Edits (insert, delete, replace, swap of neighbours) between two words, letters' case ignored. */
size_t word_distance(const char *a, const char *b);
