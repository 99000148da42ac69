// SPDX-License-Identifier: Apache-2.0
/* EVerest's config.yaml: what evmon takes from it, what it passes over, what it refuses. */
#include "policy/corpus.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/everest_config.h"
#include "policy/everest_path.h"
#include "scratch.h"

#define CAP(name) (1ull << CAP_##name)

static struct everest_config *config_of(const char *text)
{
	struct everest_config *config = NULL;
	struct policy_error error;
	int err = everest_config_parse("config.yaml", text, strlen(text), &config, &error);

	if (err)
		print_error("%u:%u: %s\n", error.line, error.column, error.text);
	assert_int_equal(err, 0);
	return config;
}

static void settings_and_modules_are_read(void **state)
{
	_cleanup_(everest_config_freep) struct everest_config *config =
		config_of("settings: {run_as_user: everest, controller_port: 8850,\n"
			  "  mqtt_broker_socket_path: /run/mosquitto/mosquitto.sock,\n"
			  "  mqtt_broker_port: 1884,\n"
			  "  modules_dir: /opt/modules, prefix: /opt}\n"
			  "active_modules:\n"
			  "  slac: {module: EvseSlac, capabilities: [cap_net_raw, CAP_NET_ADMIN]}\n"
			  "  connector_1: {module: EvseManager, standalone: true}\n"
			  "  api: {module: RpcApi, standalone: false, capabilities: []}\n");

	(void)state;
	assert_string_equal(config->run_as_user, "everest");
	assert_string_equal(config->mqtt_broker_socket_path, "/run/mosquitto/mosquitto.sock");
	assert_int_equal(config->mqtt_broker_port, 1884);
	assert_int_equal(config->controller_port, 8850);
	assert_string_equal(config->modules_dir, "/opt/modules");
	assert_int_equal(config->n_modules, 3);
	assert_string_equal(config->modules[0].id, "slac");
	assert_string_equal(config->modules[0].name, "EvseSlac");
	assert_true(config->modules[0].capabilities == (CAP(NET_RAW) | CAP(NET_ADMIN)));
	assert_false(config->modules[0].standalone);
	assert_string_equal(config->modules[1].id, "connector_1");
	assert_true(config->modules[1].standalone);
	assert_string_equal(config->modules[2].name, "RpcApi");
	assert_false(config->modules[2].standalone);
	assert_true(config->modules[2].capabilities == 0);
}

static void what_is_missing_has_everests_defaults(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "{}\n", "active_modules: {}\n",
					     "settings: {}\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(everest_config_freep) struct everest_config *config = config_of(texts[i]);

		assert_string_equal(config->run_as_user, "");
		assert_string_equal(config->mqtt_broker_socket_path, "");
		assert_string_equal(config->modules_dir, "");
		assert_int_equal(config->mqtt_broker_port, 1883);
		assert_int_equal(config->controller_port, 8849);
		assert_int_equal(config->n_modules, 0);
	}
}

static void a_prefix_says_where_modules_are(void **state)
{
	_cleanup_(everest_config_freep) struct everest_config *config =
		config_of("settings: {prefix: /opt/everest}\n");

	(void)state;
	assert_string_equal(config->modules_dir, "/opt/everest/libexec/everest/modules");
}

static void what_is_none_of_evmons_business_is_passed_over(void **state)
{
	_cleanup_(everest_config_freep) struct everest_config *config =
		config_of("x-module-layout: {slac: {position: {x: 1, y: -2}}}\n"
			  "settings: {telemetry_enabled: false, future: [1, {a: b}]}\n"
			  "active_modules:\n"
			  "  ocpp:\n"
			  "    module: OCPP201\n"
			  "    config_module:\n"
			  "      text: |\n        two\n        lines\n"
			  "      tab: \"a\\tb\"\n");

	(void)state;
	assert_int_equal(config->n_modules, 1);
	assert_string_equal(config->modules[0].name, "OCPP201");
}

static void mistakes_are_told_with_their_place(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *words;
	} bad[] = {
		{ "- a\n", 1, 1, "the file must be a mapping" },
		{ "active_modules: []\n", 1, 17, "must be a mapping, not a list" },
		{ "settings: no\n", 1, 11, "must be a mapping" },
		{ "settings: {run_as_user: [a]}\n", 1, 25, "must be a single value" },
		{ "settings: {run_as_user: \"a\\nb\"}\n", 1, 25, "control bytes" },
		{ "settings: {mqtt_broker_port: 0}\n", 1, 30, "\"0\" is not a port" },
		{ "settings: {mqtt_broker_port: 65536}\n", 1, 30, "is not a port" },
		{ "settings: {controller_port: 8849a}\n", 1, 29, "is not a port" },
		{ "settings: {controller_port: {}}\n", 1, 29, "must be a port" },
		{ "active_modules:\n  slac: EvseSlac\n", 2, 9, "must be a mapping" },
		{ "active_modules:\n  slac: {standalone: true}\n", 2, 3, "has no \"module\"" },
		{ "active_modules:\n  slac: {module: [A]}\n", 2, 18, "must be a module's name" },
		{ "active_modules:\n  slac: {module: A B}\n", 2, 18, "is not a module's name" },
		{ "active_modules:\n  1slac: {module: A}\n", 2, 3, "is not a module's name" },
		{ "active_modules:\n  a: {module: A}\n  a: {module: B}\n", 3, 3, "stands twice" },
		{ "active_modules: {a: {module: A, capabilities: CAP_KILL}}\n", 1, 47,
		  "must be a list" },
		{ "active_modules: {a: {module: A, capabilities: [CAP_ALL]}}\n", 1, 48,
		  "\"CAP_ALL\" is no capability" },
		{ "active_modules: {a: {module: A, capabilities: [[]]}}\n", 1, 48,
		  "is no capability" },
		{ "active_modules: {a: {module: A, standalone: yes}}\n", 1, 45,
		  "must be true or false" },
		{ "active_modules: {a: &x {module: A}}\n", 1, 21, "anchors" },
		{ "active_modules: {a: {module: A}, <<: {}}\n", 1, 34, "merge keys" },
		{ "settings: {}\n---\nsettings: {}\n", 2, 1, "second document" },
		{ "settings: {\n", 2, 1, "not YAML" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct everest_config *config = NULL;
		struct policy_error error = { .text = "" };

		assert_int_equal(everest_config_parse("c", bad[i].text, strlen(bad[i].text),
						      &config, &error),
				 -EBADMSG);
		assert_null(config);
		if (error.line != bad[i].line || error.column != bad[i].column ||
		    !strstr(error.text, bad[i].words))
			fail_msg("%s\t%u:%u: %s", bad[i].text, error.line, error.column,
				 error.text);
	}
}

static void the_stand_in_trees_configurations_are_read(void **state)
{
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	struct policy_error error;

	(void)state;
	assert_int_equal(
		everest_config_load("tests/everest-sim/configs/hardened.yaml", &config, &error), 0);
	assert_true(config->n_modules > 5);
	for (size_t i = 0; i < config->n_modules; i++)
		if (!strcmp(config->modules[i].name, "EvseSlac"))
			assert_true(config->modules[i].capabilities == CAP(NET_RAW));
}

static void a_missing_file_is_named(void **state)
{
	struct everest_config *config = NULL;
	struct policy_error error;

	(void)state;
	assert_int_equal(everest_config_load("/nonexistent/config.yaml", &config, &error), -ENOENT);
	assert_null(config);
	assert_string_equal(error.file, "/nonexistent/config.yaml");
	assert_int_equal(error.line, 0);
	assert_non_null(strstr(error.text, "No such file"));
}

static int merged(const char *text, const char *user, const struct everest_start *start,
		  struct everest_config **ret_config, struct policy_error *ret_error)
{
	const struct source first = { "c", text, strlen(text), true };
	const struct source second = { "u", user ? user : "", user ? strlen(user) : 0, true };

	return everest_config_parse_merged(&first, user ? &second : NULL, start, ret_config,
					   ret_error);
}

static const struct everest_start plain_start = { .prefix = NULL };

/* "id:Name:mask:hazards;..." */
static void modules_are(const char *text, const char *user, const char *expected)
{
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	struct policy_error error = { .text = "" };
	char words[512] = "";

	if (merged(text, user, &plain_start, &config, &error) < 0)
		fail_msg("%s\t%s:%u:%u: %s", user, error.file, error.line, error.column,
			 error.text);
	for (size_t i = 0; i < config->n_modules; i++) {
		const struct everest_module *module = &config->modules[i];
		size_t n = strlen(words);

		snprintf(words + n, sizeof(words) - n, "%s:%s:%llx:%x;", module->id, module->name,
			 (unsigned long long)module->capabilities, module->hazards);
	}
	assert_string_equal(words, expected);
}

static void the_users_modules_are_merged_over(void **state)
{
	static const char text[] = "active_modules:\n"
				   "  a: {module: A, capabilities: [CAP_KILL, CAP_NET_RAW],\n"
				   "    config_module: {tls_key_logging: true, x: 1}}\n"
				   "  b: {module: B, config_module: [1]}\n";
	static const struct {
		const char *user, *modules;
	} cases[] = {
		{ NULL, "a:A:2020:1;b:B:0:0;" },
		{ "", "a:A:2020:1;b:B:0:0;" },
		{ "# nothing\n", "a:A:2020:1;b:B:0:0;" },
		{ "settings: {x: 1}\n", "a:A:2020:1;b:B:0:0;" },
		{ "active_modules: {}\n", "a:A:2020:1;b:B:0:0;" },
		{ "active_modules:\n", "" },
		{ "active_modules: ~\n", "" },
		{ "active_modules: {a: null}\n", "b:B:0:0;" },
		{ "active_modules: {a: , b: ~}\n", "" },
		{ "active_modules: {c: null}\n", "a:A:2020:1;b:B:0:0;" },
		{ "active_modules: {c: {module: C, standalone: null}}\n",
		  "a:A:2020:1;b:B:0:0;c:C:0:0;" },
		{ "active_modules: {a: {capabilities: [CAP_KILL]}}\n", "a:A:20:1;b:B:0:0;" },
		{ "active_modules: {a: {capabilities: null}}\n", "a:A:0:1;b:B:0:0;" },
		{ "active_modules: {a: {module: Z}}\n", "a:Z:2020:1;b:B:0:0;" },
		{ "active_modules: {a: {module: \"null\"}}\n", "a:null:2020:1;b:B:0:0;" },
		{ "active_modules: {a: {config_module: {tls_key_logging: false}}}\n",
		  "a:A:2020:0;b:B:0:0;" },
		{ "active_modules: {a: {config_module: {x: 2}}}\n", "a:A:2020:1;b:B:0:0;" },
		{ "active_modules: {b: {config_module: {enable_ssl_logging: true, y: ~}}}\n",
		  "a:A:2020:1;b:B:0:2;" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		modules_are(text, cases[i].user, cases[i].modules);
	modules_are("", "active_modules: {c: {module: C}}\n", "c:C:0:0;");
}

static void settings_of_the_user_are_not_everests(void **state)
{
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	struct policy_error error;

	(void)state;
	assert_int_equal(merged("settings: {run_as_user: everest}\n",
				"settings: {run_as_user: root, controller_port: 1}\n", &plain_start,
				&config, &error),
			 0);
	assert_string_equal(config->run_as_user, "everest");
	assert_int_equal(config->controller_port, 8849);
	assert_string_equal(config->user_config, "u");
}

static void mistakes_are_told_with_the_file_that_has_them(void **state)
{
	static const char text[] = "active_modules:\n  a: {module: A}\n";
	static const struct {
		const char *user, *place;
	} bad[] = {
		{ "active_modules: {a: {capabilities: [CAP_ALL]}}\n", "u:1:37" },
		{ "active_modules: {a: {standalone: 1}}\n", "u:1:34" },
		{ "active_modules: {a: {module: null}}\n", "c:2:3" },
		{ "active_modules: {b: {}}\n", "u:1:18" },
		{ "active_modules: [a]\n", "u:1:17" },
		{ "[a]\n", "u:1:1" },
		{ "a: &x\n", "u:1:4" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct everest_config *config = NULL;
		struct policy_error error = { .text = "" };
		char place[300];

		assert_int_equal(merged(text, bad[i].user, &plain_start, &config, &error),
				 -EBADMSG);
		assert_null(config);
		snprintf(place, sizeof(place), "%s:%u:%u", error.file, error.line, error.column);
		assert_string_equal(place, bad[i].place);
	}
}

static void a_host_and_a_socket_exclude_each_other(void **state)
{
	static const char socket[] = "settings: {mqtt_broker_socket_path: /run/m.sock}\n";
	static const char both[] = "settings: {mqtt_broker_host: h, mqtt_broker_socket_path: /s}\n";
	static const char neither[] =
		"settings: {mqtt_broker_host: h, mqtt_broker_socket_path: ''}\n";
	const struct everest_start start = { .mqtt_address = "other", .mqtt_port = 1884 };
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	struct everest_config *none = NULL;
	struct policy_error error;

	(void)state;
	assert_int_equal(merged(both, NULL, &plain_start, &none, &error), -EBADMSG);
	assert_int_equal(error.column, 30);
	assert_int_equal(merged(socket, NULL, &start, &none, &error), -EBADMSG);
	assert_int_equal(error.column, 37);
	assert_non_null(strstr(error.text, "MQTT_SERVER_ADDRESS"));
	assert_null(none);
	assert_int_equal(merged(neither, NULL, &start, &config, &error), 0);
	assert_string_equal(config->mqtt_broker_host, "other");
	assert_int_equal(config->mqtt_broker_port, 1884);
}

static void a_prefix_of_the_start_goes_before(void **state)
{
	static const struct {
		const char *settings, *prefix, *modules_dir;
	} cases[] = {
		{ "{}", "/opt", "/opt/libexec/everest/modules" },
		{ "{prefix: /a}", "/opt", "/opt/libexec/everest/modules" },
		{ "{modules_dir: m}", "/opt", "/opt/m" },
		{ "{modules_dir: m}", NULL, "/usr/m" },
		{ "{modules_dir: m, prefix: /a}", NULL, "/a/m" },
		{ "{modules_dir: /m}", "/opt", "/m" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct everest_start start = { .prefix = cases[i].prefix };
		_cleanup_(everest_config_freep) struct everest_config *config = NULL;
		struct policy_error error;
		char text[128];

		snprintf(text, sizeof(text), "settings: %s\n", cases[i].settings);
		assert_int_equal(merged(text, NULL, &start, &config, &error), 0);
		assert_string_equal(config->modules_dir, cases[i].modules_dir);
	}
}

static void the_users_file_lies_beside_the_config(void **state)
{
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	_cleanup_(everest_config_freep) struct everest_config *linked = NULL;
	struct policy_error error;
	struct scratch scratch;
	char path[128], link[128];

	(void)state;
	scratch_make(&scratch);
	scratch_text(&scratch, "real/c.yaml", "active_modules: {a: {module: A}}\n");
	scratch_text(&scratch, "real/user-config/c.yaml", "active_modules: {b: {module: B}}\n");
	snprintf(path, sizeof(path), "%s/real/c.yaml", scratch.path);
	snprintf(link, sizeof(link), "%s/link.yaml", scratch.path);
	assert_int_equal(symlink("real/c.yaml", link), 0);
	assert_int_equal(everest_config_load(path, &config, &error), 0);
	assert_int_equal(everest_config_load(link, &linked, &error), 0);
	scratch_remove(&scratch);
	assert_int_equal(config->n_modules, 2);
	assert_int_equal(linked->n_modules, 2);
	assert_string_equal(config->user_config + strlen(scratch.path), "/real/user-config/c.yaml");
}

static void words_become_paths_as_the_manager_makes_them(void **state)
{
	static const struct {
		const char *word, *prefix, *path;
	} cases[] = {
		{ NULL, NULL, "/etc/everest/default.yaml" },
		{ NULL, "/usr", "/etc/everest/default.yaml" },
		{ NULL, "/usr/", "/etc/everest/default.yaml" },
		{ NULL, "/", "/etc/everest/default.yaml" },
		{ NULL, "/opt/e", "/opt/e/etc/everest/default.yaml" },
		{ "sil-none", NULL, "/etc/everest/sil-none.yaml" },
		{ "sil-none", "/opt/e/", "/opt/e/etc/everest/sil-none.yaml" },
		{ "/nowhere/c.yaml", "/opt", "/nowhere/c.yaml" },
		{ "tests/everest-sim/configs/mini.yaml", "/opt",
		  "tests/everest-sim/configs/mini.yaml" },
	};
	char path[PATH_MAX], endless[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(everest_config_path(cases[i].word, cases[i].prefix, path), 0);
		assert_string_equal(path, cases[i].path);
	}
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_int_equal(everest_config_path(NULL, endless, path), -ENAMETOOLONG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_and_modules_are_read),
		cmocka_unit_test(what_is_missing_has_everests_defaults),
		cmocka_unit_test(a_prefix_says_where_modules_are),
		cmocka_unit_test(what_is_none_of_evmons_business_is_passed_over),
		cmocka_unit_test(mistakes_are_told_with_their_place),
		cmocka_unit_test(the_stand_in_trees_configurations_are_read),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(the_users_modules_are_merged_over),
		cmocka_unit_test(settings_of_the_user_are_not_everests),
		cmocka_unit_test(mistakes_are_told_with_the_file_that_has_them),
		cmocka_unit_test(a_host_and_a_socket_exclude_each_other),
		cmocka_unit_test(a_prefix_of_the_start_goes_before),
		cmocka_unit_test(the_users_file_lies_beside_the_config),
		cmocka_unit_test(words_become_paths_as_the_manager_makes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
