// SPDX-License-Identifier: Apache-2.0
/* check and policy: what goes where, and with which status; tests/e2e/policy.py has the corpora. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "cmd/cmd.h"
#include "scratch.h"

/* `words`, each @ in them being the scratch directory. */
static struct output output_in(const struct scratch *scratch, int (*verb)(int argc, char **argv),
			       const char *words)
{
	char line[1024];
	size_t at = 0;

	for (; *words; words++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, *words == '@' ? "%s" : "%.1s",
				       *words == '@' ? scratch->path : words);
	return output_of(verb, line);
}

static void a_valid_policy_is_named_by_its_hash(void **state)
{
	const struct scratch *scratch = *state;

	scratch_text(scratch, "a.yaml", "version: 1\n");
	output_is(output_in(scratch, check_main, "check @/a.yaml"), EXIT_GOOD,
		  "policy 7e3807ed is valid: /", "");
	output_is(output_in(scratch, check_main, "check @/a.yaml @/a.yaml"), EXIT_GOOD,
		  "/a.yaml, /", "");
}

static void mistakes_look_like_a_compilers(void **state)
{
	const struct scratch *scratch = *state;
	struct output output;
	char start[128];

	scratch_text(scratch, "a.yaml", "version: 1\nusbs: {}\nmqtt: {station: }\n");
	output = output_in(scratch, check_main, "check @/a.yaml");
	assert_int_equal(output.status, EXIT_POLICY);
	assert_string_equal(output.out, "");
	snprintf(start, sizeof(start), "%s/a.yaml:2:1: unknown key \"usbs\"", scratch->path);
	assert_memory_equal(output.err, start, strlen(start));
	snprintf(start, sizeof(start), "\n%s/a.yaml:3:17: ", scratch->path);
	assert_non_null(strstr(output.err, start));
	output_free(&output);
	output_is(output_in(scratch, check_main, "check @/none.yaml"), EXIT_POLICY, "",
		  "/none.yaml: cannot be read: No such file or directory\n");
}

static void files_go_one_over_the_other(void **state)
{
	const struct scratch *scratch = *state;

	scratch_text(scratch, "a.yaml", "version: 1\nbind: [{rule: bind.own, port: 80}]\n");
	scratch_text(scratch, "b.yaml", "version: 1\nbind: [{rule: bind.own, action: off}]\n");
	output_is(output_in(scratch, check_main, "check @/b.yaml"), EXIT_POLICY, "",
		  "no rule \"bind.own\" to switch off");
	output_is(output_in(scratch, check_main, "check @/a.yaml @/b.yaml"), EXIT_GOOD,
		  "policy 7e3807ed ", "");
}

static void show_begins_with_hash_and_files(void **state)
{
	const struct scratch *scratch = *state;

	scratch_text(scratch, "a.yaml",
		     "version: 1\neverest: {unit: my.service, config: /nonexistent/c.yaml}\n");
	output_is(output_in(scratch, policy_main, "policy show @/a.yaml"), EXIT_GOOD,
		  "/a.yaml over the built-in policy\nversion: 1 ", "");
	output_is(output_in(scratch, policy_main, "policy show @/none.yaml"), EXIT_POLICY, "",
		  "/none.yaml: cannot be read");
}

static void a_difference_is_a_status(void **state)
{
	const struct scratch *scratch = *state;

	scratch_text(scratch, "a.yaml", "version: 1\nusb: {action: deny}\n");
	scratch_text(scratch, "b.yaml", "version: 1\nusb: {action: denny}\n");
	output_is(output_in(scratch, policy_main, "policy diff built-in @/a.yaml"), EXIT_FAILED,
		  "is denied from now on", "");
	output_is(output_in(scratch, policy_main, "policy diff @/a.yaml @/a.yaml"), EXIT_GOOD,
		  "they allow and forbid the same\n", "");
	output_is(output_in(scratch, policy_main, "policy diff @/a.yaml @/b.yaml"), EXIT_POLICY, "",
		  "/b.yaml:2:15: ");
	output_is(output_in(scratch, policy_main, "policy diff @/b.yaml @/a.yaml"), EXIT_POLICY, "",
		  "/b.yaml:2:15: ");
	output_is(output_in(scratch, policy_main, "policy diff @/a.yaml"), EXIT_USAGE, "",
		  "wants two policies");
}

static void the_schema_is_json(void **state)
{
	struct output output = output_of(policy_main, "policy schema");
	struct json_object *tree = json_tokener_parse(output.out), *title = NULL;

	(void)state;
	assert_int_equal(output.status, EXIT_GOOD);
	assert_true(json_object_object_get_ex(tree, "title", &title));
	assert_string_equal(json_object_get_string(title), "evmon.policy/1");
	json_object_put(tree);
	output_free(&output);
}

static void words_that_are_none_are_told(void **state)
{
	(void)state;
	output_is(output_of(policy_main, "policy"), EXIT_USAGE, "", "--help");
	output_is(output_of(policy_main, "policy shwo"), EXIT_USAGE, "", "did you mean \"show\"?");
	output_is(output_of(policy_main, "policy show --bogus"), EXIT_USAGE, "",
		  "policy show: unknown option \"--bogus\"");
	output_is(output_of(policy_main, "policy schema more"), EXIT_USAGE, "", "\"more\"");
	output_is(output_of(check_main, "check -x"), EXIT_USAGE, "", "check: unknown option -x");
	output_is(output_of(policy_main, "policy --help"), EXIT_GOOD, "Usage: evmon policy show",
		  "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_valid_policy_is_named_by_its_hash),
		TEST(mistakes_look_like_a_compilers),
		TEST(files_go_one_over_the_other),
		TEST(show_begins_with_hash_and_files),
		TEST(a_difference_is_a_status),
		cmocka_unit_test(the_schema_is_json),
		cmocka_unit_test(words_that_are_none_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
