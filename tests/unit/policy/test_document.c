// SPDX-License-Identifier: Apache-2.0
/* The tree and its limits; what has a place is in tests/policies/bad. */
#include "policy/corpus.h"

#include <stdlib.h>
#include <time.h>

#include "policy/document.h"

static int parse(const char *data, size_t size, bool control, struct document **ret_document,
		 struct policy_error *ret_error)
{
	return document_parse(&(struct source){ "t", data, size, control }, ret_document,
			      ret_error);
}

static struct document *document_of(const char *text)
{
	struct document *document = NULL;
	struct policy_error error;

	assert_int_equal(parse(text, strlen(text), false, &document, &error), 0);
	return document;
}

/* The text `unit`, n times, between `before` and `after`. */
static char *repeated(const char *before, const char *unit, size_t n, const char *after,
		      size_t *ret_size)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_size);

	assert_non_null(f);
	fputs(before, f);
	for (size_t i = 0; i < n; i++)
		fputs(unit, f);
	fputs(after, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void lists_and_mappings_become_a_tree_with_places(void **state)
{
	_cleanup_(document_freep) struct document *document =
		document_of("a: [1, {b: c}]\nd:\n  - e\n");
	const struct node *list = node_find(document->root, "a");
	const struct node *block = node_find(document->root, "d");

	(void)state;
	assert_int_equal(document->root->kind, NODE_MAP);
	assert_int_equal(list->kind, NODE_LIST);
	assert_int_equal(list->line, 1);
	assert_int_equal(list->column, 4);
	assert_string_equal(list->key->text, "a");
	assert_string_equal(list->first->text, "1");
	assert_null(list->first->key);
	assert_string_equal(node_find(list->first->next, "b")->text, "c");
	assert_null(list->first->next->next);
	assert_string_equal(block->first->text, "e");
	assert_int_equal(block->first->line, 3);
	assert_int_equal(block->first->column, 5);
	assert_null(node_find(document->root, "missing"));
	assert_null(node_find(list, "a"));
	assert_null(node_find(NULL, "a"));
}

static void columns_count_characters(void **state)
{
	_cleanup_(document_freep) struct document *document = document_of("{\"ä€\": x}\n");

	(void)state;
	assert_int_equal(document->root->first->column, 8);
}

static void values_have_no_types(void **state)
{
	static const char *const words[] = { "no", "0x16", "010", "1_000",
					     "~",  "null", "1.0", "2026-11-22" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		_cleanup_(document_freep) struct document *document = document_of(words[i]);

		assert_int_equal(document->root->kind, NODE_SCALAR);
		assert_string_equal(document->root->text, words[i]);
	}
}

static void a_file_of_comments_has_no_root(void **state)
{
	_cleanup_(document_freep) struct document *document = document_of("# nothing\n");

	(void)state;
	assert_null(document->root);
}

static void control_bytes_are_marked_where_they_may_be(void **state)
{
	static const char text[] = "a: \"x\\ny\"\nb: |\n  two\n  lines\nc: plain\nd: \"\\0\"\n";
	_cleanup_(document_freep) struct document *document = NULL;
	struct policy_error error;

	(void)state;
	assert_int_equal(parse(text, strlen(text), true, &document, &error), 0);
	assert_true(node_find(document->root, "a")->control);
	assert_true(node_find(document->root, "b")->control);
	assert_false(node_find(document->root, "c")->control);
	assert_true(node_find(document->root, "d")->control);
}

static void refused(const char *data, size_t size, const char *words)
{
	struct document *document = NULL;
	struct policy_error error = { .text = "" };

	assert_int_equal(parse(data, size, false, &document, &error), -EBADMSG);
	assert_null(document);
	assert_non_null(strstr(error.text, words));
}

static void a_file_beyond_one_mebibyte_is_refused(void **state)
{
	_cleanup_(freep) char *data = NULL;
	_cleanup_(document_freep) struct document *document = NULL;
	struct policy_error error;
	size_t size = 0;

	(void)state;
	data = repeated("", "#\n", DOCUMENT_BYTES / 2, "", &size);
	assert_int_equal(parse(data, size, false, &document, &error), 0);
	free(TAKE_PTR(data));
	data = repeated("", "#\n", DOCUMENT_BYTES / 2, "#", &size);
	refused(data, size, "larger than 1 MiB");
}

static void more_than_twenty_thousand_values_are_refused(void **state)
{
	_cleanup_(document_freep) struct document *document = NULL;
	_cleanup_(freep) char *data = NULL;
	struct policy_error error;
	size_t size = 0;

	(void)state;
	data = repeated("[", "a,", DOCUMENT_NODES - 1, "]", &size);
	assert_int_equal(parse(data, size, false, &document, &error), 0);
	assert_int_equal(document->n_nodes, DOCUMENT_NODES);
	free(TAKE_PTR(data));
	data = repeated("[", "a,", DOCUMENT_NODES, "]", &size);
	refused(data, size, "too many values");
}

static void a_text_of_the_longest_length_is_kept_whole(void **state)
{
	_cleanup_(document_freep) struct document *document = NULL;
	_cleanup_(freep) char *data = NULL;
	struct policy_error error;
	size_t size = 0;

	(void)state;
	data = repeated("", "a", DOCUMENT_SCALAR, "", &size);
	assert_int_equal(parse(data, size, false, &document, &error), 0);
	assert_string_equal(document->root->text, data);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What the limits are for: no file of the permitted size costs more than a moment. */
static void hostile_files_cost_little(void **state)
{
	static const char *const units[] = { "[",    "{",    "{a: ",   "- ",  "? ",    "\"\\x41",
					     "- - ", "a: {", "[a: b,", "!a ", "#\n\n", "|\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		_cleanup_(document_freep) struct document *document = NULL;
		_cleanup_(freep) char *data = NULL;
		struct policy_error error;
		double began = seconds();
		size_t size = 0;

		data = repeated("", units[i], DOCUMENT_BYTES / strlen(units[i]), "", &size);
		(void)parse(data, size, false, &document, &error);
		if (seconds() - began > 5)
			fail_msg("'%s' over and over took %.1f s", units[i], seconds() - began);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_and_mappings_become_a_tree_with_places),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(values_have_no_types),
		cmocka_unit_test(a_file_of_comments_has_no_root),
		cmocka_unit_test(control_bytes_are_marked_where_they_may_be),
		cmocka_unit_test(a_file_beyond_one_mebibyte_is_refused),
		cmocka_unit_test(more_than_twenty_thousand_values_are_refused),
		cmocka_unit_test(a_text_of_the_longest_length_is_kept_whole),
		cmocka_unit_test(hostile_files_cost_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
