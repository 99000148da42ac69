// SPDX-License-Identifier: Apache-2.0
/* Each kind of source fires, and sources may go away at any moment. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"

struct bench {
	struct loop *loop;
	struct loop_source *source[2];
	int pipe[2][2];
	int calls, signals;
	pid_t sender;
	uint64_t fired_ns;
};

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	assert_int_equal(loop_new(&bench->loop), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pipe2(bench->pipe[i], O_CLOEXEC | O_NONBLOCK), 0);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	loop_free(bench->loop);
	for (int i = 0; i < 4; i++)
		close(bench->pipe[i / 2][i % 2]);
	free(bench);
	return 0;
}

static int on_byte(int fd, uint32_t events, void *userdata)
{
	struct bench *bench = userdata;
	char byte;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(fd, &byte, 1), 1);
	if (++bench->calls == 3)
		loop_stop(bench->loop, 42);
	return 0;
}

static void an_fd_fires_once_a_round_until_the_loop_stops(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(write(bench->pipe[0][1], "abcd", 4), 4);
	assert_int_equal(loop_add_fd(bench->loop, bench->pipe[0][0], on_byte, bench, NULL), 0);
	assert_int_equal(loop_run(bench->loop), 42);
	assert_int_equal(bench->calls, 3);
	/* It can run again, and a stop before the run counts. */
	loop_stop(bench->loop, 7);
	assert_int_equal(loop_run(bench->loop), 7);
	assert_int_equal(bench->calls, 3);
}

static int on_error(int fd, uint32_t events, void *userdata)
{
	(void)fd;
	(void)events;
	(void)userdata;
	return -EPIPE;
}

static void an_error_ends_the_loop(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(write(bench->pipe[0][1], "a", 1), 1);
	assert_int_equal(loop_add_fd(bench->loop, bench->pipe[0][0], on_error, bench, NULL), 0);
	assert_int_equal(loop_run(bench->loop), -EPIPE);
}

/* Removes both sources, itself too, though the other may be in the same round. */
static int on_remove_all(int fd, uint32_t events, void *userdata)
{
	struct bench *bench = userdata;

	(void)fd;
	(void)events;
	bench->calls++;
	loop_remove(bench->loop, bench->source[0]);
	loop_remove(bench->loop, bench->source[1]);
	loop_remove(bench->loop, bench->source[1]);
	loop_remove(bench->loop, NULL);
	loop_stop(bench->loop, 0);
	return 0;
}

static void sources_may_remove_one_another(void **state)
{
	struct bench *bench = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(write(bench->pipe[i][1], "a", 1), 1);
		assert_int_equal(loop_add_fd(bench->loop, bench->pipe[i][0], on_remove_all, bench,
					     &bench->source[i]),
				 0);
	}
	assert_int_equal(loop_run(bench->loop), 0);
	assert_int_equal(bench->calls, 1);
	/* The fds are the caller's still, and out of epoll: they can be added again. */
	assert_int_equal(
		loop_add_fd(bench->loop, bench->pipe[0][0], on_byte, bench, &bench->source[0]), 0);
	loop_remove(bench->loop, bench->source[0]);
}

static int on_timer(void *userdata)
{
	struct bench *bench = userdata;

	bench->calls++;
	bench->fired_ns = clock_boot_ns();
	loop_stop(bench->loop, 0);
	return 0;
}

static void a_timer_fires_when_due_and_once(void **state)
{
	struct bench *bench = *state;
	uint64_t due = clock_boot_ns() + 20000000;

	assert_int_equal(loop_add_timer(bench->loop, on_timer, bench, &bench->source[0]), 0);
	assert_int_equal(loop_timer_set(bench->source[0], due), 0);
	assert_int_equal(loop_run(bench->loop), 0);
	assert_true(bench->fired_ns >= due);
	/* A time that is past fires at once. */
	assert_int_equal(loop_timer_set(bench->source[0], 1), 0);
	assert_int_equal(loop_run(bench->loop), 0);
	assert_int_equal(bench->calls, 2);
}

static int on_stop(void *userdata)
{
	loop_stop(((struct bench *)userdata)->loop, 3);
	return 0;
}

static void a_disarmed_timer_stays_silent(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(loop_add_timer(bench->loop, on_timer, bench, &bench->source[0]), 0);
	assert_int_equal(loop_add_timer(bench->loop, on_stop, bench, &bench->source[1]), 0);
	assert_int_equal(loop_timer_set(bench->source[0], clock_boot_ns() + 1000000), 0);
	assert_int_equal(loop_timer_set(bench->source[0], 0), 0);
	assert_int_equal(loop_timer_set(bench->source[1], clock_boot_ns() + 5000000), 0);
	assert_int_equal(loop_run(bench->loop), 3);
	assert_int_equal(bench->calls, 0);
}

static int on_signal(int number, pid_t sender, void *userdata)
{
	struct bench *bench = userdata;

	bench->signals |= 1 << number;
	bench->sender = sender;
	if (bench->signals == (1 << SIGUSR1 | 1 << SIGHUP))
		loop_stop(bench->loop, 0);
	return 0;
}

static void signals_arrive_and_the_mask_comes_back(void **state)
{
	static const int wanted[] = { SIGUSR1, SIGHUP, 0 };
	struct bench *bench = *state;
	sigset_t mask;

	assert_int_equal(loop_add_signals(bench->loop, wanted, on_signal, bench), 0);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGHUP), 1);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	assert_int_equal(loop_run(bench->loop), 0);
	assert_int_equal(bench->sender, getpid());
	loop_free(bench->loop);
	assert_int_equal(loop_new(&bench->loop), 0);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGHUP), 0);
	assert_int_equal(sigismember(&mask, SIGUSR1), 0);
}

static int on_end(int fd, uint32_t events, void *userdata)
{
	(void)fd;
	(void)events;
	loop_stop(((struct bench *)userdata)->loop, 5);
	return 0;
}

static void the_end_of_a_process_is_told_and_not_reaped(void **state)
{
	struct bench *bench = *state;
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (!pid)
		_exit(9);
	assert_int_equal(loop_add_pid(bench->loop, pid, on_end, bench, &bench->source[0]), 0);
	assert_int_equal(loop_run(bench->loop), 5);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 9);
	assert_int_equal(loop_add_pid(bench->loop, pid, on_end, bench, NULL), -ESRCH);
}

static void a_bad_fd_is_refused(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(loop_add_fd(bench->loop, -1, on_byte, bench, NULL), -EBADF);
	loop_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_fd_fires_once_a_round_until_the_loop_stops,
						setup, teardown),
		cmocka_unit_test_setup_teardown(an_error_ends_the_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(sources_may_remove_one_another, setup, teardown),
		cmocka_unit_test_setup_teardown(a_timer_fires_when_due_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_disarmed_timer_stays_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(signals_arrive_and_the_mask_comes_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_end_of_a_process_is_told_and_not_reaped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_bad_fd_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
