// SPDX-License-Identifier: Apache-2.0
/* Findings in EVerest's config: each rule, and that a config as the page wants it gives none. */
#include "policy/corpus.h"

#include <stdlib.h>

#include "base/capability.h"
#include "policy/config_lint.h"
#include "policy/everest_config.h"

enum {
	FOUND_MAX = 16
};

struct found {
	struct config_finding at[FOUND_MAX];
	size_t n;
};

static int keep(const struct config_finding *finding, void *userdata)
{
	struct found *found = userdata;

	assert_true(found->n < FOUND_MAX);
	found->at[found->n++] = *finding;
	return 0;
}

static int stop(const struct config_finding *finding, void *userdata)
{
	(void)finding;
	++*(size_t *)userdata;
	return -ECANCELED;
}

static struct everest_config *config_of(const char *text)
{
	struct everest_config *config = NULL;
	struct policy_error error;

	assert_int_equal(everest_config_parse("config.yaml", text, strlen(text), &config, &error),
			 0);
	return config;
}

static struct found found_in(const char *text, const char *policy_text)
{
	_cleanup_(everest_config_freep) struct everest_config *config = config_of(text);
	_cleanup_(policy_freep) struct policy *policy = policy_text ? policy_of(policy_text) :
								      policy_default();
	struct found found = { .n = 0 };

	assert_int_equal(config_lint(config, policy, keep, &found), 0);
	return found;
}

static void finding_is(const struct config_finding *finding, enum evmon_rule rule, const char *what,
		       const char *detail)
{
	if (!strstr(finding->detail, detail))
		print_error("%s: %s\n", finding->what, finding->detail);
	assert_int_equal(finding->rule, rule);
	assert_string_equal(finding->what, what);
	assert_non_null(strstr(finding->detail, detail));
}

#define GOOD_SETTINGS "settings: {run_as_user: everest, mqtt_broker_socket_path: /run/m.sock"

static void what_the_page_wants_gives_no_finding(void **state)
{
	struct found found = found_in(
		GOOD_SETTINGS "}\n"
			      "active_modules:\n"
			      "  slac: {module: EvseSlac, capabilities: [CAP_NET_RAW],\n"
			      "    config_implementation: {main: {device: seth0}}}\n"
			      "  setup: {module: Setup, capabilities: [CAP_NET_ADMIN]}\n"
			      "  api: {module: RpcApi, config_module: {websocket_interface: lo}}\n"
			      "  v2g: {module: EvseV2G, config_module: {tls_key_logging: false}}\n"
			      "  sec: {module: EvseSecurity, config_module: {private_key_password: "
			      "aX7_}}\n",
		NULL);

	(void)state;
	assert_int_equal(found.n, 0);
}

static void the_hardened_stand_in_gives_no_finding(void **state)
{
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	_cleanup_(policy_freep) struct policy *policy = policy_default();
	struct found found = { .n = 0 };
	struct policy_error error;

	(void)state;
	assert_int_equal(
		everest_config_load("tests/everest-sim/configs/hardened.yaml", &config, &error), 0);
	assert_int_equal(config_lint(config, policy, keep, &found), 0);
	assert_int_equal(found.n, 0);
}

static void no_user_or_root_is_told_once(void **state)
{
	static const char *const users[] = { "", "run_as_user: root, ", "run_as_user: '', " };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		struct found found;
		char text[128];

		snprintf(text, sizeof(text), "settings: {%smqtt_broker_socket_path: /run/m.sock}\n",
			 users[i]);
		found = found_in(text, NULL);
		assert_int_equal(found.n, 1);
		finding_is(&found.at[0], EVMON_RULE_CONFIG_NO_RUN_AS_USER, "run_as_user",
			   "run as root");
	}
}

static void no_socket_is_mqtt_over_tcp(void **state)
{
	struct found found =
		found_in("settings: {run_as_user: everest, mqtt_broker_port: 1884}\n", NULL);

	(void)state;
	assert_int_equal(found.n, 1);
	finding_is(&found.at[0], EVMON_RULE_CONFIG_BROKER_TCP, "mqtt_broker_socket_path",
		   "localhost:1884");
	found = found_in("settings: {run_as_user: everest, mqtt_broker_host: b.example}\n", NULL);
	assert_int_equal(found.n, 1);
	assert_non_null(strstr(found.at[0].detail, "b.example:1883"));
}

static void a_moved_panel_is_told_where_no_rule_follows_it(void **state)
{
	struct found found = found_in(GOOD_SETTINGS ", controller_port: 8850}\n", NULL);

	(void)state;
	assert_int_equal(found.n, 1);
	finding_is(&found.at[0], EVMON_RULE_CONFIG_ADMIN_PANEL_PORT, "controller_port", "8850");

	found = found_in(GOOD_SETTINGS ", controller_port: 8850}\n",
			 "version: 1\nbind: [{rule: bind.admin-panel, port: [8849, 8850]}]\n");
	assert_int_equal(found.n, 0);
	found = found_in(GOOD_SETTINGS ", controller_port: 8850}\n",
			 "version: 1\nbind: [{rule: bind.mine, port: 8850, action: allow}]\n");
	assert_int_equal(found.n, 1);
}

static void capabilities_beyond_are_named_by_module(void **state)
{
	static const char text[] = GOOD_SETTINGS
		"}\n"
		"active_modules:\n"
		"  slac: {module: EvseSlac, capabilities: [cap_net_raw, CAP_SYS_ADMIN, "
		"CAP_NET_ADMIN]}\n"
		"  power: {module: Huawei_V100R023C10, capabilities: [CAP_NET_RAW]}\n";
	struct found found = found_in(text, NULL);

	(void)state;
	assert_int_equal(found.n, 2);
	finding_is(&found.at[0], EVMON_RULE_CONFIG_CAPABILITIES_BEYOND_PAGE, "slac (EvseSlac)",
		   "asks for CAP_NET_ADMIN, CAP_SYS_ADMIN,");
	finding_is(&found.at[1], EVMON_RULE_CONFIG_CAPABILITIES_BEYOND_PAGE,
		   "power (Huawei_V100R023C10)", "asks for CAP_NET_RAW,");

	found = found_in(text, "version: 1\n"
			       "capabilities: {modules: {'power:Huawei_V100R023C10': "
			       "[CAP_NET_RAW]}}\n");
	assert_int_equal(found.n, 1);
	assert_string_equal(found.at[0].what, "slac (EvseSlac)");
}

static void dangerous_settings_are_told(void **state)
{
	static const struct {
		const char *module, *detail;
	} cases[] = {
		{ "EvseV2G, config_module: {tls_key_logging: true}", "tls_key_logging writes" },
		{ "E, config_module: {enable_tls_key_logging: true}", "tls_key_logging writes" },
		{ "E, config_module: {enable_ssl_logging: true}", "enable_ssl_logging logs" },
		{ "EvseSecurity, config_module: {private_key_password: '123456'}",
		  "private_key_password is" },
		{ "RpcApi, config_module: {websocket_interface: all}",
		  "websocket_interface serves" },
		{ "RpcApi, config_implementation: {main: {websocket_interface: eth0}}",
		  "websocket_interface serves" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct found found;
		char text[256];

		snprintf(text, sizeof(text), GOOD_SETTINGS "}\nactive_modules: {x: {module: %s}}\n",
			 cases[i].module);
		found = found_in(text, NULL);
		assert_int_equal(found.n, 1);
		assert_int_equal(found.at[0].rule, EVMON_RULE_CONFIG_LINT);
		assert_non_null(strstr(found.at[0].detail, cases[i].detail));
	}
}

static void simulators_are_one_finding(void **state)
{
	struct found found = found_in(GOOD_SETTINGS "}\n"
						    "active_modules:\n"
						    "  slac: {module: SlacSimulator}\n"
						    "  auth: {module: Auth}\n"
						    "  token: {module: DummyTokenProvider}\n",
				      NULL);

	(void)state;
	assert_int_equal(found.n, 1);
	finding_is(&found.at[0], EVMON_RULE_CONFIG_LINT, "simulators",
		   "2 of the modules only simulate");
	assert_non_null(
		strstr(found.at[0].detail, "slac (SlacSimulator), token (DummyTokenProvider)"));
}

static void the_longest_names_and_most_modules_are_cut_not_overrun(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct found found;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	fputs(GOOD_SETTINGS "}\nactive_modules:\n", f);
	for (unsigned i = 0; i < 100; i++)
		fprintf(f, "  x%062u: {module: Dummy%058u}\n", i, i);
	fprintf(f, "  y%062u: {module: Z%062u, capabilities: [", 0u, 0u);
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		fprintf(f, "%s,", capability_name(i));
	fputs("]}\n", f);
	assert_int_equal(fclose(f), 0);
	found = found_in(text, NULL);
	assert_int_equal(found.n, 2);
	assert_true(strlen(found.at[0].what) < sizeof(found.at[0].what) - 1);
	assert_non_null(strstr(found.at[0].detail, "which the policy does not grant"));
	assert_non_null(strstr(found.at[1].detail, "100 of the modules"));
}

static void the_function_may_end_it(void **state)
{
	_cleanup_(everest_config_freep) struct everest_config *config = config_of("{}\n");
	_cleanup_(policy_freep) struct policy *policy = policy_default();
	size_t calls = 0;

	(void)state;
	assert_int_equal(config_lint(config, policy, stop, &calls), -ECANCELED);
	assert_int_equal(calls, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_page_wants_gives_no_finding),
		cmocka_unit_test(the_hardened_stand_in_gives_no_finding),
		cmocka_unit_test(no_user_or_root_is_told_once),
		cmocka_unit_test(no_socket_is_mqtt_over_tcp),
		cmocka_unit_test(a_moved_panel_is_told_where_no_rule_follows_it),
		cmocka_unit_test(capabilities_beyond_are_named_by_module),
		cmocka_unit_test(dangerous_settings_are_told),
		cmocka_unit_test(simulators_are_one_finding),
		cmocka_unit_test(the_longest_names_and_most_modules_are_cut_not_overrun),
		cmocka_unit_test(the_function_may_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
