// SPDX-License-Identifier: Apache-2.0
/* The verb `status` on files as the daemon writes them, fresh, old and damaged. */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "capture.h"
#include "cmd/cmd.h"
#include "scratch.h"

static int set_up(void **state)
{
	static struct scratch scratch;

	scratch_make(&scratch);
	setenv("RUNTIME_DIRECTORY", scratch.path, 1);
	*state = &scratch;
	return 0;
}

static int tear_down(void **state)
{
	scratch_remove(*state);
	return 0;
}

static uint64_t now_us(void)
{
	return clock_boot_ns() / 1000;
}

static void write_status(const struct scratch *scratch, const char *word, uint64_t stamp_us,
			 const char *boot)
{
	char text[4096], known[64] = "";

	if (file_read_into(AT_FDCWD, "/proc/sys/kernel/random/boot_id", known, sizeof(known)) > 0)
		known[strcspn(known, "\n")] = '\0';
	snprintf(
		text, sizeof(text),
		"{\"schema\":\"evmon.status/1\",\"version\":\"0.1.0\",\"station\":\"cp-\\\"1\\\\\\\\x07\","
		"\"state\":\"%s\",\"reason\":%s,\"stamp_us\":%" PRIu64 ",\"started_us\":%" PRIu64
		",\"boot\":\"%s\",\"kernel\":\"6.1.0\",\"coverage\":[{\"role\":\"bind\",\"sensor\":"
		"\"bind\",\"state\":\"proven\",\"hooks\":[\"fexit/inet_bind\"],\"limits\":null,"
		"\"tried\":[]},{\"role\":\"usb\",\"sensor\":\"usb\",\"state\":\"broken\",\"hooks\":"
		"[],\"limits\":null,\"tried\":[]}],\"counters\":{\"alerts\":17,\"alerts_lost\":3,"
		"\"mirror_sent\":18446744073709551615},\"journal\":{\"id\":\"9f2c61d0\",\"seq\":41,"
		"\"urgent\":\"00\",\"routine\":\"00\",\"error\":null},\"pins\":{\"directory\":"
		"\"/sys/fs/bpf/evmon\",\"error\":\"cannot be pinned: kprobe_x\"},\"policy\":{\"hash\":"
		"\"3f9a1c22\",\"path\":null},\"mqtt\":{\"url\":\"unix:/run/b.sock\"},"
		"\"publisher\":{\"supervised\":true,\"pid\":null,\"starts\":3,\"error\":"
		"\"it ended with signal 9\"}}",
		word, strcmp(word, "degraded") == 0 ? "\"usb: broken\"" : "null", stamp_us,
		stamp_us > 7200000000 ? stamp_us - 7200000000 : 0, boot ? boot : known);
	scratch_text(scratch, "status.json", text);
}

static void assert_exit(const char *words, int status, const char *err)
{
	struct output output = output_of(status_main, words);

	assert_int_equal(output.status, status);
	if (!strstr(output.err, err))
		fail_msg("'%s' says '%s', not '%s'", words, output.err, err);
	if (err[0])
		assert_string_equal(output.out, "");
	output_free(&output);
}

static void exit_status_is_the_state(void **state)
{
	write_status(*state, "protecting", now_us(), NULL);
	assert_exit("status", EXIT_GOOD, "");
	write_status(*state, "degraded", now_us(), NULL);
	assert_exit("status --json", EXIT_FAILED, "");
	write_status(*state, "blind", now_us(), NULL);
	assert_exit("status", EXIT_NO_SENSOR, "");
	write_status(*state, "else", now_us(), NULL);
	assert_exit("status", EXIT_NO_SENSOR, "");
}

static void dead_daemon_is_not_running(void **state)
{
	assert_exit("status", EXIT_NO_SENSOR, "evmon is not running (no ");
	write_status(*state, "protecting", now_us() + 60000000, NULL);
	assert_exit("status", EXIT_NO_SENSOR, "is from an earlier boot");
	write_status(*state, "protecting", now_us(), "00000000-0000-0000-0000-000000000000");
	assert_exit("status", EXIT_NO_SENSOR, "is from an earlier boot");
	if (now_us() < 31000000)
		return; /* a machine that has just booted has no stamp that old */
	write_status(*state, "protecting", now_us() - 30500000, NULL);
	assert_exit("status --json", EXIT_NO_SENSOR, "its last word in ");
}

static void what_is_no_status_is_told(void **state)
{
	static const char *const bad[] = {
		"", "{", "[]", "{}", "{\"schema\":\"evmon.status/2\"}", "{\"schema\":7}"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		scratch_text(*state, "status.json", bad[i]);
		assert_exit("status", EXIT_NO_SENSOR, "is not what evmon writes");
	}
}

static void page_shows_state_place_and_losses(void **state)
{
	struct output output;

	write_status(*state, "degraded", now_us(), NULL);
	output = output_of(status_main, "status");
	assert_int_equal(strncmp(output.out, "evmon 0.1.0: degraded: usb: broken\n\n", 36), 0);
	assert_non_null(strstr(output.out, "\nstation    cp-\"1\\\\x07\n"));
	assert_non_null(strstr(output.out, "\nas of      0 s ago\n"));
	assert_non_null(strstr(output.out, "\njournal    9f2c61d0, last line 41\n"));
	assert_non_null(strstr(output.out, "\npins       /sys/fs/bpf/evmon, cannot be pinned: "
					   "kprobe_x\n"));
	assert_non_null(strstr(output.out, "\npolicy     3f9a1c22, the usual places\n"));
	assert_non_null(strstr(output.out, "\nmqtt       unix:/run/b.sock\n"));
	assert_non_null(
		strstr(output.out, "\npublisher  started 3 times, it ended with signal 9\n"));
	assert_non_null(strstr(output.out, "\nbind            proven     fexit/inet_bind\n"));
	assert_non_null(strstr(output.out, "\nalerts                     17  "));
	assert_non_null(strstr(output.out, "\nalerts_lost                 3  "));
	assert_null(strstr(output.out, "\nbulk_lost"));
	assert_null(strchr(output.out, '\033'));
	output_free(&output);
}

static void json_is_what_the_daemon_wrote(void **state)
{
	const struct scratch *scratch = *state;
	struct output output;
	char text[4096];
	ssize_t n;

	write_status(scratch, "protecting", now_us(), NULL);
	n = file_read_into(scratch->fd, "status.json", text, sizeof(text) - 1);
	assert_true(n > 0);
	memcpy(text + n, "\n", 2);
	output = output_of(status_main, "status --json");
	assert_string_equal(output.out, text);
	output_free(&output);
}

/* Every sample has its HELP and TYPE right before it. */
static void assert_exposition(char *text)
{
	char help[64] = "", type[64] = "", *rest = text;

	for (char *line; (line = strsep(&rest, "\n")) && rest;) {
		size_t n = strcspn(line, "{ ");

		if (sscanf(line, "# HELP %63s", help) == 1 ||
		    sscanf(line, "# TYPE %63s", type) == 1)
			continue;
		assert_string_equal(help, type);
		assert_int_equal(strlen(help), n);
		assert_int_equal(strncmp(line, help, n), 0);
	}
}

static void prom_escapes_labels_and_has_every_counter(void **state)
{
	struct output output;

	write_status(*state, "degraded", now_us(), NULL);
	output = output_of(status_main, "status --prom");
	assert_int_equal(output.status, EXIT_FAILED);
	assert_non_null(strstr(output.out, "\nevmon_up 1\n"));
	assert_non_null(strstr(output.out, "station=\"cp-\\\"1\\\\\\\\x07\""));
	assert_non_null(strstr(output.out, "\nevmon_state{state=\"degraded\"} 1\n"));
	assert_non_null(strstr(output.out, "\nevmon_state{state=\"protecting\"} 0\n"));
	assert_non_null(strstr(output.out, "{role=\"bind\",sensor=\"bind\",state=\"proven\"} 1\n"));
	assert_non_null(strstr(output.out, "{role=\"usb\",sensor=\"usb\",state=\"broken\"} 0\n"));
	assert_non_null(strstr(output.out, "\nevmon_mirror_sent_total 18446744073709551615\n"));
	assert_non_null(strstr(output.out, "\nevmon_bulk_lost_total 0\n"));
	assert_non_null(strstr(output.out, "\nevmon_journal_writable 1\n"));
	assert_non_null(strstr(output.out, "\nevmon_pinned 1\n"));
	assert_exposition(output.out);
	output_free(&output);
}

static void prom_says_that_nothing_runs(void **state)
{
	struct output output = output_of(status_main, "status --prom");

	(void)state;
	assert_int_equal(output.status, EXIT_NO_SENSOR);
	assert_non_null(strstr(output.out, "\nevmon_up 0\n"));
	assert_exposition(output.out);
	output_free(&output);
}

static void unreadable_status_is_not_permitted(void **state)
{
	const struct scratch *scratch = *state;
	struct output output;

	write_status(scratch, "protecting", now_us(), NULL);
	assert_int_equal(chmod(scratch->path, 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	output = output_of(status_main, "status --prom");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(scratch->path, 0700), 0);
	assert_int_equal(output.status, EXIT_PERMISSION);
	assert_string_equal(output.out, "");
	output_free(&output);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(exit_status_is_the_state),
		WITH_PLACE(dead_daemon_is_not_running),
		WITH_PLACE(what_is_no_status_is_told),
		WITH_PLACE(page_shows_state_place_and_losses),
		WITH_PLACE(json_is_what_the_daemon_wrote),
		WITH_PLACE(prom_escapes_labels_and_has_every_counter),
		WITH_PLACE(prom_says_that_nothing_runs),
		WITH_PLACE(unreadable_status_is_not_permitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
