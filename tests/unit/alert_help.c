// SPDX-License-Identifier: Apache-2.0
/*
 * The stage on which alerts are tested: everything fixed, so that a line can be compared byte by
 * byte. The policy is made by hand: what its files say is the policy room's to test.
 */
#include "alert_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/escape.h"

static struct bind_rule bind_rule_of(const char *name, enum severity severity,
				     enum policy_action action)
{
	struct bind_rule item = { .severity = severity, .action = action };

	snprintf(item.rule, sizeof(item.rule), "%s", name);
	return item;
}

static void policy_fill(struct policy *policy)
{
	policy->bind[0] = bind_rule_of("bind.shop", SEVERITY_LOW, ACTION_DENY);
	policy->bind[1] = bind_rule_of("bind.admin-panel", SEVERITY_CRITICAL, ACTION_ALERT);
	policy->n_bind = 2;
	policy->used_severity = SEVERITY_HIGH;
	policy->denied_severity = SEVERITY_LOW;
	policy->held_severity = SEVERITY_MEDIUM;
	policy->capability_action = ACTION_ALERT;
	policy->root_severity = SEVERITY_HIGH;
	policy->root_action = ACTION_ALERT;
	policy->shell_severity = SEVERITY_MEDIUM;
	policy->shell_action = ACTION_DENY;
	policy->admin_panel_severity = SEVERITY_CRITICAL;
	policy->admin_panel_action = ACTION_ALERT;
	policy->usb_action = ACTION_ALERT;
	snprintf(policy->hash, sizeof(policy->hash), "3f9a1c22");
}

int stage_open(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	int class;

	assert_non_null(stage);
	stage->policy = calloc(1, sizeof(*stage->policy));
	stage->alert = calloc(1, sizeof(*stage->alert));
	assert_non_null(stage->policy);
	assert_non_null(stage->alert);
	policy_fill(stage->policy);
	assert_int_equal(modules_new(&stage->modules), 0);
	class = modules_class(stage->modules, "RpcApi");
	assert_true(class >= EVMON_CLASS_MODULE);
	stage->class = (unsigned)class;
	modules_slot_set(stage->modules, TEST_SLOT, stage->class, "api:RpcApi",
			 (struct module_args){ NULL, 0 });
	*state = stage;
	return 0;
}

int stage_close(void **state)
{
	struct stage *stage = *state;

	modules_free(stage->modules);
	free(stage->policy);
	free(stage->alert);
	free(stage);
	return 0;
}

void event_args(struct event *event, const char *const *args, size_t n)
{
	struct event_process *p = &event->process;

	p->args_length = 0;
	for (size_t i = 0; i < n; i++) {
		size_t size = strlen(args[i]) + 1;

		assert_true(p->args_length + size <= sizeof(p->args));
		memcpy(p->args + p->args_length, args[i], size);
		p->args_length += size;
	}
}

void event_begin(struct event *event, const struct stage *stage, enum evmon_sensor sensor,
		 enum evmon_rule rule)
{
	static const char *const args[] = { "api:RpcApi", "--prefix", "/usr",
					    "--module",	  "api",      "--secret" };
	struct event_process *p = &event->process;

	memset(event, 0, sizeof(*event));
	event->time_ns = TEST_BOOT_NS;
	event->sensor = sensor;
	event->verdict = rule == EVMON_RULE_NONE ? EVMON_VERDICT_ALLOW : EVMON_VERDICT_ALERT;
	event->key.rule = (uint16_t)rule;
	event->key.sensor = sensor;
	event->key.verdict = event->verdict;
	event->key.slot = TEST_SLOT;
	p->pid = p->tid = TEST_PID;
	p->ppid = 640;
	p->uid = p->euid = p->gid = 1500;
	p->start_ns = 99887766000;
	p->class = (uint16_t)stage->class;
	p->slot = TEST_SLOT;
	p->subject = EVMON_SUBJECT_EVEREST;
	snprintf(p->comm, sizeof(p->comm), "api:RpcApi");
	snprintf(p->exe, sizeof(p->exe), "/usr/libexec/everest/modules/RpcApi/RpcApi");
	event_args(event, args, ARRAY_SIZE(args));
}

struct event event_bind(const struct stage *stage, enum evmon_rule rule)
{
	struct event event;

	event_begin(&event, stage, EVMON_SENSOR_BIND, rule);
	event.hook = EVMON_HOOK_LSM_SOCKET_BIND;
	event.bind.proto = EVMON_PROTO_TCP;
	event.bind.scope = EVMON_SCOPE_ANY;
	event.bind.port = event.bind.asked_port = 8849;
	event.bind.netns = 4026531840;
	return event;
}

struct event event_capability(const struct stage *stage, enum evmon_rule rule, unsigned number,
			      enum evmon_capability_kind kind)
{
	struct event event;

	event_begin(&event, stage, EVMON_SENSOR_CAPABILITY, rule);
	event.hook = EVMON_HOOK_FEXIT_CAPABLE;
	event.capability.number = number;
	event.capability.kind = kind;
	return event;
}

struct event event_exec(const struct stage *stage, enum evmon_rule rule, const char *exe,
			const char *file)
{
	struct event event;

	event_begin(&event, stage, EVMON_SENSOR_EXEC, rule);
	event.hook = EVMON_HOOK_TP_EXEC;
	snprintf(event.process.exe, sizeof(event.process.exe), "%s", exe);
	snprintf(event.exec.file, sizeof(event.exec.file), "%s", file);
	event.exec.ino = 4711;
	event.exec.dev = 8 << 20 | 1;
	event.exec.mntns = 4026531841;
	event.exec.uid = 1500;
	return event;
}

struct usb_device device_storage(void)
{
	return (struct usb_device){ .attached = true,
				    .bus = 1,
				    .number = 5,
				    .port = "1-1.2",
				    .vendor = "0951",
				    .product = "1666",
				    .class = "00",
				    .interfaces = { "080650" },
				    .n_interfaces = 1,
				    .manufacturer = "Kingston",
				    .name = "DataTraveler \"3.0\"",
				    .serial = "60A44C\x01" };
}

struct alert_stamp stamp_journal(void)
{
	return (struct alert_stamp){
		.journal = "9f2c61d0",
		.station = "cp-0042-1a2b3c4d",
		.boot = "6f3f0b1e-8a53-4c9e-9d57-0d2e3f4a5b6c",
		.prev = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.seq = 17,
		.offset_ns = TEST_OFFSET_NS,
		.synced = true,
		.durable = true,
	};
}

struct alert_stamp stamp_trace(void)
{
	struct alert_stamp stamp = stamp_journal();

	stamp.journal = stamp.prev = NULL;
	return stamp;
}

const char *stage_line(struct stage *stage, const struct alert_stamp *stamp)
{
	int n = alert_format_json(stage->alert, stamp, stage->line, sizeof(stage->line));

	assert_true(n > 0);
	assert_true(n <= ALERT_LINE_MAX - 80);
	assert_int_equal(strlen(stage->line), n);
	return stage->line;
}

size_t line_bytes(const char *line, const char *name, char *to, size_t size)
{
	char key[64], text[ALERT_LINE_MAX];
	size_t n = 0, length = 0;
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":\"", name);
	at = strstr(line, key);
	assert_non_null(at);
	for (at += strlen(key); *at != '"'; at++) {
		if (*at == '\\')
			at++;
		assert_true(*at == '"' || *at == '\\' || at[-1] != '\\' || at[-2] == '\\');
		assert_true(n + 1 < sizeof(text));
		text[n++] = *at;
	}
	text[n] = '\0';
	assert_int_equal(escape_undo(to, size, text, &length), 0);
	return length;
}
