// SPDX-License-Identifier: Apache-2.0
/* The line of the contract: golden lines a sensor, hostile bytes, the limit of 8 KiB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert_help.h"

#define HEAD                                                                         \
	"{\"schema\":\"evmon.alert/1\",\"journal\":\"9f2c61d0\",\"seq\":17,"         \
	"\"station\":\"cp-0042-1a2b3c4d\",\"time\":\"2026-11-22T12:00:00.000123Z\"," \
	"\"clock\":\"synced\",\"boot\":\"6f3f0b1e-8a53-4c9e-9d57-0d2e3f4a5b6c\","    \
	"\"boot_us\":123456789,"
#define TIMES  "\"first\":\"2026-11-22T12:00:00.000123Z\",\"last\":\"2026-11-22T12:00:00.000123Z\","
#define MODULE "\"subject\":\"everest\",\"module\":{\"id\":\"api\",\"name\":\"RpcApi\"},"
#define PROCESS_OF(exe, cmdline)                                                          \
	"\"process\":{\"pid\":987654321,\"ppid\":640,\"start_us\":99887766,\"uid\":1500," \
	"\"euid\":1500,\"gid\":1500,\"comm\":\"api:RpcApi\",\"exe\":\"" exe "\","         \
	"\"cmdline\":[" cmdline "],\"cgroup\":\"/system.slice/everest.service\"},"
#define ARGS	"\"api:RpcApi\",\"--prefix\",\"/usr\",\"--module\",\"api\""
#define PROCESS PROCESS_OF("/usr/libexec/everest/modules/RpcApi/RpcApi", ARGS)
#define TAIL                \
	"\"durable\":true," \
	"\"prev\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""

static struct alert *made(struct stage *stage, const struct event *event)
{
	struct alert *alert = stage->alert;

	alert_from_event(alert, event, stage->modules, stage->policy);
	snprintf(alert->process.cgroup, sizeof(alert->process.cgroup),
		 "/system.slice/everest.service");
	return alert;
}

static const char *journal_line(struct stage *stage)
{
	struct alert_stamp stamp = stamp_journal();

	return stage_line(stage, &stamp);
}

static void bind_line_is_the_contracts_example(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);

	made(stage, &event)->count = 3;
	assert_string_equal(
		journal_line(stage), HEAD
		"\"sensor\":\"bind\",\"rule\":\"bind.admin-panel\",\"severity\":\"critical\","
		"\"verdict\":\"alert\",\"count\":3," TIMES MODULE PROCESS
		"\"object\":{\"proto\":\"tcp\",\"family\":\"ipv4\",\"address\":\"0.0.0.0\","
		"\"port\":8849,\"asked_port\":8849,\"scope\":\"any\",\"how\":\"bind\","
		"\"netns\":4026531840,\"device\":null,\"dual\":false,\"opener\":null},"
		"\"hook\":\"lsm/socket_bind\",\"policy\":\"3f9a1c22\","
		"\"message\":\"module api (RpcApi) bound tcp 0.0.0.0:8849, the admin panel's port\"," TAIL);
}

static void capability_line(void **state)
{
	struct stage *stage = *state;
	struct event event =
		event_capability(stage, EVMON_RULE_CAPABILITY_USED, 13, EVMON_CAPABILITY_USED);

	event.asked_deny = true;
	made(stage, &event);
	assert_string_equal(
		journal_line(stage), HEAD
		"\"sensor\":\"capability\",\"rule\":\"capability.used\",\"severity\":\"high\","
		"\"verdict\":\"alert\",\"asked\":\"deny\",\"count\":1," TIMES MODULE PROCESS
		"\"object\":{\"name\":\"CAP_NET_RAW\",\"number\":13,\"kind\":\"used\","
		"\"userns\":0,\"on_behalf\":false},"
		"\"hook\":\"fexit/security_capable\",\"policy\":\"3f9a1c22\","
		"\"message\":\"module api (RpcApi) used CAP_NET_RAW, which is not in its list; "
		"it was to be denied, which cannot be done here\"," TAIL);
}

static void exec_line_of_a_script(void **state)
{
	static const char *const args[] = { "/bin/sh", "/opt/job.sh", "secret" };
	struct stage *stage = *state;
	struct event event =
		event_exec(stage, EVMON_RULE_EXEC_GAINED, "/usr/bin/dash", "/opt/job.sh");

	event_args(&event, args, ARRAY_SIZE(args));
	snprintf(event.exec.interpreter, sizeof(event.exec.interpreter), "/bin/sh");
	event.exec.how = EVMON_EXEC_FCAPS;
	event.exec.gained = 1ULL << 12 | 1ULL << 13;
	event.exec.deleted = true;
	made(stage, &event);
	assert_string_equal(
		journal_line(stage), HEAD
		"\"sensor\":\"exec\",\"rule\":\"exec.gained\",\"severity\":\"high\","
		"\"verdict\":\"alert\",\"count\":1," TIMES MODULE PROCESS_OF(
			"/usr/bin/dash",
			"\"/bin/sh\"") "\"object\":{\"path\":\"/opt/job.sh\",\"interpreter\":\"/usr/bin/dash\","
				       "\"dev\":\"8:1\",\"ino\":4711,\"mntns\":4026531841,\"how\":\"fcaps\","
				       "\"uid\":1500,\"euid\":0,\"gained\":[\"CAP_NET_ADMIN\",\"CAP_NET_RAW\"],"
				       "\"deleted\":true},"
				       "\"hook\":\"tp_btf/sched_process_exec\",\"policy\":\"3f9a1c22\","
				       "\"message\":\"module api (RpcApi) gained CAP_NET_ADMIN, CAP_NET_RAW with "
				       "/opt/job.sh\"," TAIL);
}

static void usb_line_has_no_module_and_no_process(void **state)
{
	struct stage *stage = *state;
	struct usb_device device = device_storage();
	struct alert *alert = stage->alert;

	alert_from_usb(alert, &device, EVMON_RULE_USB_STORAGE, SEVERITY_CRITICAL, stage->policy);
	alert->time_ns = alert->first_ns = alert->last_ns = TEST_BOOT_NS;
	assert_string_equal(
		journal_line(stage), HEAD
		"\"sensor\":\"usb\",\"rule\":\"usb.storage\",\"severity\":\"critical\","
		"\"verdict\":\"alert\",\"count\":1," TIMES
		"\"subject\":\"host\",\"module\":null,\"process\":null,"
		"\"object\":{\"action\":\"attach\",\"bus\":1,\"device\":5,\"port\":\"1-1.2\","
		"\"vendor\":\"0951\",\"product\":\"1666\",\"class\":\"00\","
		"\"interfaces\":[\"080650\"],\"manufacturer\":\"Kingston\","
		"\"name\":\"DataTraveler \\\"3.0\\\"\",\"serial\":\"60A44C\\\\x01\"},"
		"\"hook\":\"uevent\",\"policy\":\"3f9a1c22\","
		"\"message\":\"USB device 0951:1666 (DataTraveler \\\"3.0\\\") attached at port "
		"1-1.2, a storage device\"," TAIL);
}

static void config_and_self_say_what_and_detail(void **state)
{
	struct stage *stage = *state;
	struct alert *alert = stage->alert;

	alert_from_self(alert, EVMON_RULE_CONFIG_LINT, stage->policy, "settings", "");
	alert->time_ns = alert->first_ns = alert->last_ns = TEST_BOOT_NS;
	assert_string_equal(
		journal_line(stage), HEAD
		"\"sensor\":\"config\",\"rule\":\"config.lint\",\"severity\":\"low\","
		"\"verdict\":\"alert\",\"count\":1," TIMES
		"\"subject\":\"everest\",\"module\":null,\"process\":null,"
		"\"object\":{\"what\":\"settings\",\"detail\":null},"
		"\"hook\":\"config\",\"policy\":\"3f9a1c22\",\"message\":\"EVerest's config\"," TAIL);

	alert_from_self(alert, EVMON_RULE_SELF_STARTED, stage->policy, "start", "tier A");
	assert_non_null(strstr(journal_line(stage), "\"module\":null,\"process\":{\"pid\":"));
	assert_non_null(
		strstr(stage->line,
		       "\"object\":{\"what\":\"start\",\"detail\":\"tier A\"},\"hook\":null,"));
}

static void trace_line_of_an_allowed_bind(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_NONE);
	struct alert_stamp stamp = stamp_trace();

	event.bind.family = EVMON_FAMILY_IPV6;
	event.bind.address[15] = 1;
	event.bind.scope = EVMON_SCOPE_LOOPBACK;
	event.bind.proto = EVMON_PROTO_OTHER;
	event.process.class = EVMON_CLASS_MANAGER;
	event.hook = EVMON_HOOK_FEXIT_INET6_BIND;
	made(stage, &event);
	stamp.synced = false;
	assert_string_equal(
		stage_line(stage, &stamp),
		"{\"schema\":\"evmon.event/1\",\"station\":\"cp-0042-1a2b3c4d\","
		"\"time\":\"2026-11-22T12:00:00.000123Z\",\"clock\":\"unsynced\","
		"\"boot\":\"6f3f0b1e-8a53-4c9e-9d57-0d2e3f4a5b6c\",\"boot_us\":123456789,"
		"\"sensor\":\"bind\",\"rule\":null,\"severity\":null,\"verdict\":\"allow\","
		"\"count\":1," TIMES "\"subject\":\"everest\",\"module\":null," PROCESS
		"\"object\":{\"proto\":null,\"family\":\"ipv6\",\"address\":\"::1\","
		"\"port\":8849,\"asked_port\":8849,\"scope\":\"loopback\",\"how\":\"bind\","
		"\"netns\":4026531840,\"device\":null,\"dual\":false,\"opener\":null},"
		"\"hook\":\"fexit/inet6_bind\",\"policy\":\"3f9a1c22\",\"message\":null}");
}

static void what_a_tally_lacks_is_null(void **state)
{
	struct stage *stage = *state;
	struct evmon_tally_key key = { .rule = EVMON_RULE_EXEC_ROOT,
				       .slot = TEST_SLOT,
				       .verdict = EVMON_VERDICT_ALERT,
				       .sensor = EVMON_SENSOR_EXEC };
	struct evmon_tally tally = { .count = 2,
				     .first_ns = TEST_BOOT_NS,
				     .last_ns = TEST_BOOT_NS };

	key.object.exec.ino = 99;
	key.object.exec.dev = 8 << 20 | 2;
	tally.actor.tgid = TEST_PID;
	tally.actor.class = (uint16_t)stage->class;
	memcpy(tally.actor.comm, "sh", 2);
	alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
	journal_line(stage);
	assert_non_null(strstr(stage->line,
			       "\"process\":{\"pid\":987654321,\"ppid\":null,\"start_us\":null,"
			       "\"uid\":0,\"euid\":null,\"gid\":null,\"comm\":\"sh\",\"exe\":null,"
			       "\"cmdline\":null,\"cgroup\":null},"));
	assert_non_null(strstr(stage->line,
			       "\"object\":{\"path\":null,\"interpreter\":null,\"dev\":\"8:2\","
			       "\"ino\":99,\"mntns\":null,\"how\":\"exec\",\"uid\":null,"
			       "\"euid\":null,\"gained\":null,\"deleted\":null},\"hook\":null,"));
}

static void folded_alert_shows_how_many_and_nobody(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);

	made(stage, &event)->folded = 36;
	stage->alert->subject = EVMON_SUBJECT_MAX;
	assert_non_null(strstr(journal_line(stage),
			       "\"subject\":null,\"module\":null,"
			       "\"process\":null,\"object\":{\"folded\":36},"));
}

static void command_line_is_short_by_default_and_whole_on_request(void **state)
{
	static const struct {
		const char *exe, *args[5], *shown;
	} cases[] = {
		{ "/usr/bin/python3.11",
		  { "python3", "-u", "/m/A/module.py", "--pass", "x" },
		  "[\"python3\",\"/m/A/module.py\"]" },
		{ "/usr/bin/python3",
		  { "python3", "-c", "import x.py", "a.py", "b" },
		  "[\"python3\"]" },
		{ "/usr/bin/node",
		  { "node", "index.js", "x.js", "--module", "js" },
		  "[\"node\",\"index.js\",\"--module\",\"js\"]" },
		{ "/usr/bin/cat",
		  { "cat", "secret.py", "--prefix=/opt", "--prefixed", "--module" },
		  "[\"cat\",\"--prefix=/opt\",\"--module\"]" },
	};
	struct alert_stamp full = stamp_journal();
	struct stage *stage = *state;

	full.cmdline_full = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct event event = event_exec(stage, EVMON_RULE_EXEC_SHELL, cases[i].exe, "");

		event_args(&event, cases[i].args, 5);
		made(stage, &event);
		assert_non_null(strstr(journal_line(stage), cases[i].shown));
		assert_null(strstr(stage->line, "truncated"));
		stage_line(stage, &full);
		for (size_t k = 0; k < 5; k++)
			assert_non_null(strstr(stage->line, cases[i].args[k]));
	}
}

static void hostile_bytes_come_back_as_they_were(void **state)
{
	static const char hostile[] =
		"a\"b\\c\n\t\x1b[2J\x7f\xc2\x9b\xff\xc3(\xe2\x80\xae\xf0\x9f\x94\x8c";
	struct stage *stage = *state;
	struct usb_device device = device_storage();
	char back[512];

	memcpy(device.name, hostile, sizeof(hostile));
	memcpy(device.port, "1-1\"", 5);
	alert_from_usb(stage->alert, &device, EVMON_RULE_USB_OTHER, SEVERITY_HIGH, stage->policy);
	journal_line(stage);
	for (const char *at = stage->line; *at; at++)
		assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
	assert_int_equal(line_bytes(stage->line, "name", back, sizeof(back)), sizeof(hostile) - 1);
	assert_memory_equal(back, hostile, sizeof(hostile) - 1);
	line_bytes(stage->line, "port", back, sizeof(back));
	assert_string_equal(back, "1-1\"");
}

static void every_byte_comes_back_from_comm(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);
	char back[64];

	for (unsigned byte = 1; byte < 256; byte++) {
		snprintf(event.process.comm, sizeof(event.process.comm), "x%cy", (int)byte);
		made(stage, &event);
		journal_line(stage);
		assert_int_equal(line_bytes(stage->line, "comm", back, sizeof(back)), 3);
		assert_memory_equal(back, event.process.comm, 3);
	}
}

/* The worst that each sensor can bring: everything as long as it gets, of the byte that grows
 * most. */
static void fill_with(struct alert *alert, int byte)
{
	struct process *p = &alert->process;

	memset(alert->module.id, byte, sizeof(alert->module.id) - 1);
	memset(alert->module.name, byte, sizeof(alert->module.name) - 1);
	memset(p->comm, byte, sizeof(p->comm) - 1);
	memset(p->exe, byte, sizeof(p->exe) - 1);
	memset(p->cgroup, byte, sizeof(p->cgroup) - 1);
	memset(p->args, byte, sizeof(p->args));
	for (size_t i = 60; i < sizeof(p->args); i += 61)
		p->args[i] = '\0';
	p->args_length = sizeof(p->args);
	p->args_known = true;
	memset(alert->message, byte, sizeof(alert->message) - 1);
	memset(alert->exec_text.path, byte, sizeof(alert->exec_text.path) - 1);
	memset(alert->exec_text.interpreter, byte, sizeof(alert->exec_text.interpreter) - 1);
	if (alert->sensor == EVMON_SENSOR_USB) {
		memset(alert->usb.name, byte, sizeof(alert->usb.name) - 1);
		memset(alert->usb.manufacturer, byte, sizeof(alert->usb.manufacturer) - 1);
		memset(alert->usb.serial, byte, sizeof(alert->usb.serial) - 1);
		memset(alert->usb.port, byte, sizeof(alert->usb.port) - 1);
		alert->usb.n_interfaces = USB_INTERFACES_MAX;
		for (size_t i = 0; i < USB_INTERFACES_MAX; i++)
			memcpy(alert->usb.interfaces[i], "080650", 7);
	} else if (alert->sensor == EVMON_SENSOR_SELF) {
		memset(alert->self.what, byte, sizeof(alert->self.what) - 1);
		memset(alert->self.detail, byte, sizeof(alert->self.detail) - 1);
	} else if (alert->sensor == EVMON_SENSOR_EXEC) {
		alert->exec.gained = ~0ULL;
	}
}

static void no_line_is_longer_than_8_kib(void **state)
{
	static const int bytes[] = { 0x01, '\\', '"', 'x', 0xff };
	static const enum evmon_sensor sensors[] = { EVMON_SENSOR_BIND, EVMON_SENSOR_CAPABILITY,
						     EVMON_SENSOR_EXEC, EVMON_SENSOR_USB,
						     EVMON_SENSOR_SELF };
	struct stage *stage = *state;
	struct alert_stamp stamp = stamp_journal();
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);

	stamp.cmdline_full = true;
	stamp.station =
		"a-station-with-a-name-as-long-as-station-names-may-get-so-that-the-line-is-at-its-very-longest";
	stamp.seq = UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(sensors) * ARRAY_SIZE(bytes); i++) {
		made(stage, &event);
		memset(&stage->alert->usb, 0, sizeof(stage->alert->usb));
		stage->alert->sensor = sensors[i / ARRAY_SIZE(bytes)];
		stage->alert->count = UINT64_MAX;
		fill_with(stage->alert, bytes[i % ARRAY_SIZE(bytes)]);
		stage_line(stage, &stamp);
		assert_non_null(
			strstr(stage->line, "\"durable\":true,\"truncated\":true,\"prev\""));
		assert_true(strlen(stage->line) > 2000);
	}
}

static void cut_path_keeps_its_end(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);
	struct process *p = &made(stage, &event)->process;

	memset(p->exe, 'd', 4096);
	p->exe[0] = '/';
	memcpy(p->exe + 4096 - 8, "/program", 8);
	assert_null(strstr(journal_line(stage), "truncated"));
	memset(p->cgroup, 'c', 4096);
	assert_non_null(strstr(journal_line(stage), "\"truncated\":true"));
	assert_non_null(strstr(stage->line, "d/program\",\"cmdline\""));
}

static void truncation_before_is_told(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);

	made(stage, &event)->process.truncated = true;
	assert_non_null(strstr(journal_line(stage), "\"truncated\":true"));
}

static void small_buffer_is_refused(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);
	struct alert_stamp stamp = stamp_journal();
	char small[64];

	made(stage, &event);
	assert_true(alert_format_json(stage->alert, &stamp, small, sizeof(small)) < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bind_line_is_the_contracts_example),
		TEST(capability_line),
		TEST(exec_line_of_a_script),
		TEST(usb_line_has_no_module_and_no_process),
		TEST(config_and_self_say_what_and_detail),
		TEST(trace_line_of_an_allowed_bind),
		TEST(what_a_tally_lacks_is_null),
		TEST(folded_alert_shows_how_many_and_nobody),
		TEST(command_line_is_short_by_default_and_whole_on_request),
		TEST(hostile_bytes_come_back_as_they_were),
		TEST(every_byte_comes_back_from_comm),
		TEST(no_line_is_longer_than_8_kib),
		TEST(cut_path_keeps_its_end),
		TEST(truncation_before_is_told),
		TEST(small_buffer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
