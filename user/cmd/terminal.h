/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lines for people: colour where it is wanted, columns, and text that harms no terminal. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tint {
	TINT_NONE,
	TINT_GOOD,
	TINT_NOTE,
	TINT_WARN,
	TINT_BAD,
	TINT_WORST,
	TINT_HEAD,
	TINT_MAX
};

/* out is a terminal that knows colours, and NO_COLOR is not set. */
bool terminal_color(FILE *out);
/* What precedes text of this tint; "" without colour. tint_end() is what follows it. */
const char *tint_begin(enum tint tint, bool color);
const char *tint_end(enum tint tint, bool color);

/* Text whose backslashes are escapes already (all that evmon writes down) made fit for terminals:
 * controls and what hides or reorders its neighbours become \xHH. Returns the length. */
size_t terminal_text(char *to, size_t size, const char *from, size_t n);
/* Pads to width columns and adds a space; what is wider is cut and ends in '+'. */
void terminal_cell(FILE *out, const char *text, size_t width);
/* How many columns it takes: a character is one, in practice none of ours is wider. */
size_t terminal_width(const char *text);
