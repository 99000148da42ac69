// SPDX-License-Identifier: Apache-2.0
/*
 * What evmon prints was mostly written by evmon, with the bytes of others escaped: it must not be
 * escaped a second time, and yet nothing that came from a file may reach a terminal unseen. So
 * every character passes the terminal escape and only the backslash is left alone.
 */
#include "cmd/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"

bool terminal_color(FILE *out)
{
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (refused && refused[0])
		return false;
	return isatty(fileno(out)) == 1 && !(terminal && strcmp(terminal, "dumb") == 0);
}

const char *tint_begin(enum tint tint, bool color)
{
	static const char *const codes[TINT_MAX] = {
		[TINT_NONE] = "",	  [TINT_GOOD] = "\033[32m", [TINT_NOTE] = "\033[36m",
		[TINT_WARN] = "\033[33m", [TINT_BAD] = "\033[31m",  [TINT_WORST] = "\033[1;31m",
		[TINT_HEAD] = "\033[1m",
	};

	return color ? codes[tint] : "";
}

const char *tint_end(enum tint tint, bool color)
{
	return color && tint != TINT_NONE ? "\033[0m" : "";
}

size_t terminal_text(char *to, size_t size, const char *from, size_t n)
{
	char unit[ESCAPE_UNIT_MAX];
	size_t at = 0, length;

	for (size_t i = 0; i < n;) {
		size_t taken = escape_unit(from + i, n - i, ESCAPE_TERMINAL, unit, &length);

		if (from[i] == '\\')
			length = 1;
		if (size <= at + length)
			break;
		memcpy(to + at, unit, length);
		at += length;
		i += taken;
	}
	if (size)
		to[at] = '\0';
	return at;
}

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

size_t terminal_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += begins_character(*text);
	return width;
}

/* The bytes of the first `width` characters. */
static size_t bytes_of(const char *text, size_t width)
{
	size_t n = 0;

	while (text[n] && (width > 0 || !begins_character(text[n])))
		width -= begins_character(text[n++]);
	return n;
}

void terminal_cell(FILE *out, const char *text, size_t width)
{
	size_t shown = terminal_width(text);

	if (shown > width) {
		fwrite(text, 1, bytes_of(text, width - 1), out);
		fputc('+', out);
		shown = width;
	} else {
		fputs(text, out);
	}
	for (; shown <= width; shown++)
		fputc(' ', out);
}
