// SPDX-License-Identifier: Apache-2.0
/* What was probably meant, and how hostile or long words are shown. */
#include "policy/corpus.h"

#include "policy/errors.h"

static const char *const words[] = { "alert",	    "deny",	     "modules_dir",
				     "CAP_NET_RAW", "CAP_NET_ADMIN", NULL };

static void the_distance_counts_edits(void **state)
{
	(void)state;
	assert_int_equal(word_distance("", ""), 0);
	assert_int_equal(word_distance("", "abc"), 3);
	assert_int_equal(word_distance("abc", ""), 3);
	assert_int_equal(word_distance("High", "hIGH"), 0);
	assert_int_equal(word_distance("deny", "deni"), 1);
	assert_int_equal(word_distance("deny", "denny"), 1);
	assert_int_equal(word_distance("deny", "dny"), 1);
	assert_int_equal(word_distance("deny", "dney"), 1);
	assert_int_equal(word_distance("kitten", "sitting"), 3);
}

static void the_nearest_word_is_suggested(void **state)
{
	(void)state;
	assert_string_equal(hint("alret", words).text, ", did you mean \"alert\"?");
	assert_string_equal(hint("Deny", words).text, ", did you mean \"deny\"?");
	assert_string_equal(hint("NET_ADMIN", words).text, ", did you mean \"CAP_NET_ADMIN\"?");
	assert_string_equal(hint("cap_net_rwa", words).text, ", did you mean \"CAP_NET_RAW\"?");
	assert_string_equal(hint("modules_directory", words).text,
			    ", did you mean \"modules_dir\"?");
}

static void nothing_is_suggested_where_nothing_is_near(void **state)
{
	static const char *const none[] = { NULL };
	char longest[300];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_string_equal(hint("telemetry", words).text, "");
	assert_string_equal(hint("", words).text, "");
	assert_string_equal(hint("alert", none).text, "");
	assert_string_equal(hint(longest, words).text, "");
}

static void words_are_shown_harmless_and_short(void **state)
{
	char longest[300];
	struct phrase phrase;

	(void)state;
	assert_string_equal(quoted("plain").text, "\"plain\"");
	assert_string_equal(quoted("a\x1b[31mb").text, "\"a\\x1b[31mb\"");
	assert_string_equal(quoted("a\nb").text, "\"a\\x0ab\"");
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	phrase = quoted(longest);
	assert_true(strlen(phrase.text) < 80);
	assert_string_equal(phrase.text + strlen(phrase.text) - 5, "a...\"");
}

static void of_a_long_path_the_end_is_kept(void **state)
{
	struct policy_error error;
	char path[600];

	(void)state;
	memset(path, 'd', sizeof(path));
	memcpy(path + sizeof(path) - 12, "policy.yaml", 12);
	error_set(&error, (struct place){ path, 3, 4 }, "%s", "what");
	assert_int_equal(strlen(error.file), sizeof(error.file) - 1);
	assert_memory_equal(error.file, "...d", 4);
	assert_string_equal(error.file + strlen(error.file) - 11, "policy.yaml");
	assert_int_equal(error.line, 3);
	assert_int_equal(error.column, 4);
	assert_string_equal(error.text, "what");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_distance_counts_edits),
		cmocka_unit_test(the_nearest_word_is_suggested),
		cmocka_unit_test(nothing_is_suggested_where_nothing_is_near),
		cmocka_unit_test(words_are_shown_harmless_and_short),
		cmocka_unit_test(of_a_long_path_the_end_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
