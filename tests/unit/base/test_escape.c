// SPDX-License-Identifier: Apache-2.0
/* Every byte comes back, nothing dangerous gets through, and a cut hits no unit in the middle. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "scratch.h"

/* Bytes that may be NUL, unit by unit; `to` has room for all. */
static size_t escape_all(char *to, const char *from, size_t n, enum escape_for how)
{
	char unit[ESCAPE_UNIT_MAX];
	size_t at = 0, length;

	for (size_t i = 0; i < n; at += length) {
		i += escape_unit(from + i, n - i, how, unit, &length);
		memcpy(to + at, unit, length);
	}
	to[at] = '\0';
	return at;
}

static void expect(const char *from, size_t n, enum escape_for how, const char *text)
{
	char to[256];
	bool truncated = false;

	assert_int_equal(escape_all(to, from, n, how), strlen(text));
	assert_string_equal(to, text);
	if (strlen(from) < n)
		return;
	assert_int_equal(escape_text(to, sizeof(to), from, how, &truncated), strlen(text));
	assert_string_equal(to, text);
	assert_false(truncated);
}

static void each_kind_of_byte_has_its_form(void **state)
{
	(void)state;
	expect("plain ~ text", 12, ESCAPE_JSON, "plain ~ text");
	expect("a\\b", 3, ESCAPE_JSON, "a\\\\b");
	expect("\0\x1f\x7f\n", 4, ESCAPE_JSON, "\\x00\\x1f\\x7f\\x0a");
	expect("\"", 1, ESCAPE_JSON, "\"");
	expect("\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x8c", 9, ESCAPE_JSON,
	       "\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x8c");
}

static void c1_controls_are_escaped_also_as_utf8(void **state)
{
	(void)state;
	expect("\x9b", 1, ESCAPE_JSON, "\\x9b");
	expect("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", 8, ESCAPE_JSON,
	       "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0");
}

static void invalid_utf8_is_escaped_byte_by_byte(void **state)
{
	(void)state;
	expect("\xc0\xaf", 2, ESCAPE_JSON, "\\xc0\\xaf");		    /* overlong / */
	expect("\xe0\x80\xaf", 3, ESCAPE_JSON, "\\xe0\\x80\\xaf");	    /* the same */
	expect("\xed\xa0\x80", 3, ESCAPE_JSON, "\\xed\\xa0\\x80");	    /* surrogate */
	expect("\xf4\x90\x80\x80", 4, ESCAPE_JSON, "\\xf4\\x90\\x80\\x80"); /* U+110000 */
	expect("\xf8\x88\x80\x80\x80", 5, ESCAPE_JSON, "\\xf8\\x88\\x80\\x80\\x80"); /* five */
	expect("\xe2\x82", 2, ESCAPE_JSON, "\\xe2\\x82");			     /* cut */
	expect("\xe2\x82z", 3, ESCAPE_JSON, "\\xe2\\x82z");
	expect("\xf4\x8f\xbf\xbf\xed\x9f\xbf", 7, ESCAPE_JSON, "\xf4\x8f\xbf\xbf\xed\x9f\xbf");
}

static void terminals_get_direction_and_width_escaped(void **state)
{
	/* override, isolate, zero width, mark, byte order mark, soft hyphen, tag */
	static const char *const hidden[] = { "\xe2\x80\xae", "\xe2\x81\xa6",	  "\xe2\x80\x8b",
					      "\xd8\x9c",     "\xef\xbb\xbf",	  "\xc2\xad",
					      "\xe2\x80\xa8", "\xf3\xa0\x81\x81", "\xe2\x80\x8f" };
	char to[64];

	(void)state;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		size_t n = strlen(hidden[i]);

		expect(hidden[i], n, ESCAPE_JSON, hidden[i]);
		assert_int_equal(escape_text(to, sizeof(to), hidden[i], ESCAPE_TERMINAL, NULL),
				 4 * n);
		assert_memory_equal(to, "\\x", 2);
	}
	expect("\xe2\x80\x94\xd7\x90", 5, ESCAPE_TERMINAL, "\xe2\x80\x94\xd7\x90");
}

static void random_bytes_come_back(void **state)
{
	uint64_t seed = 0x5eed0001;
	char bytes[64], text[64 * 4 + 1], back[65];

	(void)state;
	for (int round = 0; round < 50000; round++) {
		enum escape_for how = round % 2 ? ESCAPE_JSON : ESCAPE_TERMINAL;
		size_t n = scratch_random(&seed) % (sizeof(bytes) + 1), length;

		scratch_bytes(&seed, bytes, n);
		/* Half of the rounds are rich in the leading and following bytes of UTF-8. */
		for (size_t i = 0; round % 4 > 1 && i < n; i++)
			bytes[i] = (char)(0x80 | (i % 3 ? bytes[i] & 0x3f : bytes[i] & 0x7f));
		escape_all(text, bytes, n, how);
		for (const char *at = text; *at; at++)
			assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
		assert_int_equal(escape_undo(back, sizeof(back), text, &length), 0);
		assert_int_equal(length, n);
		assert_memory_equal(back, bytes, n);
		assert_int_equal(back[n], 0);
	}
}

static void every_two_bytes_come_back(void **state)
{
	char text[16], back[4];
	size_t length;

	(void)state;
	for (unsigned i = 0; i < 0x10000; i++) {
		char bytes[2] = { (char)(i >> 8), (char)i };

		escape_all(text, bytes, 2, ESCAPE_JSON);
		assert_int_equal(escape_undo(back, sizeof(back), text, &length), 0);
		assert_int_equal(length, 2);
		assert_memory_equal(back, bytes, 2);
	}
}

/* For each size of the buffer: what is there is a whole beginning of the whole text. */
static void truncation_keeps_units_whole(void **state)
{
	static const char from[] = "a\\\xe2\x82\xac\x01\xf0\x9f\x94\x8cz\xc2\x9b";
	char whole[128], part[128], back[64];
	size_t n = escape_text(whole, sizeof(whole), from, ESCAPE_JSON, NULL);

	(void)state;
	for (size_t size = 1; size <= n + 1; size++) {
		char *exact = malloc(size); /* the sanitizer sees a byte too many */
		bool truncated = false;
		size_t length, undone;

		assert_non_null(exact);
		length = escape_text(exact, size, from, ESCAPE_JSON, &truncated);
		assert_true(length < size);
		assert_int_equal(exact[length], 0);
		assert_int_equal(truncated, length != n);
		assert_memory_equal(exact, whole, length);
		memcpy(part, exact, length + 1);
		free(exact);
		assert_int_equal(escape_undo(back, sizeof(back), part, &undone), 0);
		assert_memory_equal(back, from, undone);
	}
	assert_int_equal(escape_text(part, 0, "abc", ESCAPE_JSON, NULL), 0);
}

static void undo_refuses_what_escape_cannot_have_written(void **state)
{
	static const char *const wrong[] = { "\\",	  "\\x",  "\\x4",     "\\xzz",
					     "\\n",	  "a\\",  "\\x41",    "\\x5c",
					     "\x1b[2J",	  "\xff", "\xc2\x9b", "\\xE2\\x80",
					     "\\xc3\\xa9" };
	char back[64];
	size_t length = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(escape_undo(back, sizeof(back), wrong[i], &length), -EINVAL);
	assert_int_equal(escape_undo(back, 3, "abc", &length), -ENOSPC);
	assert_int_equal(escape_undo(back, 0, "", &length), -ENOSPC);
	assert_int_equal(length, 77);
	assert_int_equal(escape_undo(back, 4, "abc", &length), 0);
	assert_int_equal(length, 3);
}

static void a_cut_splits_no_character(void **state)
{
	(void)state;
	assert_int_equal(escape_cut("abc", 3, 3), 3);
	assert_int_equal(escape_cut("abcd", 4, 3), 3);
	assert_int_equal(escape_cut("\xe2\x82\xac", 3, 2), 0);
	assert_int_equal(escape_cut("\xe2\x82\xac", 3, 1), 0);
	assert_int_equal(escape_cut("a\xe2\x82\xac", 4, 3), 1);
	assert_int_equal(escape_cut("a\xe2\x82\xac"
				    "b",
				    5, 4),
			 4);
	assert_int_equal(escape_cut("\xf0\x9f\x94\x8c", 4, 3), 0);
	assert_int_equal(escape_cut("\x82\x82\x82\x82", 4, 3), 3); /* no character at all */
	assert_int_equal(escape_cut("\xe2\x82\x82\x82\x82", 5, 4), 4);
	assert_int_equal(escape_cut("\xc3\xa9", 2, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_byte_has_its_form),
		cmocka_unit_test(c1_controls_are_escaped_also_as_utf8),
		cmocka_unit_test(invalid_utf8_is_escaped_byte_by_byte),
		cmocka_unit_test(terminals_get_direction_and_width_escaped),
		cmocka_unit_test(random_bytes_come_back),
		cmocka_unit_test(every_two_bytes_come_back),
		cmocka_unit_test(truncation_keeps_units_whole),
		cmocka_unit_test(undo_refuses_what_escape_cannot_have_written),
		cmocka_unit_test(a_cut_splits_no_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
