// SPDX-License-Identifier: Apache-2.0
/* A message is one line that does nothing to a terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* stderr goes into a pipe while the words are spoken. */
struct ear {
	int saved, pipe[2];
	char heard[8192];
};

static void ear_open(struct ear *ear)
{
	assert_int_equal(pipe2(ear->pipe, O_CLOEXEC | O_NONBLOCK), 0);
	ear->saved = dup(STDERR_FILENO);
	assert_true(dup2(ear->pipe[1], STDERR_FILENO) >= 0);
}

static const char *ear_close(struct ear *ear)
{
	ssize_t n;

	dup2(ear->saved, STDERR_FILENO);
	close(ear->saved);
	close(ear->pipe[1]);
	n = read(ear->pipe[0], ear->heard, sizeof(ear->heard) - 1);
	close(ear->pipe[0]);
	ear->heard[n > 0 ? n : 0] = '\0';
	return ear->heard;
}

static void a_message_is_one_line_and_escaped(void **state)
{
	struct ear ear;
	char expected[128];

	(void)state;
	ear_open(&ear);
	log_warning("bad name '%s'", "x\n\x1b[2J\xe2\x80\xae");
	snprintf(expected, sizeof(expected),
		 "%s: warning: bad name 'x\\x0a\\x1b[2J\\xe2\\x80\\xae'\n",
		 program_invocation_short_name);
	assert_string_equal(ear_close(&ear), expected);
}

static void an_error_says_why_and_returns_it(void **state)
{
	struct ear ear;
	const char *heard;

	(void)state;
	ear_open(&ear);
	errno = EBUSY;
	assert_int_equal(log_err_errno(-ENOENT, "cannot open %d", 7), -ENOENT);
	assert_int_equal(log_err_errno(ENOENT, "again"), -ENOENT);
	assert_int_equal(errno, EBUSY);
	heard = ear_close(&ear);
	assert_non_null(strstr(heard, ": cannot open 7: No such file or directory\n"));
	assert_non_null(strstr(heard, ": again: No such file or directory\n"));
}

static void a_message_too_long_is_cut_and_stays_a_line(void **state)
{
	struct ear ear;
	const char *heard;
	char text[6000];

	(void)state;
	memset(text, '\x01', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ear_open(&ear);
	log_err_errno(EPERM, "%s", text);
	heard = ear_close(&ear);
	assert_true(strlen(heard) <= 4096);
	assert_ptr_equal(strchr(heard, '\n'), heard + strlen(heard) - 1);
}

static void detail_is_for_those_who_ask(void **state)
{
	struct ear ear;

	(void)state;
	unsetenv("EVMON_DEBUG");
	ear_open(&ear);
	log_debug("quiet");
	assert_string_equal(ear_close(&ear), "");
	setenv("EVMON_DEBUG", "1", 1);
	ear_open(&ear);
	log_debug("loud");
	unsetenv("EVMON_DEBUG");
	assert_non_null(strstr(ear_close(&ear), ": debug: loud\n"));
}

static void under_systemd_the_priority_leads(void **state)
{
	struct ear ear;
	struct stat st;
	char stream[64];

	(void)state;
	ear_open(&ear);
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_notice("here");
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_notice("elsewhere");
	unsetenv("JOURNAL_STREAM");
	ear_close(&ear);
	assert_memory_equal(ear.heard, "<5>here\n", 8);
	assert_null(strstr(ear.heard + 8, "<5>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_one_line_and_escaped),
		cmocka_unit_test(an_error_says_why_and_returns_it),
		cmocka_unit_test(a_message_too_long_is_cut_and_stays_a_line),
		cmocka_unit_test(detail_is_for_those_who_ask),
		cmocka_unit_test(under_systemd_the_priority_leads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
