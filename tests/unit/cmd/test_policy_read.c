// SPDX-License-Identifier: Apache-2.0
/* A policy that is not valid is told on standard error, each mistake with its place. */
#include "cmd/policy_read.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"
#include "scratch.h"

static struct policy *policy;

static int read_it(int argc, char **argv)
{
	assert_int_equal(argc, 1);
	return policy_read(argv[0], &policy);
}

static struct output reading(const struct scratch *scratch, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/policy.yaml", scratch->path);
	scratch_text(scratch, "policy.yaml", text);
	return output_of(read_it, path);
}

static void a_valid_policy_is_read_in_silence(void **state)
{
	struct output output = reading(*state, "version: 1\neverest: {unit: other.service}\n");

	assert_int_equal(output.status, 0);
	assert_string_equal(output.err, "");
	assert_string_equal(policy->unit, "other.service");
	policy_free(policy);
	output_free(&output);
}

static void each_mistake_is_told_with_its_place(void **state)
{
	struct output output = reading(*state, "version: 1\nbnid: []\nexec: {roto: {}}\n");

	assert_int_equal(output.status, -EBADMSG);
	assert_non_null(strstr(output.err, "/policy.yaml:2:1: "));
	assert_non_null(strstr(output.err, "did you mean \"bind\"?"));
	assert_non_null(strstr(output.err, "/policy.yaml:3:8: "));
	output_free(&output);
}

static void mistakes_beyond_the_twentieth_are_counted(void **state)
{
	char text[1024] = "version: 1\n";
	struct output output;

	for (int i = 0; i < POLICY_ERRORS_MAX + 3; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "unknown%d: 1\n", i);
	}
	output = reading(*state, text);
	assert_int_equal(output.status, -EBADMSG);
	assert_non_null(strstr(output.err, "and 3 more\n"));
	output_free(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_valid_policy_is_read_in_silence, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test_setup_teardown(each_mistake_is_told_with_its_place, scratch_set_up,
						scratch_tear_down),
		cmocka_unit_test_setup_teardown(mistakes_beyond_the_twentieth_are_counted,
						scratch_set_up, scratch_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
