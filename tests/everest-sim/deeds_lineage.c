// SPDX-License-Identifier: Apache-2.0
/*
 * Other deeds, done from another place in the tree: a descendant whose ancestors are gone, a
 * worker thread, a process whose first thread has ended, a user namespace of its own. A monitor
 * that goes by the parent, by the leader or by who is root in some namespace gets these wrong.
 *
 * Descendants send their answer through a pipe and end; what they keep ends with them. They wait
 * for the event that matters (to be orphaned, the leader's end), never for a time.
 */

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "deeds.h"
#include "text.h"

/* A deed that waits to be done. */
struct order {
	struct deeds *deeds;
	int n_words;
	char *const *words;
	unsigned int depth;
	struct answer *answer;
	pthread_t leader;
	int answer_fd;
};

typedef void order_fn(struct order *order);

static void order_refuse(struct order *order, int err)
{
	*order->answer = (struct answer){ .pid = getpid(), .uid = getuid() };
	answer_count(order->answer, err);
}

static void order_do(struct order *order)
{
	deeds_do(order->deeds, order->n_words, order->words, order->answer);
}

static _Noreturn void answer_send(const struct answer *answer, int fd)
{
	_exit(write(fd, answer, sizeof(*answer)) == (ssize_t)sizeof(*answer) ? 0 : 1);
}

/* Runs fn in a child, and takes the answer of whichever descendant sends one. */
static void in_child(struct order *order, order_fn *fn)
{
	_cleanup_(closep) int read_end = -1;
	_cleanup_(closep) int write_end = -1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0) {
		answer_count(order->answer, -errno);
		return;
	}
	read_end = fds[0];
	write_end = fds[1];
	pid = fork();
	if (pid == 0) {
		order->answer_fd = write_end;
		fn(order);
		answer_send(order->answer, write_end);
	}
	if (pid < 0) {
		answer_count(order->answer, -errno);
		return;
	}
	close(TAKE_FD(write_end));
	if (read(read_end, order->answer, sizeof(*order->answer)) !=
	    (ssize_t)sizeof(*order->answer))
		answer_count(order->answer, -ECHILD);
	waitpid(pid, NULL, 0);
}

/* Blocks until the parent has gone and somebody else is the parent. */
static void orphan_wait(pid_t parent)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
	if (getppid() == parent)
		sigwait(&set, &signal);
}

static void descend(struct order *order)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (unsigned int level = 1; level < order->depth; level++) {
		pid_t parent = getpid();
		pid_t pid = fork();

		if (pid > 0)
			_exit(0);
		if (pid < 0) {
			order_refuse(order, -errno);
			return;
		}
		setsid();
		orphan_wait(parent);
	}
	order_do(order);
}

void deed_fork_deep(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	struct order order = { .deeds = deeds,
			       .n_words = n_words - 2,
			       .words = words + 2,
			       .answer = ret };

	if (text_uint(words[1], 1000, &order.depth) < 0) {
		answer_count(ret, -EINVAL);
		return;
	}
	in_child(&order, descend);
}

static void *thread_run(void *order)
{
	order_do(order);
	return NULL;
}

void deed_thread(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	struct order order = { .deeds = deeds,
			       .n_words = n_words - 1,
			       .words = words + 1,
			       .answer = ret };
	pthread_t thread;
	int err;

	err = pthread_create(&thread, NULL, thread_run, &order);
	if (err) {
		answer_count(ret, -err);
		return;
	}
	pthread_join(thread, NULL);
}

static void *leaderless_run(void *arg)
{
	struct order *order = arg;

	/* returns when the kernel has cleared the leader's thread id, in its exit */
	pthread_join(order->leader, NULL);
	order_do(order);
	answer_send(order->answer, order->answer_fd);
}

static void leave_leaderless(struct order *order)
{
	pthread_t thread;
	int err;

	order->leader = pthread_self();
	err = pthread_create(&thread, NULL, leaderless_run, order);
	if (err) {
		order_refuse(order, -err);
		return;
	}
	pthread_exit(NULL);
}

void deed_leaderless(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	struct order order = { .deeds = deeds,
			       .n_words = n_words - 1,
			       .words = words + 1,
			       .answer = ret };

	in_child(&order, leave_leaderless);
}

static void enter_userns(struct order *order)
{
	if (unshare(CLONE_NEWUSER) < 0)
		order_refuse(order, -errno);
	else
		order_do(order);
}

void deed_userns(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	struct order order = { .deeds = deeds,
			       .n_words = n_words - 1,
			       .words = words + 1,
			       .answer = ret };

	in_child(&order, enter_userns);
}
