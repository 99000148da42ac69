// SPDX-License-Identifier: Apache-2.0
/*
 * One child of the manager, in the very order of EVerest's SubProcess::create(): a packet pipe
 * that closes on exec, a plain fork, and in the child secure bits, user, capabilities, the
 * parent's-death signal, the signal mask, the environment of a script, execve. The parent reads
 * the pipe to its end, so modules start strictly one after another. A monitor's tests lean on that
 * order: between setuid and execve the child is an ordinary user with a full permitted set, and
 * only the execve shrinks it.
 *
 * The user is looked up in the child, as there; so the name service's own sockets and files are
 * its.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "caps.h"
#include "cleanup.h"
#include "spawn.h"
#include "user.h"

enum step {
	STEP_KEEP_CAPS,
	STEP_USER,
	STEP_CAPS,
	STEP_DEATHSIG,
	STEP_STDIN,
	STEP_ENVIRONMENT,
	STEP_EXEC,
	STEP_MAX
};

static const char *const step_names[STEP_MAX] = {
	[STEP_KEEP_CAPS] = "keep capabilities",
	[STEP_USER] = "set real user",
	[STEP_CAPS] = "set capabilities",
	[STEP_DEATHSIG] = "follow the manager's death",
	[STEP_STDIN] = "set up stdin",
	[STEP_ENVIRONMENT] = "set the environment",
	[STEP_EXEC] = "execute",
};

/* What a child says through the pipe when it can't execute. */
struct failure {
	int err;
	enum step step;
};

static int pipe_open(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC | O_DIRECT) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	return pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
}

static int child_set_user(const char *name)
{
	struct user user;
	int err = user_resolve(name, &user);

	return err < 0 ? err : user_become(&user);
}

static int child_follow(pid_t manager)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		return -errno;
	return getppid() == manager ? 0 : -ESRCH;
}

static void child_unblock(const int signals[2])
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < 2 && signals[i]; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Returns only with a failure. */
static struct failure child_execute(const struct spawn *spawn, pid_t manager)
{
	int err;

	if (spawn->n_caps) {
		err = caps_keep();
		if (err < 0)
			return (struct failure){ err, STEP_KEEP_CAPS };
	}
	if (spawn->run_as_user) {
		err = child_set_user(spawn->run_as_user);
		if (err < 0)
			return (struct failure){ err, STEP_USER };
	}
	if (spawn->n_caps) {
		err = caps_grant(spawn->caps, spawn->n_caps, spawn->leak_chown);
		if (err < 0)
			return (struct failure){ err, STEP_CAPS };
	}
	err = child_follow(manager);
	if (err < 0)
		return (struct failure){ err, STEP_DEATHSIG };
	child_unblock(spawn->unblock);
	if (spawn->stdin_fd >= 0 && dup2(spawn->stdin_fd, STDIN_FILENO) < 0)
		return (struct failure){ -errno, STEP_STDIN };
	for (const struct spawn_variable *v = spawn->variables; v && v->name; v++)
		if (setenv(v->name, v->value, 1) < 0)
			return (struct failure){ -errno, STEP_ENVIRONMENT };
	execvp(spawn->path, spawn->argv);
	return (struct failure){ -errno, STEP_EXEC };
}

int spawn_run(const struct spawn *spawn, pid_t *ret_pid, const char **ret_step)
{
	_cleanup_(closep) int read_end = -1;
	_cleanup_(closep) int write_end = -1;
	struct failure failure;
	pid_t manager = getpid();
	int fds[2];
	ssize_t n;
	pid_t pid;
	int err;

	*ret_step = "fork";
	err = pipe_open(fds);
	if (err < 0)
		return err;
	read_end = fds[0];
	write_end = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(TAKE_FD(read_end));
		failure = child_execute(spawn, manager);
		n = write(write_end, &failure, sizeof(failure));
		_exit(n == (ssize_t)sizeof(failure) ? 1 : 2);
	}
	close(TAKE_FD(write_end));
	do
		n = read(read_end, &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(failure)) {
		waitpid(pid, NULL, 0);
		*ret_step = failure.step < STEP_MAX ? step_names[failure.step] : "start";
		return failure.err;
	}
	*ret_pid = pid;
	return 0;
}
