// SPDX-License-Identifier: Apache-2.0
/*
 * tests/policies: every bad file gives exactly the errors that its first line names, in order,
 * `# LINE:COLUMN words | LINE:COLUMN words`; every good one loads, and is or is not what is built
 * in, `# = built-in` or `# != built-in`.
 */
#include "policy/corpus.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"

#define BAD  "tests/policies/bad"
#define GOOD "tests/policies/good"

enum {
	FILE_MAX = 4 << 20
};

typedef bool file_check(const char *path, const char *data, size_t size);

/* Runs the check over a folder; the number of files that fail it. */
static size_t over_folder(const char *folder, file_check *check, size_t *ret_seen)
{
	_cleanup_(closedirp) DIR *dir = opendir(folder);
	const struct dirent *entry;
	size_t failed = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		_cleanup_(freep) char *data = NULL;
		char path[512];
		size_t size = 0;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		assert_int_equal(file_read(AT_FDCWD, path, FILE_MAX, &data, &size), 0);
		++*ret_seen;
		failed += !check(path, data, size);
	}
	return failed;
}

/* Takes "3:5 words" off the front of what is expected of the rest. */
static bool error_as_expected(char **expected, const struct policy_error *error)
{
	char *words = NULL, *next = strstr(*expected, " | ");
	unsigned long line = strtoul(*expected, &words, 10), column = 0;

	if (next)
		*next = '\0';
	if (*words == ':')
		column = strtoul(words + 1, &words, 10);
	words += *words == ' ';
	*expected = next ? next + 3 : *expected + strlen(*expected);
	return line && column && *words && line == error->line && column == error->column &&
	       strstr(error->text, words);
}

static bool bad_as_announced(const char *path, const char *data, size_t size)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char line[1024], *expected = line + 2;
	struct policy_errors errors;
	bool good = true;

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(data, "\n"), data);
	if (policy_load_bytes(path, data, size, &policy, &errors) != -EBADMSG || policy) {
		print_error("%s: is accepted\n", path);
		return false;
	}
	for (size_t i = 0; i < errors.n && good; i++)
		good = error_as_expected(&expected, &errors.at[i]);
	if (good && !*expected && !errors.more)
		return true;
	print_error("%s\n\tannounced %.*s\n", path, (int)strcspn(data, "\n"), data);
	for (size_t i = 0; i < errors.n; i++)
		print_error("\tfound %u:%u %s\n", errors.at[i].line, errors.at[i].column,
			    errors.at[i].text);
	return false;
}

static bool good_as_announced(const char *path, const char *data, size_t size)
{
	_cleanup_(policy_freep) struct policy *built_in = policy_default();
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct policy_errors errors;
	bool same;

	if (policy_load_bytes(path, data, size, &policy, &errors) < 0) {
		print_error("%s:%u:%u: %s\n", path, errors.at[0].line, errors.at[0].column,
			    errors.at[0].text);
		return false;
	}
	same = !strcmp(policy->hash, built_in->hash);
	if (!strncmp(data, same ? "# = built-in\n" : "# != built-in\n", same ? 13 : 14))
		return true;
	print_error("%s: is %sthe built-in policy\n", path, same ? "" : "not ");
	return false;
}

static void bad_files_give_exactly_the_errors_they_announce(void **state)
{
	size_t seen = 0;

	(void)state;
	assert_int_equal(over_folder(BAD, bad_as_announced, &seen), 0);
	assert_true(seen >= 60);
}

static void good_files_are_accepted_and_mean_what_they_announce(void **state)
{
	size_t seen = 0;

	(void)state;
	assert_int_equal(over_folder(GOOD, good_as_announced, &seen), 0);
	assert_true(seen >= 10);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files_give_exactly_the_errors_they_announce),
		cmocka_unit_test(good_files_are_accepted_and_mean_what_they_announce),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
