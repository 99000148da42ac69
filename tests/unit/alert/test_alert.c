// SPDX-License-Identifier: Apache-2.0
/* What an alert says and how grave it is: names, severity by the policy, words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert_help.h"
#include "base/clock.h"
#include "base/file.h"
#include "policy/rules.h"
#include "scratch.h"

static const struct alert *made(struct stage *stage, const struct event *event)
{
	alert_from_event(stage->alert, event, stage->modules, stage->policy);
	return stage->alert;
}

static void bind_is_told_in_the_contracts_words(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);
	const struct alert *alert = made(stage, &event);

	assert_string_equal(alert->message,
			    "module api (RpcApi) bound tcp 0.0.0.0:8849, the admin panel's port");
	assert_string_equal(alert->rule_name, "bind.admin-panel");
	assert_int_equal(alert->severity, SEVERITY_CRITICAL);
	assert_int_equal(alert->count, 1);
	assert_int_equal(alert->first_ns, TEST_BOOT_NS);
	assert_int_equal(alert->last_ns, TEST_BOOT_NS);
	assert_int_equal(alert->subject, EVMON_SUBJECT_EVEREST);
	assert_string_equal(alert->module.id, "api");
	assert_string_equal(alert->module.name, "RpcApi");
	assert_int_equal(alert->process.pid, TEST_PID);
	assert_string_equal(alert->policy, "3f9a1c22");
	assert_memory_equal(&alert->key, &event.key, sizeof(event.key));
}

static void vendors_rule_takes_name_and_severity_of_its_item(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_VENDOR + 0);
	const struct alert *alert;

	event.asked_deny = true;
	alert = made(stage, &event);
	assert_string_equal(alert->rule_name, "bind.shop");
	assert_int_equal(alert->severity, SEVERITY_LOW);
	assert_string_equal(
		alert->message,
		"module api (RpcApi) bound tcp 0.0.0.0:8849, against bind.shop; it was to "
		"be denied, which cannot be done here");
}

static void item_that_left_the_policy_is_still_told(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_VENDOR + 9);

	assert_string_equal(made(stage, &event)->rule_name, "bind.removed");
	event = event_bind(stage, EVMON_RULE_BIND_MQTT_TCP);
	assert_string_equal(made(stage, &event)->rule_name, "bind.mqtt-tcp");
	assert_int_equal(stage->alert->severity, rule_get(EVMON_RULE_BIND_MQTT_TCP)->severity);
}

static void endpoints_are_named_as_people_write_them(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);

	event.bind.family = EVMON_FAMILY_IPV6;
	event.bind.proto = EVMON_PROTO_MPTCP;
	event.bind.how = EVMON_BIND_HELD;
	event.bind.address[15] = 1;
	assert_string_equal(made(stage, &event)->message,
			    "module api (RpcApi) holds mptcp [::1]:8849, the admin panel's port");
	event.verdict = EVMON_VERDICT_DENIED;
	event.process.subject = EVMON_SUBJECT_BROKER;
	event.process.class = EVMON_CLASS_BROKER;
	assert_string_equal(made(stage, &event)->message,
			    "the broker was refused mptcp [::1]:8849, the admin panel's port");
}

static void index_of_a_foreign_namespace_names_no_device(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);

	event.bind.ifindex = 1;
	event.bind.netns = 1;
	assert_string_equal(made(stage, &event)->device, "");
}

static void capability_words_and_severity_follow_its_kind(void **state)
{
	static const struct {
		enum evmon_rule rule;
		enum evmon_capability_kind kind;
		unsigned number;
		enum severity severity;
		const char *message;
	} cases[] = {
		{ EVMON_RULE_CAPABILITY_USED, EVMON_CAPABILITY_USED, 13, SEVERITY_HIGH,
		  "module api (RpcApi) used CAP_NET_RAW, which is not in its list" },
		{ EVMON_RULE_CAPABILITY_DENIED, EVMON_CAPABILITY_DENIED, 12, SEVERITY_LOW,
		  "module api (RpcApi) asked in vain for CAP_NET_ADMIN, which is not in its list" },
		{ EVMON_RULE_CAPABILITY_HELD, EVMON_CAPABILITY_HELD, 63, SEVERITY_MEDIUM,
		  "module api (RpcApi) holds capability 63, which is not in its list" },
		{ EVMON_RULE_CAPABILITY_EVEREST_CHOWN, EVMON_CAPABILITY_HELD, 0, SEVERITY_LOW,
		  "module api (RpcApi) holds CAP_CHOWN beyond its list, as EVerest's manager leaves it to modules with others" },
	};
	struct stage *stage = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct event event =
			event_capability(stage, cases[i].rule, cases[i].number, cases[i].kind);

		assert_string_equal(made(stage, &event)->message, cases[i].message);
		assert_int_equal(stage->alert->severity, cases[i].severity);
	}
}

static void a_refused_capability_is_told_so(void **state)
{
	struct stage *stage = *state;
	struct event event =
		event_capability(stage, EVMON_RULE_CAPABILITY_USED, 13, EVMON_CAPABILITY_USED);

	event.verdict = EVMON_VERDICT_DENIED;
	assert_string_equal(
		made(stage, &event)->message,
		"module api (RpcApi) was refused CAP_NET_RAW, which is not in its list");
	event.verdict = EVMON_VERDICT_ALERT;
	event.asked_deny = true;
	assert_string_equal(made(stage, &event)->message,
			    "module api (RpcApi) used CAP_NET_RAW, which is not in its list; it "
			    "was to be denied, which cannot be done here");
}

/* Of what the kernel itself denied nothing was to be denied by evmon. */
static void a_tally_says_what_was_to_be_denied(void **state)
{
	static const struct {
		enum evmon_rule rule;
		enum evmon_capability_kind kind;
		enum evmon_verdict verdict;
		bool asked;
	} cases[] = {
		{ EVMON_RULE_CAPABILITY_USED, EVMON_CAPABILITY_USED, EVMON_VERDICT_ALERT, true },
		{ EVMON_RULE_CAPABILITY_USED, EVMON_CAPABILITY_USED, EVMON_VERDICT_DENIED, false },
		{ EVMON_RULE_CAPABILITY_DENIED, EVMON_CAPABILITY_DENIED, EVMON_VERDICT_ALERT,
		  false },
		{ EVMON_RULE_CAPABILITY_HELD, EVMON_CAPABILITY_HELD, EVMON_VERDICT_ALERT, true },
		{ EVMON_RULE_CAPABILITY_USERNS, EVMON_CAPABILITY_USED, EVMON_VERDICT_ALERT, true },
		{ EVMON_RULE_CAPABILITY_USERNS, EVMON_CAPABILITY_DENIED, EVMON_VERDICT_ALERT,
		  false },
	};
	struct evmon_tally tally = { .count = 1, .first_ns = 5, .last_ns = 5 };
	struct stage *stage = *state;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		const size_t k = i / 2;
		struct evmon_tally_key key = { .rule = (uint16_t)cases[k].rule,
					       .sensor = EVMON_SENSOR_CAPABILITY,
					       .verdict = (uint8_t)cases[k].verdict };

		key.object.capability.kind = (uint8_t)cases[k].kind;
		stage->policy->capability_action = i % 2 ? ACTION_DENY : ACTION_ALERT;
		alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
		assert_int_equal(stage->alert->asked_deny, i % 2 && cases[k].asked);
	}
	stage->policy->capability_action = ACTION_ALERT;
}

static void root_module_is_told_by_what_it_is(void **state)
{
	struct stage *stage = *state;
	struct event event = event_exec(stage, EVMON_RULE_EXEC_ROOT, "/usr/bin/dash", "/bin/sh");

	assert_string_equal(made(stage, &event)->message,
			    "module api (RpcApi) ran /usr/bin/dash as root");
	event.standing = true;
	assert_string_equal(made(stage, &event)->message, "module api (RpcApi) runs as root");
	event = event_exec(stage, EVMON_RULE_EXEC_ROOT_STEADY, "/usr/bin/manager", "");
	event.process.class = EVMON_CLASS_MANAGER;
	event.key.slot = EVMON_CLASS_MANAGER;
	assert_string_equal(made(stage, &event)->message,
			    "the manager is still root after start-up");
	event = event_exec(stage, EVMON_RULE_EXEC_GAINED, "/usr/bin/ping", "/usr/bin/ping");
	event.exec.gained = 1ULL << 13 | 1ULL << 0;
	event.verdict = EVMON_VERDICT_KILLED;
	assert_string_equal(made(stage, &event)->message,
			    "module api (RpcApi) gained CAP_CHOWN, CAP_NET_RAW with /usr/bin/ping, "
			    "and was killed for it");
}

static void script_is_what_the_kernel_ran_by_another(void **state)
{
	static const char *const plain[] = { "sh", "-c", "true" };
	struct stage *stage = *state;
	struct event event = event_exec(stage, EVMON_RULE_EXEC_SHELL, "/usr/bin/dash", "./x.sh");

	snprintf(event.exec.interpreter, sizeof(event.exec.interpreter), "/bin/sh");
	made(stage, &event);
	assert_string_equal(stage->alert->exec_text.path, "./x.sh");
	assert_string_equal(stage->alert->exec_text.interpreter, "/usr/bin/dash");
	assert_int_equal(stage->alert->severity, SEVERITY_MEDIUM);

	event = event_exec(stage, EVMON_RULE_EXEC_SHELL, "/usr/bin/dash", "/bin/sh");
	event_args(&event, plain, ARRAY_SIZE(plain));
	made(stage, &event);
	assert_string_equal(stage->alert->exec_text.path, "/usr/bin/dash");
	assert_string_equal(stage->alert->exec_text.interpreter, "");
}

static void what_was_refused_is_nobodys_executable(void **state)
{
	struct stage *stage = *state;
	struct event event = event_exec(stage, EVMON_RULE_EXEC_SHELL, "/opt/Api", "./x.sh");

	event.verdict = EVMON_VERDICT_DENIED;
	snprintf(event.exec.interpreter, sizeof(event.exec.interpreter), "/bin/sh");
	made(stage, &event);
	assert_string_equal(stage->alert->exec_text.path, "./x.sh");
	assert_string_equal(stage->alert->exec_text.interpreter, "/bin/sh");
	assert_string_equal(stage->alert->process.exe, "/opt/Api");
}

static void tally_alone_says_who_and_leaves_out_what_it_cannot_know(void **state)
{
	struct stage *stage = *state;
	struct evmon_tally_key key = { .rule = EVMON_RULE_VENDOR,
				       .slot = TEST_SLOT,
				       .verdict = EVMON_VERDICT_ALERT,
				       .sensor = EVMON_SENSOR_BIND };
	struct evmon_tally tally = { .count = 41, .first_ns = 5, .last_ns = 9 };
	const struct alert *alert = stage->alert;

	key.object.bind.port = 8849;
	key.object.bind.proto = EVMON_PROTO_TCP;
	key.object.bind.scope = EVMON_SCOPE_ANY;
	tally.actor.tgid = TEST_PID;
	tally.actor.uid = 1500;
	tally.actor.class = (uint16_t)stage->class;
	memcpy(tally.actor.comm, "api:RpcApi", 10);
	alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
	assert_string_equal(alert->message,
			    "module api (RpcApi) bound tcp port 8849 (ipv4, any address), against "
			    "bind.shop; it was to be denied, which cannot be done here");
	assert_true(alert->asked_deny);
	assert_true(alert->object_partial);
	assert_int_equal(alert->count, 41);
	assert_int_equal(alert->first_ns, 5);
	assert_int_equal(alert->last_ns, 9);
	assert_int_equal(alert->subject, EVMON_SUBJECT_EVEREST);
	assert_true(alert->has_process);
	assert_int_equal(alert->process.pid, TEST_PID);
	assert_false(alert->process.ids_known);
	tally.actor.tgid = 0;
	alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
	assert_false(alert->has_process);
}

/* This very process, as a module's: its file lies in a directory of the module's name. */
static void actor_self(struct stage *stage, struct evmon_actor *ret_actor)
{
	char stat_text[512] = "", *at = NULL;
	struct stat st;
	FILE *file = fopen("/proc/self/stat", "re");

	assert_non_null(file);
	if (fread(stat_text, 1, sizeof(stat_text) - 1, file) > 0)
		at = strrchr(stat_text, ')');
	fclose(file);
	assert_non_null(at);
	for (int field = 2; field < 22; field++)
		at = strchr(at, ' ') + 1;
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	*ret_actor = (struct evmon_actor){
		.start_ns = strtoull(at, NULL, 10) * (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK)),
		.exe_ino = st.st_ino,
		.exe_dev = file_kernel_dev(st.st_dev),
		.tgid = (uint32_t)getpid(),
		.class = (uint16_t)modules_class(stage->modules, "alert"),
	};
}

static void root_module_that_was_there_before_runs_as_root(void **state)
{
	struct stage *stage = *state;
	struct evmon_tally_key key = { .rule = EVMON_RULE_EXEC_ROOT,
				       .slot = TEST_SLOT + 1,
				       .verdict = EVMON_VERDICT_ALERT,
				       .sensor = EVMON_SENSOR_EXEC };
	struct evmon_tally tally = { .count = 1, .first_ns = 5, .last_ns = 5 };

	actor_self(stage, &tally.actor);
	alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
	assert_string_equal(stage->alert->message, "module alert runs as root");
	tally.actor.class = (uint16_t)modules_class(stage->modules, "lert");
	alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
	assert_string_equal(stage->alert->message, "module lert ran a file as root");
}

/* A tally of exec.root by a process that is gone: the file is what its device and inode say. */
static const struct alert *ran(struct stage *stage, const char *path, unsigned class)
{
	struct evmon_tally_key key = { .rule = EVMON_RULE_EXEC_ROOT,
				       .slot = TEST_SLOT,
				       .verdict = EVMON_VERDICT_ALERT,
				       .sensor = EVMON_SENSOR_EXEC };
	struct evmon_tally tally = { .count = 1, .first_ns = 5, .last_ns = 5 };
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	key.object.exec.ino = tally.actor.exe_ino = st.st_ino;
	key.object.exec.dev = tally.actor.exe_dev = file_kernel_dev(st.st_dev);
	tally.actor.tgid = TEST_PID;
	tally.actor.class = (uint16_t) class;
	alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
	return stage->alert;
}

static void tally_alone_names_a_file_that_the_policy_knows(void **state)
{
	struct stage *stage = *state;
	struct policy *policy = stage->policy;
	struct scratch scratch;
	char module[128], allowed[128], other[128];
	char *allow[] = { allowed, NULL };
	const struct alert *alert;

	scratch_make(&scratch);
	scratch_text(&scratch, "modules/RpcApi/RpcApi", "a");
	scratch_text(&scratch, "allowed", "b");
	scratch_text(&scratch, "other", "c");
	snprintf(module, sizeof(module), "%s/modules/RpcApi/RpcApi", scratch.path);
	snprintf(allowed, sizeof(allowed), "%s/allowed", scratch.path);
	snprintf(other, sizeof(other), "%s/other", scratch.path);
	snprintf(policy->modules_dir, sizeof(policy->modules_dir), "%s/modules", scratch.path);
	policy->root_allow = allow;

	alert = ran(stage, module, stage->class);
	assert_string_equal(alert->process.exe, module);
	assert_string_equal(alert->exec_text.path, module);
	assert_string_equal(alert->message, "module api (RpcApi) runs as root");
	alert = ran(stage, allowed, stage->class);
	assert_string_equal(alert->process.exe, allowed);
	assert_string_equal(alert->exec_text.path, allowed);
	alert = ran(stage, other, stage->class);
	assert_string_equal(alert->process.exe, "");
	assert_string_equal(alert->exec_text.path, "");
	assert_string_equal(alert->message, "module api (RpcApi) ran a file as root");
	snprintf(policy->manager, sizeof(policy->manager), "%s", other);
	assert_string_equal(ran(stage, other, EVMON_CLASS_MANAGER)->process.exe, other);
	policy->manager[0] = '\0';
	snprintf(policy->broker_exe, sizeof(policy->broker_exe), "%s", other);
	assert_string_equal(ran(stage, other, EVMON_CLASS_BROKER)->process.exe, other);

	policy->root_allow = NULL;
	scratch_remove(&scratch);
}

static void usb_and_self_say_what_they_are_about(void **state)
{
	struct stage *stage = *state;
	struct usb_device device = device_storage();

	alert_from_usb(stage->alert, &device, EVMON_RULE_USB_STORAGE, SEVERITY_CRITICAL,
		       stage->policy);
	assert_string_equal(stage->alert->message, "USB device 0951:1666 (DataTraveler \"3.0\") "
						   "attached at port 1-1.2, a storage device");
	assert_false(stage->alert->has_process);
	assert_int_equal(stage->alert->sensor, EVMON_SENSOR_USB);
	assert_int_equal(stage->alert->severity, SEVERITY_CRITICAL);

	alert_usb_verdict(stage->alert, EVMON_VERDICT_ALERT, true);
	assert_non_null(
		strstr(stage->alert->message,
		       ", a storage device; it was to be denied, which cannot be done here"));
	alert_usb_gone(stage->alert);
	assert_string_equal(stage->alert->message,
			    "USB device 0951:1666 (DataTraveler \"3.0\") attached at port 1-1.2, a "
			    "storage device; it was to be denied, and had gone before that");
	assert_true(stage->alert->asked_deny);

	alert_from_self(stage->alert, EVMON_RULE_SELF_GAP, stage->policy, "gap", "for 3 s");
	assert_string_equal(stage->alert->message, "evmon did not watch for a while: for 3 s");
	assert_true(stage->alert->has_process);
	assert_int_equal(stage->alert->sensor, EVMON_SENSOR_SELF);

	alert_from_self(stage->alert, EVMON_RULE_CONFIG_NO_RUN_AS_USER, stage->policy, "settings",
			"");
	assert_string_equal(stage->alert->message,
			    "EVerest's config sets no run_as_user, so modules stay root");
	assert_false(stage->alert->has_process);
	assert_int_equal(stage->alert->sensor, EVMON_SENSOR_CONFIG);
}

static void every_rule_has_a_name_a_severity_and_words(void **state)
{
	struct stage *stage = *state;

	for (unsigned number = 1; number < EVMON_RULE_CANARY; number++) {
		const struct rule *rule = rule_get(number);
		struct event event;

		assert_non_null(rule);
		event_begin(&event, stage, rule->sensor, number);
		if (rule->sensor == EVMON_SENSOR_USB || rule->sensor > EVMON_SENSOR_USB)
			continue;
		made(stage, &event);
		assert_string_equal(stage->alert->rule_name, rule->name);
		assert_true(strlen(stage->alert->message) > 10);
		assert_null(strstr(stage->alert->message, "(null)"));
	}
}

static void nothing_broken_says_nothing(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_NONE);

	made(stage, &event);
	assert_string_equal(stage->alert->message, "");
	assert_string_equal(stage->alert->rule_name, "");
	assert_int_equal(stage->alert->verdict, EVMON_VERDICT_ALLOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bind_is_told_in_the_contracts_words),
		TEST(vendors_rule_takes_name_and_severity_of_its_item),
		TEST(item_that_left_the_policy_is_still_told),
		TEST(endpoints_are_named_as_people_write_them),
		TEST(index_of_a_foreign_namespace_names_no_device),
		TEST(capability_words_and_severity_follow_its_kind),
		TEST(a_refused_capability_is_told_so),
		TEST(a_tally_says_what_was_to_be_denied),
		TEST(root_module_is_told_by_what_it_is),
		TEST(script_is_what_the_kernel_ran_by_another),
		TEST(what_was_refused_is_nobodys_executable),
		TEST(tally_alone_says_who_and_leaves_out_what_it_cannot_know),
		TEST(root_module_that_was_there_before_runs_as_root),
		TEST(tally_alone_names_a_file_that_the_policy_knows),
		TEST(usb_and_self_say_what_they_are_about),
		TEST(every_rule_has_a_name_a_severity_and_words),
		TEST(nothing_broken_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
