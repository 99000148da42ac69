// SPDX-License-Identifier: Apache-2.0
/* Policy files on a disk: order, drop-ins, and which files are not believed. */
#include "policy/corpus.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN(name)	   OWN_AT(name, "1")
#define OWN_AT(name, port) "version: 1\nbind: [{rule: bind." name ", port: " port "}]\n"

static char directory[] = "/tmp/evmon-policy-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int make_directory(void **state)
{
	char drop_ins[64];

	(void)state;
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	if (!mkdtemp(directory))
		return -1;
	snprintf(drop_ins, sizeof(drop_ins), "%s/policy.d", directory);
	return mkdir(drop_ins, 0755);
}

static int remove_directory(void **state)
{
	(void)state;
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file of the directory, with mode 0644 whatever the umask; its path. */
static const char *file_with(const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
	return path;
}

static struct policy *loaded(void)
{
	struct policy_errors errors;
	struct policy *policy = NULL;

	assert_int_equal(policy_load_directory(directory, &policy, &errors), 0);
	assert_int_equal(errors.n, 0);
	return policy;
}

static void refused(int err, const char *file, const char *words)
{
	struct policy_errors errors;
	struct policy *policy = NULL;

	assert_int_equal(policy_load_directory(directory, &policy, &errors), err);
	assert_null(policy);
	assert_true(errors.n > 0);
	assert_non_null(strstr(errors.at[0].file, file));
	if (!strstr(errors.at[0].text, words))
		fail_msg("'%s' does not say '%s'", errors.at[0].text, words);
}

static void without_files_the_built_in_policy_holds(void **state)
{
	_cleanup_(policy_freep) struct policy *built_in = policy_default();
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct policy_errors errors;

	(void)state;
	policy = loaded();
	assert_string_equal(policy->hash, built_in->hash);
	policy_free(TAKE_PTR(policy));
	assert_int_equal(policy_load_directory("/nonexistent/evmon", &policy, &errors), 0);
	assert_string_equal(policy->hash, built_in->hash);
}

static void files_are_read_in_the_order_of_their_names(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	file_with("policy.d/20-b.yaml", OWN_AT("third", "3"));
	file_with("policy.d/10-a.yaml", OWN_AT("second", "2"));
	file_with("policy.yaml", OWN("first"));
	policy = loaded();
	assert_string_equal(policy->bind[0].rule, "bind.first");
	assert_string_equal(policy->bind[1].rule, "bind.second");
	assert_string_equal(policy->bind[2].rule, "bind.third");
	assert_string_equal(policy->bind[3].rule, "bind.admin-panel");
}

static void drop_ins_alone_go_over_the_built_in_policy(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	file_with("policy.d/a.yaml", OWN("one"));
	policy = loaded();
	assert_string_equal(policy->bind[0].rule, "bind.one");
	assert_int_equal(policy->n_bind, 6);
}

static void what_editors_and_package_managers_leave_is_not_read(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;

	(void)state;
	file_with("policy.d/a.yaml~", "[");
	file_with("policy.d/a.yaml.dpkg-new", "[");
	file_with("policy.d/.a.yaml.swp", "[");
	file_with("policy.d/.hidden.yaml", "[");
	file_with("policy.d/README", "[");
	policy = loaded();
	assert_int_equal(policy->n_bind, 5);
}

static void a_drop_in_that_would_not_be_read_is_told(void **state)
{
	(void)state;
	file_with("policy.d/site.yml", OWN("site"));
	refused(-EBADMSG, "site.yml", "end in .yaml");
}

static void mistakes_of_all_files_are_told_with_their_files(void **state)
{
	struct policy_errors errors;
	struct policy *policy = NULL;

	(void)state;
	file_with("policy.yaml", "version: 1\nusbs: {}\n");
	file_with("policy.d/a.yaml", "version: 1\nmqtt: {\n");
	file_with("policy.d/b.yaml", "version: 1\n\nnonsense: 1\n");
	assert_int_equal(policy_load_directory(directory, &policy, &errors), -EBADMSG);
	assert_null(policy);
	assert_int_equal(errors.n, 3);
	assert_non_null(strstr(errors.at[0].file, "/policy.yaml"));
	assert_int_equal(errors.at[0].line, 2);
	assert_non_null(strstr(errors.at[1].file, "/policy.d/a.yaml"));
	assert_int_equal(errors.at[1].line, 3);
	assert_non_null(strstr(errors.at[2].file, "/policy.d/b.yaml"));
	assert_int_equal(errors.at[2].line, 3);
}

static void more_than_twenty_mistakes_are_counted(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct policy_errors errors;
	struct policy *policy = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	fputs("version: 1\n", f);
	for (int i = 0; i < 33; i++)
		fprintf(f, "unknown_%d: 1\n", i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(policy_load_bytes("x.yaml", text, size, &policy, &errors), -EBADMSG);
	assert_int_equal(errors.n, POLICY_ERRORS_MAX);
	assert_int_equal(errors.more, 13);
	assert_int_equal(errors.at[19].line, 21);
}

static void a_file_that_is_missing_is_named(void **state)
{
	struct policy_errors errors;
	struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_load_default("/nonexistent/policy.yaml", &policy, &errors),
			 -ENOENT);
	assert_null(policy);
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.at[0].line, 0);
	assert_string_equal(errors.at[0].file, "/nonexistent/policy.yaml");
	assert_non_null(strstr(errors.at[0].text, "No such file"));
}

static void a_path_given_is_the_only_file(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct policy_errors errors;

	(void)state;
	file_with("policy.d/a.yaml", OWN("drop-in"));
	assert_int_equal(
		policy_load_default(file_with("given.yaml", OWN("given")), &policy, &errors), 0);
	assert_int_equal(policy->n_bind, 6);
	assert_string_equal(policy->bind[0].rule, "bind.given");
}

static void a_file_that_others_can_write_is_refused(void **state)
{
	static const mode_t modes[] = { 0664, 0646, 0666, 0620, 0602 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(file_with("policy.yaml", "version: 1\n"), modes[i]), 0);
		refused(-EBADMSG, "policy.yaml", "chmod go-w");
	}
}

static void a_file_of_somebody_else_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(file_with("policy.yaml", "version: 1\n"), 4321, 0), 0);
	refused(-EBADMSG, "policy.yaml", "chown root");
}

static void what_is_no_file_is_refused_and_not_waited_for(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/policy.yaml", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(-EBADMSG, "policy.yaml", "not a regular file");
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(-EBADMSG, "policy.yaml", "not a regular file");
}

static void a_link_that_leads_nowhere_is_no_missing_file(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/policy.yaml", directory);
	assert_int_equal(symlink("/nonexistent/policy.yaml", path), 0);
	refused(-ENOENT, "policy.yaml", "cannot be read");
}

static void a_file_beyond_one_mebibyte_is_refused(void **state)
{
	(void)state;
	assert_int_equal(truncate(file_with("policy.yaml", "version: 1\n"), (1 << 20) + 1), 0);
	refused(-EBADMSG, "policy.yaml", "larger than 1 MiB");
}

static void a_directory_that_others_can_write_is_refused(void **state)
{
	char path[256];

	(void)state;
	file_with("policy.yaml", "version: 1\n");
	snprintf(path, sizeof(path), "%s/policy.d", directory);
	assert_int_equal(chmod(path, 0777), 0);
	refused(-EBADMSG, "policy.d", "chmod go-w");
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(chmod(directory, 0775), 0);
	refused(-EBADMSG, directory, "chmod go-w");
}

static void a_rule_that_another_file_buries_is_told_where_it_stands(void **state)
{
	(void)state;
	file_with("policy.yaml", "version: 1\nbind: [{rule: bind.wide, port: 1-9}]\n");
	file_with("policy.d/a.yaml", OWN_AT("narrow", "5"));
	refused(-EBADMSG, "policy.d/a.yaml", "\"bind.narrow\" can never match: \"bind.wide\" (/");
}

static void too_many_drop_ins_are_refused(void **state)
{
	char name[64];

	(void)state;
	for (int i = 0; i < 257; i++) {
		snprintf(name, sizeof(name), "policy.d/%03d.yaml", i);
		file_with(name, "version: 1\n");
	}
	refused(-EBADMSG, "policy.d", "too many drop-ins");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(without_files_the_built_in_policy_holds),
		TEST(files_are_read_in_the_order_of_their_names),
		TEST(drop_ins_alone_go_over_the_built_in_policy),
		TEST(what_editors_and_package_managers_leave_is_not_read),
		TEST(a_drop_in_that_would_not_be_read_is_told),
		TEST(mistakes_of_all_files_are_told_with_their_files),
		TEST(more_than_twenty_mistakes_are_counted),
		TEST(a_file_that_is_missing_is_named),
		TEST(a_path_given_is_the_only_file),
		TEST(a_file_that_others_can_write_is_refused),
		TEST(a_file_of_somebody_else_is_refused),
		TEST(what_is_no_file_is_refused_and_not_waited_for),
		TEST(a_link_that_leads_nowhere_is_no_missing_file),
		TEST(a_file_beyond_one_mebibyte_is_refused),
		TEST(a_directory_that_others_can_write_is_refused),
		TEST(a_rule_that_another_file_buries_is_told_where_it_stands),
		TEST(too_many_drop_ins_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
