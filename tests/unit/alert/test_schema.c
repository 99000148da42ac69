// SPDX-License-Identifier: Apache-2.0
/*
 * Lines of every rule and sensor, sane and hostile, are written to a file and held to
 * the schemas in docs/ by tests/check/schema.py; and lines that break the contract must be refused.
 * Run from the repository's top, as the test runner does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert_help.h"
#include "base/hash.h"
#include "policy/rules.h"

struct lines {
	struct stage *stage;
	char path[64];
	FILE *out;
	unsigned random;
};

static unsigned random_next(struct lines *lines)
{
	lines->random = lines->random * 1664525 + 1013904223;
	return lines->random >> 8;
}

static int lines_open(void **state)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	void *stage;
	int fd;

	assert_non_null(lines);
	assert_int_equal(stage_open(&stage), 0);
	lines->stage = stage;
	lines->random = 20260101;
	snprintf(lines->path, sizeof(lines->path), "/tmp/evmon-unit-lines-XXXXXX");
	fd = mkstemp(lines->path);
	assert_true(fd >= 0);
	lines->out = fdopen(fd, "w");
	assert_non_null(lines->out);
	*state = lines;
	return 0;
}

static int lines_close(void **state)
{
	struct lines *lines = *state;
	void *stage = lines->stage;

	fclose(lines->out);
	remove(lines->path);
	stage_close(&stage);
	free(lines);
	return 0;
}

/* Exit status of the check on the file so far; its words go to a log that a failure shows. */
static int lines_check(struct lines *lines, bool quiet)
{
	char *const argv[] = { (char *)"schema.py", lines->path, NULL };
	int status = -1;
	pid_t pid;

	fflush(lines->out);
	pid = fork();
	if (!pid) {
		if (quiet && !freopen("/dev/null", "w", stdout))
			_exit(126);
		execv("tests/check/schema.py", argv);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The line as the journal completes it. */
static void seal(const char *line, char *to, size_t size)
{
	char hash[HASH_HEX];

	hash_hex(line, strlen(line), hash);
	snprintf(to, size, "%s,\"hash\":\"%s\"}\n", line, hash);
}

/* The stage's alert as a line of the journal and as one of the trace. */
static void add(struct lines *lines)
{
	struct alert_stamp journal = stamp_journal(), trace = stamp_trace();
	char line[ALERT_LINE_MAX + 1];

	journal.cmdline_full = random_next(lines) & 1;
	journal.durable = random_next(lines) & 1;
	if (lines->stage->alert->rule != EVMON_RULE_NONE) {
		seal(stage_line(lines->stage, &journal), line, sizeof(line));
		fputs(line, lines->out);
	}
	if (lines->stage->alert->count == 1 && !lines->stage->alert->folded)
		fprintf(lines->out, "%s\n", stage_line(lines->stage, &trace));
}

static void make(struct lines *lines, enum evmon_sensor sensor, enum evmon_rule rule)
{
	struct stage *stage = lines->stage;
	struct usb_device device = device_storage();
	struct event event;

	if (sensor == EVMON_SENSOR_USB) {
		alert_from_usb(stage->alert, &device, rule, SEVERITY_HIGH, stage->policy);
		return;
	}
	if (sensor == EVMON_SENSOR_CONFIG || sensor == EVMON_SENSOR_SELF) {
		alert_from_self(stage->alert, rule, stage->policy, "what", "detail");
		return;
	}
	event = sensor == EVMON_SENSOR_BIND ?
			event_bind(stage, rule) :
		sensor == EVMON_SENSOR_CAPABILITY ?
			event_capability(stage, rule, 13, EVMON_CAPABILITY_USED) :
			event_exec(stage, rule, "/usr/bin/dash", "/bin/sh");
	alert_from_event(stage->alert, &event, stage->modules, stage->policy);
}

static void every_rule_gives_valid_lines(void **state)
{
	struct lines *lines = *state;

	for (unsigned number = 1; number < EVMON_RULE_CANARY; number++) {
		const struct rule *rule = rule_get(number);

		assert_non_null(rule);
		make(lines, rule->sensor, number);
		add(lines);
		lines->stage->alert->folded = 3;
		lines->stage->alert->count = 30;
		lines->stage->alert->subject = EVMON_SUBJECT_MAX;
		add(lines);
	}
	make(lines, EVMON_SENSOR_BIND, EVMON_RULE_VENDOR);
	add(lines);
	for (unsigned sensor = 0; sensor < EVMON_SENSOR_CONFIG; sensor++) {
		make(lines, sensor, EVMON_RULE_NONE);
		add(lines);
	}
	assert_int_equal(lines_check(lines, false), 0);
}

static void every_tally_gives_valid_lines(void **state)
{
	struct lines *lines = *state;
	struct stage *stage = lines->stage;

	for (unsigned rule = 1; rule < EVMON_RULE_USB_HID; rule++) {
		struct evmon_tally_key key = { .rule = (uint16_t)rule,
					       .slot = TEST_SLOT,
					       .verdict = EVMON_VERDICT_ALERT,
					       .sensor = rule_get(rule)->sensor };
		struct evmon_tally tally = { .count = 7, .first_ns = 1, .last_ns = 2 };

		alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
		add(lines);
		tally.actor.tgid = TEST_PID;
		tally.actor.class = (uint16_t)stage->class;
		key.object.capability.number = 200; /* also another sensor's nonsense */
		alert_from_tally(stage->alert, &key, &tally, stage->modules, stage->policy);
		add(lines);
	}
	assert_int_equal(lines_check(lines, false), 0);
}

static void noise(struct lines *lines, char *text, size_t size)
{
	size_t n = random_next(lines) % size;

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(random_next(lines) % 255 + 1);
	text[n] = '\0';
}

static void hostile_alerts_give_valid_lines(void **state)
{
	struct lines *lines = *state;
	struct alert *alert = lines->stage->alert;

	for (unsigned i = 0; i < 400; i++) {
		unsigned rule = 1 + random_next(lines) % (EVMON_RULE_CANARY - 1);

		make(lines, rule_get(rule)->sensor, rule);
		noise(lines, alert->module.id, sizeof(alert->module.id));
		noise(lines, alert->process.comm, sizeof(alert->process.comm));
		noise(lines, alert->process.exe, sizeof(alert->process.exe));
		noise(lines, alert->process.cgroup, 300);
		noise(lines, alert->exec_text.path, sizeof(alert->exec_text.path));
		noise(lines, alert->message + 1, sizeof(alert->message) - 1);
		noise(lines, alert->process.args, sizeof(alert->process.args));
		alert->process.args_length = strlen(alert->process.args) + 1;
		for (size_t k = 0; k < 6; k++)
			alert->process.args[random_next(lines) % alert->process.args_length] = '\0';
		alert->process.args_known = true;
		if (alert->sensor == EVMON_SENSOR_USB)
			noise(lines, alert->usb.name, sizeof(alert->usb.name));
		if (alert->sensor == EVMON_SENSOR_SELF)
			noise(lines, alert->self.detail, sizeof(alert->self.detail));
		if (alert->sensor == EVMON_SENSOR_EXEC)
			alert->exec.gained = (uint64_t)random_next(lines) << 20;
		add(lines);
	}
	assert_int_equal(lines_check(lines, false), 0);
}

/* Puts `to` in the place of `from` and hashes the line anew, so that it alone is at fault. */
static void add_spoilt(struct lines *lines, const char *line, const char *from, const char *to)
{
	char spoilt[ALERT_LINE_MAX + 1], sealed[2 * ALERT_LINE_MAX];
	const char *at = strstr(line, from);

	assert_non_null(at);
	snprintf(spoilt, sizeof(spoilt), "%.*s%s%s", (int)(at - line), line, to, at + strlen(from));
	seal(spoilt, sealed, sizeof(sealed));
	assert_int_equal(ftruncate(fileno(lines->out), 0), 0);
	rewind(lines->out);
	fputs(sealed, lines->out);
}

static void lines_that_break_the_contract_are_refused(void **state)
{
	static const char *const spoil[][2] = {
		{ "\"seq\":17,", "" },
		{ "\"seq\":17,", "\"seq\":\"17\"," },
		{ "\"seq\":17,", "\"seq\":17,\"seq\":17," },
		{ "\"clock\":\"synced\",", "\"clock\":\"synced\",\"more\":1," },
		{ "\"how\":\"bind\",", "\"how\":\"bind\",\"more\":1," },
		{ "\"count\":1,", "\"count\":0," },
		{ "\"rule\":\"bind.admin-panel\"", "\"rule\":\"exec.root\"" },
		{ "\"verdict\":\"alert\"", "\"verdict\":\"allow\"" },
		{ "\"uid\":1500,\"euid\":1500", "\"euid\":1500,\"uid\":1500" },
		{ "\"subject\":\"everest\"", "\"subject\":null" },
		{ "\"comm\":\"api:RpcApi\"", "\"comm\":\"api\\nRpcApi\"" },
		{ "\"durable\":true", "\"durable\":true,\"truncated\":false" },
		{ "000123Z\",\"last\"", "123Z\",\"last\"" },
		{ "\"object\":{\"proto\"", "\"object\":{\"folded\":2,\"proto\"" },
	};
	struct alert_stamp stamp = stamp_journal();
	struct lines *lines = *state;
	char line[ALERT_LINE_MAX];

	make(lines, EVMON_SENSOR_BIND, EVMON_RULE_BIND_ADMIN_PANEL);
	snprintf(line, sizeof(line), "%s", stage_line(lines->stage, &stamp));
	add_spoilt(lines, line, "\"seq\":17", "\"seq\":18");
	assert_int_equal(lines_check(lines, true), 0);
	for (size_t i = 0; i < ARRAY_SIZE(spoil); i++) {
		add_spoilt(lines, line, spoil[i][0], spoil[i][1]);
		if (lines_check(lines, true) != 1)
			fail_msg("let through: %s -> %s", spoil[i][0], spoil[i][1]);
	}
	rewind(lines->out);
	assert_int_equal(ftruncate(fileno(lines->out), 0), 0);
	assert_int_equal(lines_check(lines, true), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lines_open, lines_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_rule_gives_valid_lines),
		TEST(every_tally_gives_valid_lines),
		TEST(hostile_alerts_give_valid_lines),
		TEST(lines_that_break_the_contract_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
