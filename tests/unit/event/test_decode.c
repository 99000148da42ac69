// SPDX-License-Identifier: Apache-2.0
/* A good record gives exactly its values; one that is wrong in any field gives nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evmon/record.h"

#include "event/event.h"
#include "scratch.h"

#define PATH "EvseSlac\0EvseSlac\0modules\0everest\0libexec\0usr"

static void put_path(struct evmon_record *r, const char *components, size_t n)
{
	memcpy(r->exe, components, n);
	r->exe_len = (uint16_t)n;
}

static struct evmon_record record_of(enum evmon_sensor sensor)
{
	struct evmon_record r;

	memset(&r, 0, sizeof(r));
	r.version = EVMON_RECORD_VERSION;
	r.hook = EVMON_HOOK_TP_EXEC;
	r.time_ns = 123456789;
	r.key.rule = EVMON_RULE_BIND_ADMIN_PANEL;
	r.key.verdict = EVMON_VERDICT_DENIED;
	r.key.sensor = sensor;
	r.key.slot = EVMON_SLOTS - 1;
	r.process = (struct evmon_record_process){
		.start_ns = 99,
		.cgroup = 77,
		.exe_ino = 55,
		.exe_dev = 44,
		.tgid = 812,
		.tid = 813,
		.ppid = 640,
		.uid = 1500,
		.euid = 1501,
		.gid = 1502,
		.class = EVMON_CLASSES - 1,
		.slot = EVMON_SLOTS - 1,
		.subject = EVMON_SUBJECT_EVEREST,
	};
	memcpy(r.process.comm, "sixteen bytes..!", 16);
	put_path(&r, PATH, sizeof(PATH));
	r.args_len = sizeof("slac:EvseSlac\0--module\0slac");
	memcpy(r.args, "slac:EvseSlac\0--module\0slac", r.args_len);
	return r;
}

/* What event_decode() says to exactly n bytes, which need not be aligned. */
static int decode(const void *data, size_t n, struct event *event)
{
	char *copy = malloc(n + 1);
	int err;

	assert_non_null(copy);
	memcpy(copy + 1, data, n);
	err = event_decode(copy + 1, n, event);
	free(copy);
	return err;
}

static void refused(const struct evmon_record *r)
{
	struct event event, before;

	memset(&event, 0xa5, sizeof(event));
	before = event;
	assert_int_equal(decode(r, sizeof(*r), &event), -EBADMSG);
	assert_memory_equal(&event, &before, sizeof(event));
}

static void the_process_comes_over_whole(void **state)
{
	struct evmon_record r = record_of(EVMON_SENSOR_CAPABILITY);
	struct event event;

	(void)state;
	r.flags = EVMON_RECORD_ASKED_DENY | EVMON_RECORD_JOINED | EVMON_RECORD_STANDING;
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_int_equal(event.time_ns, 123456789);
	assert_memory_equal(&event.key, &r.key, sizeof(event.key));
	assert_int_equal(event.sensor, EVMON_SENSOR_CAPABILITY);
	assert_int_equal(event.verdict, EVMON_VERDICT_DENIED);
	assert_int_equal(event.hook, EVMON_HOOK_TP_EXEC);
	assert_true(event.asked_deny && event.joined && event.standing);
	assert_int_equal(event.process.pid, 812);
	assert_int_equal(event.process.tid, 813);
	assert_int_equal(event.process.ppid, 640);
	assert_int_equal(event.process.uid, 1500);
	assert_int_equal(event.process.euid, 1501);
	assert_int_equal(event.process.gid, 1502);
	assert_int_equal(event.process.start_ns, 99);
	assert_int_equal(event.process.cgroup_id, 77);
	assert_int_equal(event.process.exe_ino, 55);
	assert_int_equal(event.process.exe_dev, 44);
	assert_int_equal(event.process.class, EVMON_CLASSES - 1);
	assert_int_equal(event.process.slot, EVMON_SLOTS - 1);
	assert_int_equal(event.process.subject, EVMON_SUBJECT_EVEREST);
	assert_string_equal(event.process.comm, "sixteen bytes..!");
	assert_string_equal(event.process.exe, "/usr/libexec/everest/modules/EvseSlac/EvseSlac");
	assert_false(event.process.exe_truncated || event.process.args_truncated);
	assert_int_equal(event.process.args_length, r.args_len);
	assert_memory_equal(event.process.args, r.args, r.args_len);
}

static void each_sensor_has_its_detail(void **state)
{
	struct evmon_record r = record_of(EVMON_SENSOR_BIND);
	struct event event;

	(void)state;
	r.detail.bind = (struct evmon_record_bind){
		.address = { 10, 0, 0, 1 },
		.netns = 9,
		.ifindex = 3,
		.port = 8849,
		.asked_port = 1,
		.proto = EVMON_PROTO_MPTCP,
		.family = EVMON_FAMILY_IPV6,
		.scope = EVMON_SCOPE_ANY,
		.how = EVMON_BIND_HELD,
		.dual = 1,
	};
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_memory_equal(event.bind.address, r.detail.bind.address, 16);
	assert_int_equal(event.bind.netns, 9);
	assert_int_equal(event.bind.ifindex, 3);
	assert_int_equal(event.bind.port, 8849);
	assert_int_equal(event.bind.asked_port, 1);
	assert_int_equal(event.bind.proto, EVMON_PROTO_MPTCP);
	assert_int_equal(event.bind.family, EVMON_FAMILY_IPV6);
	assert_int_equal(event.bind.scope, EVMON_SCOPE_ANY);
	assert_int_equal(event.bind.how, EVMON_BIND_HELD);
	assert_true(event.bind.dual);

	r = record_of(EVMON_SENSOR_CAPABILITY);
	r.detail.capability =
		(struct evmon_record_capability){ 40, EVMON_CAPABILITY_HELD, 2, 1, { 0 } };
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_int_equal(event.capability.number, 40);
	assert_int_equal(event.capability.kind, EVMON_CAPABILITY_HELD);
	assert_int_equal(event.capability.userns, 2);
	assert_true(event.capability.on_behalf);

	r = record_of(EVMON_SENSOR_EXEC);
	r.detail.exec = (struct evmon_record_exec){
		.ino = 1ULL << 40,
		.gained = 1ULL << 40,
		.dev = 5,
		.mntns = 6,
		.uid = 7,
		.euid = 8,
		.how = EVMON_EXEC_CREDS,
		.deleted = 1,
	};
	memset(r.file, 'f', sizeof(r.file));
	r.file[255] = '\0';
	r.file_len = 256;
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_int_equal(event.exec.ino, 1ULL << 40);
	assert_int_equal(event.exec.gained, 1ULL << 40);
	assert_int_equal(event.exec.dev, 5);
	assert_int_equal(event.exec.mntns, 6);
	assert_int_equal(event.exec.uid, 7);
	assert_int_equal(event.exec.euid, 8);
	assert_int_equal(event.exec.how, EVMON_EXEC_CREDS);
	assert_true(event.exec.deleted);
	assert_int_equal(strlen(event.exec.file), 255);
	assert_string_equal(event.exec.interpreter, "");
	memcpy(r.file, "./x\0/bin/sh", 12);
	r.file_len = 12;
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_string_equal(event.exec.file, "./x");
	assert_string_equal(event.exec.interpreter, "/bin/sh");
}

static void only_the_exact_length_passes(void **state)
{
	struct evmon_record r[2] = { record_of(EVMON_SENSOR_BIND) };
	struct event event;

	(void)state;
	for (size_t n = 0; n < sizeof(r); n++)
		assert_int_equal(decode(r, n, &event), n == sizeof(r[0]) ? 0 : -EBADMSG);
}

/* One field at a time takes its first value beyond. */
static void values_out_of_range_are_refused(void **state)
{
	struct evmon_record r;

	(void)state;
#define REFUSE(sensor, field, value)   \
	do {                           \
		r = record_of(sensor); \
		r.field = (value);     \
		refused(&r);           \
	} while (0)
	REFUSE(EVMON_SENSOR_BIND, version, EVMON_RECORD_VERSION + 1);
	REFUSE(EVMON_SENSOR_BIND, version, 0);
	REFUSE(EVMON_SENSOR_BIND, hook, EVMON_HOOK_MAX);
	REFUSE(EVMON_SENSOR_BIND, key.rule, EVMON_RULE_CANARY);
	REFUSE(EVMON_SENSOR_BIND, key.rule, EVMON_RULE_CLOSED);
	REFUSE(EVMON_SENSOR_BIND, key.rule, EVMON_RULE_VENDOR - 1);
	REFUSE(EVMON_SENSOR_BIND, key.rule, EVMON_RULES);
	REFUSE(EVMON_SENSOR_BIND, key.verdict, EVMON_VERDICT_LATE);
	REFUSE(EVMON_SENSOR_BIND, key.sensor, EVMON_SENSOR_USB);
	REFUSE(EVMON_SENSOR_BIND, key.slot, EVMON_SLOTS);
	REFUSE(EVMON_SENSOR_BIND, process.subject, EVMON_SUBJECT_MAX);
	REFUSE(EVMON_SENSOR_BIND, process.class, EVMON_CLASSES);
	REFUSE(EVMON_SENSOR_BIND, process.slot, EVMON_SLOTS);
	REFUSE(EVMON_SENSOR_BIND, exe_len, EVMON_PATH_BYTES + 1);
	REFUSE(EVMON_SENSOR_BIND, args_len, EVMON_ARGS_BYTES + 1);
	REFUSE(EVMON_SENSOR_BIND, detail.bind.proto, EVMON_PROTO_MAX);
	REFUSE(EVMON_SENSOR_BIND, detail.bind.family, EVMON_FAMILY_MAX);
	REFUSE(EVMON_SENSOR_BIND, detail.bind.scope, EVMON_SCOPE_MAX);
	REFUSE(EVMON_SENSOR_BIND, detail.bind.how, EVMON_BIND_HOW_MAX);
	REFUSE(EVMON_SENSOR_BIND, detail.bind.dual, 2);
	REFUSE(EVMON_SENSOR_CAPABILITY, detail.capability.number, 64);
	REFUSE(EVMON_SENSOR_CAPABILITY, detail.capability.kind, EVMON_CAPABILITY_KIND_MAX);
	REFUSE(EVMON_SENSOR_CAPABILITY, detail.capability.on_behalf, 2);
	REFUSE(EVMON_SENSOR_EXEC, detail.exec.how, EVMON_EXEC_HOW_MAX);
	REFUSE(EVMON_SENSOR_EXEC, detail.exec.deleted, 2);
	REFUSE(EVMON_SENSOR_EXEC, file_len, EVMON_NAME_BYTES + 1);
	REFUSE(EVMON_SENSOR_EXEC, file_len, 2); /* a NUL before the end */
#undef REFUSE
	r = record_of(EVMON_SENSOR_EXEC);
	memset(r.file, 'f', sizeof(r.file)); /* no NUL at all */
	r.file_len = 4;
	refused(&r);
	memcpy(r.file, "a\0b\0c", 6); /* one too many */
	r.file_len = 6;
	refused(&r);
}

static void vendor_rules_and_no_rule_pass(void **state)
{
	static const uint16_t rules[] = { EVMON_RULE_NONE, EVMON_RULE_SELF_TAMPERED,
					  EVMON_RULE_VENDOR, EVMON_RULES - 1 };
	struct evmon_record r = record_of(EVMON_SENSOR_BIND);
	struct event event;

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		r.key.rule = rules[i];
		assert_int_equal(decode(&r, sizeof(r), &event), 0);
	}
}

static void paths_are_put_the_right_way_round(void **state)
{
	struct evmon_record r = record_of(EVMON_SENSOR_BIND);
	struct event event;

	(void)state;
	put_path(&r, "sh", 3);
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_string_equal(event.process.exe, "/sh");
	r.exe_len = 0;
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_string_equal(event.process.exe, "");
	r.flags = EVMON_RECORD_EXE_TRUNCATED;
	put_path(&r, "manager\0bin\0usr", 16);
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_string_equal(event.process.exe, "usr/bin/manager");
	assert_true(event.process.exe_truncated);
	/* Bytes of a name are anything but a slash. */
	put_path(&r, "a\n\xff\\\0..", 8);
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_string_equal(event.process.exe, "../a\n\xff\\");
}

static void malformed_paths_are_refused(void **state)
{
	struct evmon_record r = record_of(EVMON_SENSOR_BIND);

	(void)state;
	put_path(&r, "sh\0bi", 5); /* no NUL at the end */
	refused(&r);
	put_path(&r, "sh\0\0bin", 8); /* an empty component */
	refused(&r);
	put_path(&r, "", 1);
	refused(&r);
	put_path(&r, "x\0a/b", 6);
	refused(&r);
}

static void the_longest_texts_fit(void **state)
{
	struct evmon_record r = record_of(EVMON_SENSOR_BIND);
	struct event event;

	(void)state;
	memset(r.exe, 'p', sizeof(r.exe));
	for (size_t i = 255; i < sizeof(r.exe); i += 256)
		r.exe[i] = '\0';
	r.exe_len = sizeof(r.exe);
	memset(r.args, 'a', sizeof(r.args));
	r.args_len = sizeof(r.args);
	r.flags = EVMON_RECORD_ARGS_TRUNCATED;
	assert_int_equal(decode(&r, sizeof(r), &event), 0);
	assert_int_equal(strlen(event.process.exe), sizeof(r.exe));
	assert_int_equal(event.process.exe[0], '/');
	assert_true(event.process.args_truncated);
	assert_int_equal(event.process.args_length, sizeof(r.args) + 1);
	assert_int_equal(event.process.args[sizeof(r.args)], 0);
}

/* Random bytes in random places: whatever passes keeps the promises of event.h. */
static void noise_never_breaks_a_promise(void **state)
{
	uint64_t seed = 0x5eed0004;
	int passed = 0;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		struct evmon_record r = record_of(scratch_random(&seed) % 3);
		struct event event;

		for (int hits = 0; hits < 8; hits++) {
			size_t at = scratch_random(&seed) % 4 ? scratch_random(&seed) % 168 :
								scratch_random(&seed) % sizeof(r);

			scratch_bytes(&seed, (char *)&r + at, 1);
		}
		if (decode(&r, sizeof(r), &event))
			continue;
		passed++;
		assert_true(event.process.args_length < sizeof(event.process.args));
		assert_true(memchr(event.process.exe, 0, sizeof(event.process.exe)));
		assert_true(memchr(event.process.comm, 0, sizeof(event.process.comm)));
		assert_true(event.process.slot < EVMON_SLOTS &&
			    event.process.class < EVMON_CLASSES);
		assert_true(event.sensor <= EVMON_SENSOR_EXEC && event.hook < EVMON_HOOK_MAX);
	}
	assert_true(passed > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_process_comes_over_whole),
		cmocka_unit_test(each_sensor_has_its_detail),
		cmocka_unit_test(only_the_exact_length_passes),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(vendor_rules_and_no_rule_pass),
		cmocka_unit_test(paths_are_put_the_right_way_round),
		cmocka_unit_test(malformed_paths_are_refused),
		cmocka_unit_test(the_longest_texts_fit),
		cmocka_unit_test(noise_never_breaks_a_promise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
