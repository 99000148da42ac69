// SPDX-License-Identifier: Apache-2.0
/*
 * Everything escapes one unit at a time: a whole UTF-8 character, or a single byte that begins
 * none. A unit is written as it is, as `\\`, or as `\xHH` for each of its bytes; which one depends
 * on the unit alone, so the text is canonical: bytes give one text, and a text that is not the one
 * they give is refused on the way back. Truncation happens between units.
 */
#include "base/escape.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

struct code_range {
	uint32_t first, last;
};

/* What steers a terminal's direction or shows as nothing: text that hides or reorders its
 * neighbours. C0, DEL and C1 are escaped for everybody. */
static const struct code_range terminal_hidden[] = {
	{ 0x00ad, 0x00ad },   /* soft hyphen */
	{ 0x061c, 0x061c },   /* Arabic letter mark */
	{ 0x180e, 0x180e },   /* Mongolian vowel separator */
	{ 0x200b, 0x200f },   /* zero width, left-to-right and right-to-left marks */
	{ 0x2028, 0x202e },   /* line and paragraph separators, embeddings, overrides */
	{ 0x2060, 0x206f },   /* word joiner, isolates, deprecated format controls */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xfff9, 0xfffb },   /* interlinear annotation */
	{ 0xe0000, 0xe007f }, /* tags */
};

/* The length of the UTF-8 character at s (RFC 3629: no overlong form, no surrogate, at most
 * U+10FFFF), 0 if there is none. */
static size_t utf8_length(const uint8_t *s, size_t n, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code = s[0];
	size_t length = code < 0x80	      ? 1 :
			(code & 0xe0) == 0xc0 ? 2 :
			(code & 0xf0) == 0xe0 ? 3 :
			(code & 0xf8) == 0xf0 ? 4 :
						0;

	if (!length || length > n)
		return 0;
	if (length > 1)
		code &= 0x7fU >> length;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

static bool code_is_plain(uint32_t code, enum escape_for how)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	for (size_t i = 0; how == ESCAPE_TERMINAL && i < ARRAY_SIZE(terminal_hidden); i++)
		if (code >= terminal_hidden[i].first && code <= terminal_hidden[i].last)
			return false;
	return true;
}

size_t escape_unit(const void *from, size_t n, enum escape_for how, char to[ESCAPE_UNIT_MAX],
		   size_t *ret_length)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *s = from;
	uint32_t code = 0;
	size_t taken = utf8_length(s, n, &code), at = 0;

	if (taken && code == '\\') {
		to[at++] = '\\';
		to[at++] = '\\';
	} else if (taken && code_is_plain(code, how)) {
		memcpy(to, s, taken);
		at = taken;
	} else {
		taken = taken ? taken : 1;
		for (size_t i = 0; i < taken; i++) {
			to[at++] = '\\';
			to[at++] = 'x';
			to[at++] = digits[s[i] >> 4];
			to[at++] = digits[s[i] & 0xf];
		}
	}
	*ret_length = at;
	return taken;
}

size_t escape_cut(const void *from, size_t n, size_t max)
{
	const uint8_t *s = from;
	uint32_t code;

	if (n <= max)
		return n;
	/* A character that straddles the cut began at most three bytes before it. */
	for (size_t back = 1; back <= 3 && back <= max; back++)
		if (utf8_length(s + max - back, n - max + back, &code) > back)
			return max - back;
	return max;
}

size_t escape_text(char *to, size_t size, const char *from, enum escape_for how,
		   bool *ret_truncated)
{
	char unit[ESCAPE_UNIT_MAX];
	size_t n = strlen(from), at = 0, length;

	for (size_t i = 0; i < n;) {
		i += escape_unit(from + i, n - i, how, unit, &length);
		if (size <= at + length) {
			if (ret_truncated)
				*ret_truncated = true;
			break;
		}
		memcpy(to + at, unit, length);
		at += length;
	}
	if (size)
		to[at] = '\0';
	return at;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of the text's meaning; returns how much text it took, 0 for a broken escape. */
static size_t undo_one(const char *from, char *ret_byte)
{
	if (from[0] != '\\') {
		*ret_byte = from[0];
		return 1;
	}
	if (from[1] == '\\') {
		*ret_byte = '\\';
		return 2;
	}
	if (from[1] != 'x' || hex_value(from[2]) < 0 || hex_value(from[3]) < 0)
		return 0;
	*ret_byte = (char)(hex_value(from[2]) << 4 | hex_value(from[3]));
	return 4;
}

/* The bytes give this text, and no other. */
static bool text_is_of(const char *text, const char *bytes, size_t n, enum escape_for how)
{
	char unit[ESCAPE_UNIT_MAX];
	size_t length;

	for (size_t i = 0; i < n; text += length) {
		i += escape_unit(bytes + i, n - i, how, unit, &length);
		if (strncmp(text, unit, length) != 0)
			return false;
	}
	return !*text;
}

int escape_undo(char *to, size_t size, const char *from, size_t *ret_length)
{
	size_t n = 0, step;

	for (const char *at = from; *at; at += step) {
		char byte;

		step = undo_one(at, &byte);
		if (!step)
			return -EINVAL;
		if (n + 1 >= size)
			return -ENOSPC;
		to[n++] = byte;
	}
	if (!size)
		return -ENOSPC;
	if (!text_is_of(from, to, n, ESCAPE_JSON) && !text_is_of(from, to, n, ESCAPE_TERMINAL))
		return -EINVAL;
	to[n] = '\0';
	*ret_length = n;
	return 0;
}
