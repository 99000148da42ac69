// SPDX-License-Identifier: Apache-2.0
/* EVerest's config.yaml: what evmon takes from it, what it passes over, what it refuses. */
#include "policy/corpus.h"

#include <linux/capability.h>
#include <stdlib.h>

#include "policy/everest_config.h"

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
			  "  mqtt_broker_host: broker.local, mqtt_broker_port: 1884,\n"
			  "  modules_dir: /opt/modules, prefix: /opt}\n"
			  "active_modules:\n"
			  "  slac: {module: EvseSlac, capabilities: [cap_net_raw, CAP_NET_ADMIN]}\n"
			  "  connector_1: {module: EvseManager, standalone: true}\n"
			  "  api: {module: RpcApi, standalone: false, capabilities: []}\n");

	(void)state;
	assert_string_equal(config->run_as_user, "everest");
	assert_string_equal(config->mqtt_broker_socket_path, "/run/mosquitto/mosquitto.sock");
	assert_string_equal(config->mqtt_broker_host, "broker.local");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
