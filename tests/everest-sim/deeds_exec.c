// SPDX-License-Identifier: Apache-2.0
/*
 * Misdeeds with execve: a child executes a program, in each of the ways a kernel has to get there
 * (fork, vfork, from a thread that is not the child's first), and is waited for. The answer's note
 * has the child's pid and how it ended; a refused execve is the answer's error, which the child
 * reports through a pipe that closes on exec. A child that is killed in its execve leaves the pipe
 * empty and is told by its signal.
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "deeds.h"

enum exec_how {
	EXEC_FORK,
	EXEC_THREAD
};

struct program {
	const char *path;
	char *const *argv;
	int report_fd;
};

static void program_be_quiet(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
}

static _Noreturn void program_execute(const struct program *program)
{
	int err;

	execv(program->path, program->argv);
	err = errno;
	_exit(write(program->report_fd, &err, sizeof(err)) == (ssize_t)sizeof(err) ? 127 : 126);
}

static void *program_execute_in_thread(void *program)
{
	program_execute(program);
}

static _Noreturn void child_run(struct program *program, enum exec_how how)
{
	pthread_t thread;

	program_be_quiet();
	if (how == EXEC_FORK)
		program_execute(program);
	if (pthread_create(&thread, NULL, program_execute_in_thread, program) == 0)
		pthread_join(thread, NULL);
	_exit(126);
}

static void note_end(struct answer *answer, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		snprintf(answer->note, sizeof(answer->note), "child=%d signal=%d", (int)pid,
			 WTERMSIG(status));
	else
		snprintf(answer->note, sizeof(answer->note), "child=%d exit=%d", (int)pid,
			 WEXITSTATUS(status));
}

static int child_wait(pid_t pid, struct answer *answer)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	note_end(answer, pid, status);
	return 0;
}

static int exec_and_wait(const char *path, char *const argv[], enum exec_how how,
			 struct answer *answer)
{
	struct program program = { .path = path, .argv = argv };
	_cleanup_(closep) int read_end = -1;
	_cleanup_(closep) int write_end = -1;
	int refused = 0;
	int fds[2];
	ssize_t n;
	pid_t pid;
	int err;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_end = fds[0];
	write_end = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		program.report_fd = write_end;
		child_run(&program, how);
	}
	close(TAKE_FD(write_end));
	do
		n = read(read_end, &refused, sizeof(refused));
	while (n < 0 && errno == EINTR);
	err = child_wait(pid, answer);
	return n == (ssize_t)sizeof(refused) ? -refused : err;
}

/* The child borrows this memory until its execve: it may only leave its errno in it. */
static int vfork_and_wait(const char *path, char *const argv[], struct answer *answer)
{
	volatile int refused = 0;
	pid_t pid;
	int err;

	pid = vfork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execv(path, argv);
		refused = errno;
		_exit(127);
	}
	err = child_wait(pid, answer);
	return refused ? -refused : err;
}

void deed_exec(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)deeds;
	(void)n_words;
	answer_count(ret, exec_and_wait(words[1], words + 1, EXEC_FORK, ret));
}

void deed_exec_as(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	char *argv[64] = { words[1] };

	(void)deeds;
	for (int i = 3; i < n_words; i++)
		argv[i - 2] = words[i];
	answer_count(ret, exec_and_wait(words[2], argv, EXEC_FORK, ret));
}

/* The program is set-uid root, or who executes it is root already; it ends with 0 where it is root,
 * as everest-sim's `rooted` does, and else the deed has failed. */
void deed_exec_root(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	int err;

	(void)deeds;
	(void)n_words;
	err = exec_and_wait(words[1], words + 1, EXEC_FORK, ret);
	if (err == 0 && strstr(ret->note, " exit=1"))
		err = -EPERM;
	answer_count(ret, err);
}

void deed_exec_thread(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)deeds;
	(void)n_words;
	answer_count(ret, exec_and_wait(words[1], words + 1, EXEC_THREAD, ret));
}

void deed_exec_vfork(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)deeds;
	(void)n_words;
	answer_count(ret, vfork_and_wait(words[1], words + 1, ret));
}

/* Arguments that break a terminal, a line of text, a JSON string or a decoder of UTF-8: escapes,
 * control bytes, line ends, quotes, overlong and lone bytes, C1, right-to-left override, empty. */
void deed_exec_nasty(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	static const char *const nasty[] = {
		"\033[31mred\007\033]0;title\007",  "line\nend\r\n\ttab",
		"\"quote\" 'single' \\back\\",	    "\xff\xfe\x80lone",
		"\xc0\xaf\xed\xa0\x80overlong",	    "\x01\x02\x7f\xc2\x9b",
		"\xe2\x80\xaereversed\xe2\x81\xa6", "",
		"{\"schema\":\"evmon.alert/1\"}",   NULL,
	};

	(void)deeds;
	(void)n_words;
	answer_count(ret,
		     exec_and_wait(words[1], (char *const *)(const void *)nasty, EXEC_FORK, ret));
}
