// SPDX-License-Identifier: Apache-2.0
/* The mirror against a socket of ours in journald's place. */
#include "journal/mirror.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct journald {
	char dir[64], path[96];
};

static int set_up(void **state)
{
	static struct journald journald;

	snprintf(journald.dir, sizeof(journald.dir), "/tmp/evmon-unit-XXXXXX");
	assert_non_null(mkdtemp(journald.dir));
	snprintf(journald.path, sizeof(journald.path), "%s/socket", journald.dir);
	*state = &journald;
	return 0;
}

static int tear_down(void **state)
{
	const struct journald *journald = *state;

	unlink(journald->path);
	return rmdir(journald->dir);
}

static int listen_at(const struct journald *journald)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	unlink(journald->path);
	memcpy(address.sun_path, journald->path, strlen(journald->path) + 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static struct alert *make_alert(void)
{
	struct alert *alert = calloc(1, sizeof(*alert));

	assert_non_null(alert);
	alert->sensor = EVMON_SENSOR_EXEC;
	alert->rule = EVMON_RULE_EXEC_ROOT;
	alert->severity = SEVERITY_HIGH;
	alert->verdict = EVMON_VERDICT_ALERT;
	alert->count = 3;
	alert->has_process = true;
	alert->process.pid = 4711;
	snprintf(alert->rule_name, sizeof(alert->rule_name), "exec.root");
	snprintf(alert->message, sizeof(alert->message), "root ran /tmp/a\nPRIORITY=7\x1b[2J");
	return alert;
}

static void fields_are_as_documented(void **state)
{
	struct alert *alert = make_alert();
	int fd = listen_at(*state);
	struct mirror mirror;
	char text[4096];
	ssize_t n;

	assert_int_equal(mirror_open_at(&mirror, ((const struct journald *)*state)->path), 0);
	mirror_send(&mirror, alert, 17);
	n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	/* A newline in others' bytes does not make a field of its own. */
	assert_string_equal(
		text,
		"MESSAGE=root ran /tmp/a\\x0aPRIORITY=7\\x1b[2J\n"
		"MESSAGE_ID=f2710786df2b44e9ac2c9a7ad85384b6\nPRIORITY=2\nSYSLOG_IDENTIFIER=evmon\nEVMON_SEQ=17\n"
		"EVMON_RULE=exec.root\nEVMON_SENSOR=exec\nEVMON_SEVERITY=high\n"
		"EVMON_VERDICT=alert\nEVMON_COUNT=3\nOBJECT_PID=4711\n");
	assert_int_equal(mirror.sent, 1);
	mirror_close(&mirror);
	close(fd);
	free(alert);
}

static void priorities_follow_severity(void **state)
{
	static const char *const expected[SEVERITY_MAX] = { "PRIORITY=5\n", "PRIORITY=4\n",
							    "PRIORITY=2\n", "PRIORITY=2\n" };
	struct alert *alert = make_alert();
	int fd = listen_at(*state);
	struct mirror mirror;
	char text[4096];

	assert_int_equal(mirror_open_at(&mirror, ((const struct journald *)*state)->path), 0);
	for (int severity = 0; severity < SEVERITY_MAX; severity++) {
		ssize_t n;

		alert->severity = (enum severity)severity;
		mirror_send(&mirror, alert, 1);
		n = recv(fd, text, sizeof(text) - 1, 0);
		assert_true(n > 0);
		text[n] = '\0';
		assert_non_null(strstr(text, expected[severity]));
	}
	mirror_close(&mirror);
	close(fd);
	free(alert);
}

/* Catalogues and other people's filters go by them: they never change. */
static void each_family_of_rules_has_its_id(void **state)
{
	static const char *const expected[EVMON_SENSOR_MAX] = {
		[EVMON_SENSOR_BIND] = "\nMESSAGE_ID=c0f2ac2130e64f649a0c2795df7afd87\n",
		[EVMON_SENSOR_CAPABILITY] = "\nMESSAGE_ID=889b00278fd645fe890115725841c2d3\n",
		[EVMON_SENSOR_EXEC] = "\nMESSAGE_ID=f2710786df2b44e9ac2c9a7ad85384b6\n",
		[EVMON_SENSOR_USB] = "\nMESSAGE_ID=f623af276c9b4b5ea8ff9224bab61e78\n",
		[EVMON_SENSOR_CONFIG] = "\nMESSAGE_ID=29ae75ba1db24f479f6967b29381b512\n",
		[EVMON_SENSOR_SELF] = "\nMESSAGE_ID=b2841f208b044427ade73ccb10e419dc\n",
	};
	struct alert *alert = make_alert();
	int fd = listen_at(*state);
	struct mirror mirror;
	char text[4096];

	assert_int_equal(mirror_open_at(&mirror, ((const struct journald *)*state)->path), 0);
	for (int sensor = 0; sensor < EVMON_SENSOR_MAX; sensor++) {
		ssize_t n;

		alert->sensor = (enum evmon_sensor)sensor;
		mirror_send(&mirror, alert, 1);
		n = recv(fd, text, sizeof(text) - 1, 0);
		assert_true(n > 0);
		text[n] = '\0';
		assert_non_null(strstr(text, expected[sensor]));
	}
	mirror_close(&mirror);
	close(fd);
	free(alert);
}

static void journald_that_hangs_costs_counted_losses(void **state)
{
	struct alert *alert = make_alert();
	int fd = listen_at(*state);
	struct mirror mirror;
	unsigned got = 0;
	char text[4096];

	assert_int_equal(mirror_open_at(&mirror, ((const struct journald *)*state)->path), 0);
	for (unsigned i = 0; i < 3000; i++)
		mirror_send(&mirror, alert, i);
	while (recv(fd, text, sizeof(text), 0) > 0)
		got++;
	assert_true(mirror.lost > 0);
	assert_int_equal(mirror.sent, got);
	assert_int_equal(mirror.sent + mirror.lost, 3000);
	mirror_close(&mirror);
	close(fd);
	free(alert);
}

static void no_journald_is_no_error(void **state)
{
	struct alert *alert = make_alert();
	struct mirror mirror;

	assert_int_equal(mirror_open_at(&mirror, ((const struct journald *)*state)->path), 0);
	assert_int_equal(mirror.fd, -1);
	mirror_send(&mirror, alert, 1);
	assert_int_equal(mirror.sent + mirror.lost, 0);
	mirror_close(&mirror);
	free(alert);
}

static void mirror_that_was_never_opened_sends_nothing(void **state)
{
	struct alert *alert = make_alert();
	struct mirror mirror = { .fd = -1 };

	(void)state;
	mirror_send(&mirror, alert, 1);
	assert_int_equal(mirror.sent + mirror.lost, 0);
	free(alert);
}

static void restarted_journald_is_found_again(void **state)
{
	struct alert *alert = make_alert();
	int fd = listen_at(*state);
	struct mirror mirror;
	char text[4096];

	assert_int_equal(mirror_open_at(&mirror, ((const struct journald *)*state)->path), 0);
	mirror_send(&mirror, alert, 1);
	close(fd);
	mirror_send(&mirror, alert, 2);
	assert_int_equal(mirror.lost, 1);
	fd = listen_at(*state);
	mirror_send(&mirror, alert, 3);
	assert_true(recv(fd, text, sizeof(text), 0) > 0);
	assert_non_null(strstr(text, "EVMON_SEQ=3\n"));
	assert_int_equal(mirror.sent, 2);
	mirror_close(&mirror);
	close(fd);
	free(alert);
}

static void journald_that_comes_later_is_found(void **state)
{
	struct alert *alert = make_alert();
	struct mirror mirror;
	char text[4096];
	int fd;

	assert_int_equal(mirror_open_at(&mirror, ((const struct journald *)*state)->path), 0);
	assert_true(mirror_is_on(&mirror));
	mirror_send(&mirror, alert, 1);
	fd = listen_at(*state);
	mirror_send(&mirror, alert, 2);
	assert_true(recv(fd, text, sizeof(text), 0) > 0);
	assert_non_null(strstr(text, "EVMON_SEQ=2\n"));
	/* Closed is closed: it does not connect again by itself. */
	mirror_close(&mirror);
	assert_false(mirror_is_on(&mirror));
	mirror_send(&mirror, alert, 3);
	assert_true(recv(fd, text, sizeof(text), 0) < 0);
	assert_int_equal(mirror.sent, 1);
	assert_int_equal(mirror.lost, 0);
	close(fd);
	free(alert);
}

#define WITH_SOCKET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SOCKET(fields_are_as_documented),
		WITH_SOCKET(priorities_follow_severity),
		WITH_SOCKET(each_family_of_rules_has_its_id),
		WITH_SOCKET(journald_that_hangs_costs_counted_losses),
		WITH_SOCKET(no_journald_is_no_error),
		WITH_SOCKET(mirror_that_was_never_opened_sends_nothing),
		WITH_SOCKET(restarted_journald_is_found_again),
		WITH_SOCKET(journald_that_comes_later_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
