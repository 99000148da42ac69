// SPDX-License-Identifier: Apache-2.0
/* What is in force after files: capabilities by instance, merged lists, and the hash over it. */
#include "policy/corpus.h"

#include <linux/capability.h>

#define CAP(name) (1ull << CAP_##name)

/* Whether two files mean the same. */
static bool same(const char *a, const char *b)
{
	_cleanup_(policy_freep) struct policy *x = policy_of(a);
	_cleanup_(policy_freep) struct policy *y = policy_of(b);

	assert_int_equal(strlen(x->hash), 8);
	assert_int_equal(strspn(x->hash, "0123456789abcdef"), 8);
	return !strcmp(x->hash, y->hash);
}

static void an_instance_has_its_own_list_and_not_the_names(void **state)
{
	_cleanup_(policy_freep) struct policy *policy =
		policy_of("version: 1\ncapabilities:\n  modules:\n"
			  "    slac_1:EvseSlac: [CAP_SYS_NICE]\n    only:Driver: [CAP_KILL]\n");

	(void)state;
	assert_true(policy_capabilities(policy, "slac_1", "EvseSlac") == CAP(SYS_NICE));
	assert_true(policy_capabilities(policy, "slac_2", "EvseSlac") == CAP(NET_RAW));
	assert_true(policy_capabilities(policy, "", "EvseSlac") == CAP(NET_RAW));
	assert_true(policy_capabilities(policy, "only", "Driver") == CAP(KILL));
	assert_true(policy_capabilities(policy, "other", "Driver") == 0);
	assert_true(policy_capabilities(policy, "slac_1", "Driver") == 0);
}

static void a_module_list_replaces_only_its_own(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of(
		"version: 1\ncapabilities: {modules: {Setup: [], New: [CAP_WAKE_ALARM]}}\n");

	(void)state;
	assert_true(policy_capabilities(policy, "s", "Setup") == 0);
	assert_true(policy_capabilities(policy, "s", "New") == CAP(WAKE_ALARM));
	assert_true(policy_capabilities(policy, "s", "EvSlac") == CAP(NET_RAW));
	assert_int_equal(policy->n_modules, 5);
}

static void lists_replace_and_an_empty_one_is_none(void **state)
{
	_cleanup_(policy_freep) struct policy *policy =
		policy_of("version: 1\ncapabilities: {denied_ignored: [CAP_FSETID]}\n"
			  "exec: {root: {allow: []}, shell: {allow: [Mine, Yours, Mine]}}\n");

	(void)state;
	assert_true(policy->denied_ignored == CAP(FSETID));
	assert_null(policy->root_allow);
	assert_string_equal(policy->shell_allow[0], "Mine");
	assert_string_equal(policy->shell_allow[1], "Yours");
	assert_null(policy->shell_allow[2]);
}

static void devices_add_and_are_lower_case(void **state)
{
	_cleanup_(policy_freep) struct policy *policy =
		policy_of("version: 1\nusb:\n  allow:\n"
			  "  - {vendor: 0BDA, product: \"8153\", port: 1-1.3, serial: \"A, B\"}\n"
			  "  - {class: 0E}\n  - {class: \"0e\"}\n");

	(void)state;
	assert_int_equal(policy->n_usb_allow, 2);
	assert_string_equal(policy->usb_allow[0].vendor, "0bda");
	assert_string_equal(policy->usb_allow[0].product, "8153");
	assert_string_equal(policy->usb_allow[0].port, "1-1.3");
	assert_string_equal(policy->usb_allow[0].serial, "A, B");
	assert_string_equal(policy->usb_allow[0].class, "");
	assert_string_equal(policy->usb_allow[1].class, "0e");
}

static void single_values_go_where_they_belong(void **state)
{
	_cleanup_(policy_freep) struct policy *p = policy_of(
		"version: 1\n"
		"everest: {unit: ev@1.service, manager: /m, modules_dir: /d, config: /c, settle: 5m}\n"
		"broker: {exe: /b}\n"
		"capabilities: {severity: {used: low, denied: medium, held: critical}, action: deny}\n"
		"exec: {root: {severity: medium, action: deny}, shell: {severity: low, action: allow},\n"
		"       admin_panel: {severity: high, action: deny}}\n"
		"usb: {severity: {hid: low, storage: medium, other: critical}, action: deny}\n"
		"alert: {cmdline: full}\naggregate: {window: 2m, window_max: 2h}\n"
		"journal: {size: 1GiB, max_age: 30d, mirror: none}\n"
		"mqtt: {broker: mqtts://h:1, station: S, prefix: p/q, ca: /ca, cert: /ce, key: /k}\n");

	(void)state;
	assert_string_equal(p->unit, "ev@1.service");
	assert_string_equal(p->manager, "/m");
	assert_string_equal(p->modules_dir, "/d");
	assert_string_equal(p->config, "/c");
	assert_true(p->settle_ns == 300000000000ull);
	assert_string_equal(p->broker_exe, "/b");
	assert_int_equal(p->used_severity, SEVERITY_LOW);
	assert_int_equal(p->denied_severity, SEVERITY_MEDIUM);
	assert_int_equal(p->held_severity, SEVERITY_CRITICAL);
	assert_int_equal(p->capability_action, ACTION_DENY);
	assert_int_equal(p->root_severity, SEVERITY_MEDIUM);
	assert_int_equal(p->root_action, ACTION_DENY);
	assert_int_equal(p->shell_severity, SEVERITY_LOW);
	assert_int_equal(p->shell_action, ACTION_ALLOW);
	assert_int_equal(p->admin_panel_severity, SEVERITY_HIGH);
	assert_int_equal(p->admin_panel_action, ACTION_DENY);
	assert_int_equal(p->usb_hid_severity, SEVERITY_LOW);
	assert_int_equal(p->usb_storage_severity, SEVERITY_MEDIUM);
	assert_int_equal(p->usb_other_severity, SEVERITY_CRITICAL);
	assert_int_equal(p->usb_action, ACTION_DENY);
	assert_int_equal(p->cmdline_full, 1);
	assert_true(p->window_ns == 120000000000ull);
	assert_true(p->window_max_ns == 7200000000000ull);
	assert_true(p->journal_size == 1ull << 30);
	assert_true(p->journal_max_age_ns == 30 * 86400 * 1000000000ull);
	assert_int_equal(p->journal_mirror, 0);
	assert_string_equal(p->mqtt_broker, "mqtts://h:1");
	assert_string_equal(p->station, "S");
	assert_string_equal(p->mqtt_prefix, "p/q");
	assert_string_equal(p->mqtt_ca, "/ca");
	assert_string_equal(p->mqtt_cert, "/ce");
	assert_string_equal(p->mqtt_key, "/k");
}

static void equal_policies_have_equal_hashes(void **state)
{
	(void)state;
	assert_true(same("version: 1\nexec: {shell: {allow: [B, A]}}\n",
			 "version: 1\nexec: {shell: {allow: [A, B, A]}}\n"));
	assert_true(same("version: 1\ncapabilities: {modules: {B: [], A: []}}\n",
			 "version: 1\ncapabilities: {modules: {A: [], B: []}}\n"));
	assert_true(same("version: 1\nusb: {allow: [{class: 09}, {port: 1-1}]}\n",
			 "version: 1\nusb: {allow: [{port: 1-1}, {class: 09}]}\n"));
	assert_true(same("version: 1\nbind: [{rule: bind.web, port: [80, 81, 443]}]\n",
			 "version: 1\nbind: [{rule: bind.web, port: [443, 80-81, 80]}]\n"));
	assert_true(same("version: 1\nmqtt: {ca: }\n", "version: 1\n"));
}

/* Each of these changes one thing, so no two of them, and none and nothing, may be the same. */
static void whatever_differs_shows_in_the_hash(void **state)
{
	static const char *const texts[] = {
		"version: 1\n",
		"version: 1\neverest: {unit: e.service}\n",
		"version: 1\neverest: {manager: /m}\n",
		"version: 1\neverest: {modules_dir: /m}\n",
		"version: 1\neverest: {config: /m}\n",
		"version: 1\neverest: {settle: 31s}\n",
		"version: 1\nbroker: {exe: /m}\n",
		"version: 1\nbind: [{rule: bind.web, port: 80}]\n",
		"version: 1\nbind: [{rule: bind.web, port: 81}]\n",
		"version: 1\nbind: [{rule: bind.web, port: 80, proto: tcp}]\n",
		"version: 1\nbind: [{rule: bind.web, port: 80, scope: any}]\n",
		"version: 1\nbind: [{rule: bind.web, port: 80, subject: host}]\n",
		"version: 1\nbind: [{rule: bind.web, port: 80, action: deny}]\n",
		"version: 1\nbind: [{rule: bind.web, port: 80, severity: low}]\n",
		"version: 1\nbind: [{rule: bind.a, port: 80-81}, {rule: bind.b, port: 81-82}]\n",
		"version: 1\nbind: [{rule: bind.b, port: 81-82}, {rule: bind.a, port: 80-81}]\n",
		"version: 1\nbind: [{rule: bind.admin-panel, action: off}]\n",
		"version: 1\ncapabilities: {modules: {Setup: []}}\n",
		"version: 1\ncapabilities: {modules: {\"a:Setup\": []}}\n",
		"version: 1\ncapabilities: {denied_ignored: []}\n",
		"version: 1\ncapabilities: {severity: {used: low}}\n",
		"version: 1\ncapabilities: {severity: {denied: high}}\n",
		"version: 1\ncapabilities: {severity: {held: low}}\n",
		"version: 1\ncapabilities: {action: deny}\n",
		"version: 1\nexec: {root: {allow: []}}\n",
		"version: 1\nexec: {root: {severity: low}}\n",
		"version: 1\nexec: {root: {action: deny}}\n",
		"version: 1\nexec: {shell: {allow: []}}\n",
		"version: 1\nexec: {shell: {severity: low}}\n",
		"version: 1\nexec: {shell: {action: deny}}\n",
		"version: 1\nexec: {admin_panel: {severity: low}}\n",
		"version: 1\nexec: {admin_panel: {action: deny}}\n",
		"version: 1\nusb: {allow: [{vendor: \"0403\"}]}\n",
		"version: 1\nusb: {allow: [{vendor: \"0403\", product: \"6001\"}]}\n",
		"version: 1\nusb: {allow: [{port: 1-1}]}\n",
		"version: 1\nusb: {allow: [{serial: 1-1}]}\n",
		"version: 1\nusb: {allow: [{class: 03}]}\n",
		"version: 1\nusb: {severity: {hid: low}}\n",
		"version: 1\nusb: {severity: {storage: low}}\n",
		"version: 1\nusb: {severity: {other: low}}\n",
		"version: 1\nusb: {action: deny}\n",
		"version: 1\nalert: {cmdline: full}\n",
		"version: 1\naggregate: {window: 59s}\n",
		"version: 1\naggregate: {window_max: 2d}\n",
		"version: 1\njournal: {size: 17MiB}\n",
		"version: 1\njournal: {max_age: 1d}\n",
		"version: 1\njournal: {mirror: none}\n",
		"version: 1\nmqtt: {broker: mqtt://h}\n",
		"version: 1\nmqtt: {station: h}\n",
		"version: 1\nmqtt: {prefix: h}\n",
		"version: 1\nmqtt: {ca: /h}\n",
		"version: 1\nmqtt: {cert: /h}\n",
		"version: 1\nmqtt: {key: /h}\n",
	};
	char hashes[ARRAY_SIZE(texts)][POLICY_HASH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(policy_freep) struct policy *policy = policy_of(texts[i]);

		memcpy(hashes[i], policy->hash, sizeof(hashes[i]));
		for (size_t j = 0; j < i; j++)
			if (!strcmp(hashes[i], hashes[j]))
				fail_msg("the same hash for:\n%s%s", texts[j], texts[i]);
	}
}

/* A hash that moves without cause would look like a changed policy on every charger. */
static void the_built_in_hash_is_what_it_was(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = policy_default();

	(void)state;
	assert_string_equal(policy->hash, "7e3807ed");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instance_has_its_own_list_and_not_the_names),
		cmocka_unit_test(a_module_list_replaces_only_its_own),
		cmocka_unit_test(lists_replace_and_an_empty_one_is_none),
		cmocka_unit_test(devices_add_and_are_lower_case),
		cmocka_unit_test(single_values_go_where_they_belong),
		cmocka_unit_test(equal_policies_have_equal_hashes),
		cmocka_unit_test(whatever_differs_shows_in_the_hash),
		cmocka_unit_test(the_built_in_hash_is_what_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
