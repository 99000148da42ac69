// SPDX-License-Identifier: Apache-2.0
/*
 * `evmon policy from-everest` over tests/policies/everest: NAME.yaml gives expected/NAME.yaml on
 * standard output and expected/NAME.findings on standard error, byte for byte; what it writes loads
 * and allows no module more than the built-in policy does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "capture.h"
#include "cmd/cmd.h"
#include "cmd/policy.h"
#include "policy/everest_config.h"
#include "policy/internal.h"
#include "scratch.h"

#define FOLDER "tests/policies/everest/"

enum {
	FILE_MAX = 1 << 20
};

static const char *const names[] = { "hardened", "root",  "sil",   "belaybox",
				     "phyverso", "merge", "beyond" };

static int environment_clear(void **state)
{
	(void)state;
	unsetenv("MQTT_SERVER_ADDRESS");
	unsetenv("MQTT_SERVER_PORT");
	return 0;
}

static struct output output_for(const char *name)
{
	char words[256];

	snprintf(words, sizeof(words), "from-everest " FOLDER "%s.yaml", name);
	return output_of(policy_from_everest_main, words);
}

static void is_the_file(const char *text, const char *name, const char *suffix)
{
	_cleanup_(freep) char *expected = NULL;
	char path[256];
	size_t size;

	snprintf(path, sizeof(path), FOLDER "expected/%s.%s", name, suffix);
	assert_int_equal(file_read(AT_FDCWD, path, FILE_MAX, &expected, &size), 0);
	assert_string_equal(text, expected);
}

static void each_config_gives_the_expected_policy_and_findings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(output_free) struct output output = output_for(names[i]);

		assert_int_equal(output.status, EXIT_GOOD);
		is_the_file(output.out, names[i], "yaml");
		is_the_file(output.err, names[i], "findings");
	}
}

static void no_module_gets_more(const struct everest_config *config, const struct policy *page,
				const struct policy *policy)
{
	for (size_t i = 0; i < config->n_modules; i++) {
		const struct everest_module *module = &config->modules[i];
		uint64_t most = policy_capabilities(page, module->id, module->name);

		assert_true(!(policy_capabilities(policy, module->id, module->name) & ~most));
	}
	for (size_t i = 0; i < policy->n_modules; i++) {
		const struct module_capabilities *module = &policy->modules[i];

		assert_true(!(module->mask & ~policy_capabilities(page, "", module->name)));
	}
}

static void what_is_written_loads_and_never_allows_more(void **state)
{
	_cleanup_(policy_freep) struct policy *page = NULL;

	(void)state;
	assert_int_equal(policy_new_default(&page), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_(everest_config_freep) struct everest_config *config = NULL;
		_cleanup_(output_free) struct output output = output_for(names[i]);
		_cleanup_(policy_freep) struct policy *policy = NULL;
		struct policy_errors errors;
		struct policy_error error;
		char path[256];

		assert_int_equal(policy_load_bytes(names[i], output.out, strlen(output.out),
						   &policy, &errors),
				 0);
		snprintf(path, sizeof(path), FOLDER "%s.yaml", names[i]);
		assert_int_equal(everest_config_load(path, &config, &error), 0);
		no_module_gets_more(config, page, policy);
		assert_null(policy->root_allow[1]);
		assert_string_equal(policy->root_allow[0], "/usr/bin/manager");
	}
}

/* Without the `# ` of its indented lines a comment is what it offers. */
static void what_stands_in_comments_loads_when_it_is_taken_out(void **state)
{
	static const char comment[] = "    # \"power:Huawei_V100R023C10\"";
	_cleanup_(output_free) struct output output = output_for("beyond");
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct policy_errors errors;
	char *at = strstr(output.out, comment);

	(void)state;
	assert_non_null(at);
	memset(at, ' ', strlen("    # "));
	memmove(at + 4, at + 6, strlen(at + 6) + 1);
	assert_int_equal(policy_load_bytes("p", output.out, strlen(output.out), &policy, &errors),
			 0);
	assert_true(policy_capabilities(policy, "power", "Huawei_V100R023C10") == 1ull << 13);
}

static void a_prefix_moves_everything(void **state)
{
	_cleanup_(output_free) struct output output =
		output_of(policy_from_everest_main,
			  "from-everest --prefix /opt/everest " FOLDER "hardened.yaml");
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct policy_errors errors;

	(void)state;
	assert_int_equal(output.status, EXIT_GOOD);
	assert_int_equal(policy_load_bytes("p", output.out, strlen(output.out), &policy, &errors),
			 0);
	assert_string_equal(policy->manager, "/opt/everest/bin/manager");
	assert_string_equal(policy->root_allow[0], "/opt/everest/bin/manager");
	assert_string_equal(policy->modules_dir, "/opt/everest/libexec/everest/modules");
	assert_string_equal(policy->config, "/opt/everest/etc/everest/hardened.yaml");
}

static void the_short_form_is_found_below_the_prefix(void **state)
{
	_cleanup_(output_free) struct output output = { .status = 0 };
	char words[256], path[256];
	struct scratch scratch;

	(void)state;
	scratch_make(&scratch);
	scratch_text(&scratch, "etc/everest/small.yaml", "settings: {run_as_user: everest}\n");
	snprintf(words, sizeof(words), "from-everest --prefix %s small", scratch.path);
	output = output_of(policy_from_everest_main, words);
	scratch_remove(&scratch);
	assert_int_equal(output.status, EXIT_GOOD);
	snprintf(path, sizeof(path), "  config: %s/etc/everest/small.yaml\n", scratch.path);
	assert_non_null(strstr(output.out, path));
}

static void the_environment_names_the_broker(void **state)
{
	_cleanup_(output_free) struct output output = { .status = 0 };
	_cleanup_(output_free) struct output refused = { .status = 0 };

	(void)state;
	setenv("MQTT_SERVER_ADDRESS", "broker.example", 1);
	setenv("MQTT_SERVER_PORT", "1884", 1);
	output = output_for("root");
	assert_int_equal(output.status, EXIT_GOOD);
	assert_non_null(strstr(output.out, "broker.example:1884 (as the environment says)"));
	assert_non_null(strstr(output.err, "config.broker-tcp (medium)"));

	refused = output_for("hardened");
	assert_int_equal(refused.status, EXIT_POLICY);
	assert_string_equal(refused.out, "");
	assert_non_null(strstr(refused.err, "hardened.yaml:2:59: "));
	assert_non_null(strstr(refused.err, "MQTT_SERVER_ADDRESS"));
}

static void a_port_that_is_none_is_passed_over(void **state)
{
	_cleanup_(output_free) struct output output = { .status = 0 };

	(void)state;
	setenv("MQTT_SERVER_PORT", "mqtt", 1);
	output = output_for("root");
	assert_int_equal(output.status, EXIT_GOOD);
	assert_non_null(strstr(output.out, "localhost:1883.\n"));
	assert_non_null(strstr(output.err, "MQTT_SERVER_PORT"));
}

static void what_is_wrong_has_its_exit_code(void **state)
{
	static const struct {
		const char *words;
		int status;
		const char *says;
	} cases[] = {
		{ "from-everest", EXIT_USAGE, "one CONFIG" },
		{ "from-everest a b", EXIT_USAGE, "one CONFIG" },
		{ "from-everest --prefex /x a", EXIT_USAGE, "prefex" },
		{ "from-everest a\xe2", EXIT_USAGE, "bytes" },
		{ "from-everest /nonexistent/config.yaml", EXIT_POLICY,
		  "/nonexistent/config.yaml: cannot be read: No such file" },
		{ "from-everest nonexistent", EXIT_POLICY,
		  "/etc/everest/nonexistent.yaml: cannot be read" },
		{ "from-everest policies/default.yaml", EXIT_GOOD, "config.no-run-as-user" },
		{ "from-everest Makefile", EXIT_POLICY, "Makefile:" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(output_free) struct output output =
			output_of(policy_from_everest_main, cases[i].words);

		assert_int_equal(output.status, cases[i].status);
		assert_non_null(strstr(output.err, cases[i].says));
		if (output.status != EXIT_GOOD)
			assert_string_equal(output.out, "");
	}
}

static void more_than_a_policy_can_hold_is_an_error(void **state)
{
	_cleanup_(output_free) struct output most = { .status = 0 };
	_cleanup_(output_free) struct output more = { .status = 0 };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(freep) char *text = NULL;
	struct policy_errors errors;
	struct scratch scratch;
	char words[256];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	fputs("active_modules:\n", f);
	for (unsigned i = 0; i < 236; i++)
		fprintf(f, "  slac_%u: {module: EvseSlac}\n", i);
	assert_int_equal(fflush(f), 0);
	scratch_make(&scratch);
	scratch_text(&scratch, "c.yaml", text);
	snprintf(words, sizeof(words), "from-everest %s/c.yaml", scratch.path);
	most = output_of(policy_from_everest_main, words);
	fputs("  one_more: {module: EvseSlac}\n", f);
	assert_int_equal(fclose(f), 0);
	scratch_text(&scratch, "c.yaml", text);
	more = output_of(policy_from_everest_main, words);
	scratch_remove(&scratch);

	assert_int_equal(most.status, EXIT_GOOD);
	assert_int_equal(policy_load_bytes("p", most.out, strlen(most.out), &policy, &errors), 0);
	assert_int_equal(policy->n_modules, 240);
	assert_int_equal(more.status, EXIT_FAILED);
	assert_string_equal(more.out, "");
	assert_non_null(strstr(more.err, "more modules"));
}

static void help_is_on_standard_output(void **state)
{
	_cleanup_(output_free) struct output output =
		output_of(policy_from_everest_main, "from-everest --help");

	(void)state;
	assert_int_equal(output.status, EXIT_GOOD);
	assert_non_null(strstr(output.out, "--prefix DIR"));
	assert_string_equal(output.err, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, environment_clear, environment_clear)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(each_config_gives_the_expected_policy_and_findings),
		TEST(what_is_written_loads_and_never_allows_more),
		TEST(what_stands_in_comments_loads_when_it_is_taken_out),
		TEST(a_prefix_moves_everything),
		TEST(the_short_form_is_found_below_the_prefix),
		TEST(the_environment_names_the_broker),
		TEST(a_port_that_is_none_is_passed_over),
		TEST(what_is_wrong_has_its_exit_code),
		TEST(more_than_a_policy_can_hold_is_an_error),
		TEST(help_is_on_standard_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
