// SPDX-License-Identifier: Apache-2.0
/* The verb `log` on journals that the real writer made. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "cmd/cmd.h"
#include "journal_help.h"

#define SPACE (1024u * 1024u)

enum {
	PATIENCE_MS = 20000
};

static struct output log_of(const struct place *place, const char *options)
{
	char words[256];

	snprintf(words, sizeof(words), "log --state-dir %s%s%s", place->state,
		 options[0] ? " " : "", options);
	return output_of(log_main, words);
}

/* Five lines, the odd ones critical. */
static void fill(const struct place *place)
{
	struct journal *journal = place_open(place, SPACE);

	for (unsigned i = 1; i <= 5; i++)
		add_line(journal, i % 2, i);
	journal_close(journal);
}

static size_t lines_in(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void assert_shown(const struct place *place, const char *options, const char *numbers)
{
	struct output output = log_of(place, options);
	const char *at = output.out;

	assert_int_equal(output.status, EXIT_GOOD);
	for (size_t i = 0; numbers[i]; i++) {
		char want[16];

		snprintf(want, sizeof(want), " number %c\n", numbers[i]);
		at = strstr(at, want);
		if (!at)
			fail_msg("'%s' lacks number %c in:\n%s", options, numbers[i], output.out);
	}
	assert_int_equal(lines_in(output.out), numbers[0] ? strlen(numbers) + 1 : 0);
	output_free(&output);
}

static void lines_of_both_chains_come_in_order_of_seq(void **state)
{
	fill(*state);
	assert_shown(*state, "", "12345");
}

static void filters_come_before_the_number_of_lines(void **state)
{
	fill(*state);
	assert_shown(*state, "-n 2", "45");
	assert_shown(*state, "-n 0", "");
	assert_shown(*state, "-n all", "12345");
	assert_shown(*state, "--severity critical", "135");
	assert_shown(*state, "--severity medium", "12345");
	assert_shown(*state, "--severity critical -n 2", "35");
	assert_shown(*state, "--sensor bind -n 1", "5");
	assert_shown(*state, "--sensor usb", "");
	assert_shown(*state, "--sensor usb --sensor bind", "12345");
	assert_shown(*state, "--since -1h", "12345");
	assert_shown(*state, "--since +1h", "");
}

static void json_is_the_very_bytes_of_the_journal(void **state)
{
	const struct place *place = *state;
	struct output output;
	char path[160], *file;
	size_t size;

	fill(place);
	output = log_of(place, "--json --severity critical");
	segment_path(place, "urgent", 1, path);
	file = slurp(path, &size);
	assert_string_equal(output.out, file); /* the file goes on with zeros */
	assert_int_equal(lines_in(output.out), 3);
	free(file);
	output_free(&output);
}

static void damage_is_told_and_read_around(void **state)
{
	const struct place *place = *state;
	struct output output;
	char path[160], *file;
	size_t size;

	fill(place);
	segment_path(place, "routine", 1, path);
	file = slurp(path, &size);
	*strstr(file, "number 2") = 'N';
	spit(path, file, size);
	free(file);
	output = log_of(place, "");
	assert_int_equal(output.status, EXIT_JOURNAL_BROKEN);
	assert_null(strstr(output.out, "umber 2"));
	assert_non_null(strstr(output.out, "number 4"));
	assert_non_null(strstr(output.err, "the journal is damaged: routine-00000001.jsonl"));
	output_free(&output);
	output = log_of(place, "--verify");
	assert_int_equal(output.status, EXIT_JOURNAL_BROKEN);
	assert_string_equal(output.out, "");
	assert_non_null(
		strstr(output.err, "is broken: routine-00000001.jsonl, offset 0: the hash"));
	output_free(&output);
}

static void whole_journal_is_verified(void **state)
{
	struct output output;

	fill(*state);
	output = log_of(*state, "--verify");
	assert_int_equal(output.status, EXIT_GOOD);
	assert_non_null(strstr(output.out, ": 5 lines, both chains whole\n"));
	output_free(&output);
}

static void missing_journal_is_one_clear_line(void **state)
{
	struct output output;

	for (int verify = 0; verify < 2; verify++) {
		output = log_of(*state, verify ? "--verify" : "");
		assert_int_equal(output.status, EXIT_FAILED);
		assert_string_equal(output.out, "");
		assert_non_null(strstr(output.err, "no journal in '/"));
		assert_int_equal(lines_in(output.err), 1);
		output_free(&output);
	}
}

static void unreadable_journal_is_not_permitted(void **state)
{
	const struct place *place = *state;
	struct output output;

	fill(place);
	assert_int_equal(chmod(place->state, 0700), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	else
		assert_int_equal(chmod(place->state, 0), 0);
	output = log_of(place, "");
	if (geteuid() == 65534 && getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(place->state, 0700), 0);
	assert_int_equal(output.status, EXIT_PERMISSION);
	assert_non_null(strstr(output.err, place->state));
	output_free(&output);
}

static void options_that_are_wrong_are_usage(void **state)
{
	static const char *const bad[] = { "-n x",	     "-n",
					   "--since soon",   "--sensor binds",
					   "--severity bad", "more" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct output output = log_of(*state, bad[i]);

		assert_int_equal(output.status, EXIT_USAGE);
		assert_string_equal(output.out, "");
		assert_int_equal(lines_in(output.err), 1);
		output_free(&output);
	}
}

/* A child that follows, its standard output a pipe. */
static pid_t follow(const struct place *place, int *ret_fd)
{
	char *words[] = { (char[]){ "log" }, (char[]){ "-f" }, (char[]){ "--state-dir" },
			  strdup(place->state), NULL };
	int ends[2];
	pid_t pid;

	assert_non_null(words[3]);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		_exit(log_main(4, words));
	}
	assert_true(pid > 0);
	close(ends[1]);
	free(words[3]);
	*ret_fd = ends[0];
	return pid;
}

static void await_text(int fd, const char *wanted)
{
	char text[16384];
	size_t n = 0;

	text[0] = '\0';
	while (!strstr(text, wanted)) {
		struct pollfd in = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&in, 1, PATIENCE_MS) != 1)
			fail_msg("'%s' does not come, only: %s", wanted, text);
		got = read(fd, text + n, sizeof(text) - 1 - n);
		assert_true(got > 0);
		n += (size_t)got;
		text[n] = '\0';
	}
}

static void following_shows_lines_as_they_come(void **state)
{
	const struct place *place = *state;
	struct journal *journal;
	int fd, status;
	pid_t pid;

	fill(place);
	pid = follow(place, &fd);
	await_text(fd, "number 5\n");
	journal = place_open(place, SPACE);
	add_line(journal, true, 6);
	await_text(fd, "number 6\n");
	add_line(journal, false, 7);
	await_text(fd, "number 7\n");
	journal_close(journal);
	/* Nobody reads any more: it ends by itself. */
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_of_both_chains_come_in_order_of_seq,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(filters_come_before_the_number_of_lines,
						place_set_up, place_tear_down),
		cmocka_unit_test_setup_teardown(json_is_the_very_bytes_of_the_journal, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(damage_is_told_and_read_around, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(whole_journal_is_verified, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(missing_journal_is_one_clear_line, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(unreadable_journal_is_not_permitted, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(options_that_are_wrong_are_usage, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(following_shows_lines_as_they_come, place_set_up,
						place_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
