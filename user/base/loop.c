// SPDX-License-Identifier: Apache-2.0
/*
 * epoll, level-triggered. A source belongs to the loop from loop_add_*() to loop_remove() or
 * loop_free(). One round of epoll may name a source that an earlier callback of the same round
 * removed; so a removed source is taken out of epoll and of the list at once, and freed after the
 * round. Signals are blocked for as long as the loop lives; children made in that time inherit the
 * mask, and whoever forks must reset it.
 */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000ULL

enum {
	ROUND_EVENTS = 16
};

enum source_kind {
	SOURCE_FD,
	SOURCE_TIMER,
	SOURCE_SIGNALS
};

struct loop_source {
	struct loop_source *previous, *next;
	enum source_kind kind;
	int fd;
	bool fd_owned, removed;
	union {
		loop_fd_fn fd_fn;
		loop_timer_fn timer_fn;
		loop_signal_fn signal_fn;
	};
	void *userdata;
};

struct loop {
	int epoll_fd;
	struct loop_source *sources, *removed;
	bool dispatching, stopped, mask_saved;
	int status;
	sigset_t mask; /* as it was before the first loop_add_signals() */
};

int loop_new(struct loop **ret_loop)
{
	_cleanup_(loop_freep) struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		return -errno;
	*ret_loop = TAKE_PTR(loop);
	return 0;
}

static void source_free(struct loop_source *source)
{
	if (source->fd_owned && source->fd >= 0)
		close(source->fd);
	free(source);
}

static void free_list(struct loop_source **list)
{
	while (*list) {
		struct loop_source *source = *list;

		*list = source->next;
		source_free(source);
	}
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	free_list(&loop->sources);
	free_list(&loop->removed);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	if (loop->mask_saved)
		sigprocmask(SIG_SETMASK, &loop->mask, NULL);
	free(loop);
}

/* Takes the source over, on success only. */
static int source_add(struct loop *loop, const struct loop_source *what,
		      struct loop_source **ret_source)
{
	_cleanup_(freep) struct loop_source *source = malloc(sizeof(*source));
	struct epoll_event event = { .events = EPOLLIN };

	if (!source)
		return -ENOMEM;
	*source = *what;
	event.data.ptr = source;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event))
		return -errno;
	source->next = loop->sources;
	if (source->next)
		source->next->previous = source;
	loop->sources = source;
	if (ret_source)
		*ret_source = source;
	TAKE_PTR(source);
	return 0;
}

int loop_add_fd(struct loop *loop, int fd, loop_fd_fn fn, void *userdata,
		struct loop_source **ret_source)
{
	struct loop_source source = { .kind = SOURCE_FD,
				      .fd = fd,
				      .fd_fn = fn,
				      .userdata = userdata };

	return source_add(loop, &source, ret_source);
}

/* The loop owns the fd from here. */
static int add_owned(struct loop *loop, struct loop_source *what, struct loop_source **ret_source)
{
	_cleanup_(closep) int fd = what->fd;
	int err;

	if (fd < 0)
		return -errno;
	what->fd_owned = true;
	err = source_add(loop, what, ret_source);
	if (!err)
		TAKE_FD(fd);
	return err;
}

int loop_add_timer(struct loop *loop, loop_timer_fn fn, void *userdata,
		   struct loop_source **ret_source)
{
	struct loop_source source = {
		.kind = SOURCE_TIMER,
		.fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK),
		.timer_fn = fn,
		.userdata = userdata,
	};

	return add_owned(loop, &source, ret_source);
}

int loop_timer_set(struct loop_source *timer, uint64_t at_ns)
{
	struct itimerspec at = {
		.it_value = { .tv_sec = (time_t)(at_ns / NS_PER_SECOND),
			      .tv_nsec = (long)(at_ns % NS_PER_SECOND) },
	};

	return timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &at, NULL) ? -errno : 0;
}

int loop_add_signals(struct loop *loop, const int *signals, loop_signal_fn fn, void *userdata)
{
	struct loop_source source = { .kind = SOURCE_SIGNALS,
				      .fd = -1,
				      .signal_fn = fn,
				      .userdata = userdata };
	sigset_t set, before;

	sigemptyset(&set);
	for (; *signals; signals++)
		if (sigaddset(&set, *signals))
			return -errno;
	if (sigprocmask(SIG_BLOCK, &set, &before))
		return -errno;
	if (!loop->mask_saved)
		loop->mask = before;
	loop->mask_saved = true;
	source.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return add_owned(loop, &source, NULL);
}

int loop_add_pid(struct loop *loop, pid_t pid, loop_fd_fn fn, void *userdata,
		 struct loop_source **ret_source)
{
	/* glibc has pidfd_open() from 2.36; Linux from 5.3, and it sets CLOEXEC itself. */
	struct loop_source source = {
		.kind = SOURCE_FD,
		.fd = (int)syscall(SYS_pidfd_open, pid, 0),
		.fd_fn = fn,
		.userdata = userdata,
	};

	return add_owned(loop, &source, ret_source);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	if (!source || source->removed)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->previous)
		source->previous->next = source->next;
	else
		loop->sources = source->next;
	if (source->next)
		source->next->previous = source->previous;
	if (!loop->dispatching) {
		source_free(source);
		return;
	}
	source->removed = true;
	source->previous = NULL;
	source->next = loop->removed;
	loop->removed = source;
}

static int dispatch_timer(struct loop_source *source)
{
	uint64_t expirations;

	/* Set anew between the wake-up and here: it has not expired. */
	if (read(source->fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return source->timer_fn(source->userdata);
}

static int dispatch_signals(struct loop_source *source)
{
	struct signalfd_siginfo info;

	while (!source->removed) {
		ssize_t n = read(source->fd, &info, sizeof(info));
		int err;

		if (n != sizeof(info))
			return n >= 0 || errno == EAGAIN || errno == EINTR ? 0 : -errno;
		err = source->signal_fn((int)info.ssi_signo, (pid_t)info.ssi_pid, source->userdata);
		if (err < 0)
			return err;
	}
	return 0;
}

static int source_dispatch(struct loop_source *source, uint32_t events)
{
	switch (source->kind) {
	case SOURCE_FD:
		return source->fd_fn(source->fd, events, source->userdata);
	case SOURCE_TIMER:
		return dispatch_timer(source);
	case SOURCE_SIGNALS:
		return dispatch_signals(source);
	}
	return 0;
}

static int run_round(struct loop *loop)
{
	struct epoll_event events[ROUND_EVENTS];
	int n = epoll_wait(loop->epoll_fd, events, ROUND_EVENTS, -1);
	int err = 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	loop->dispatching = true;
	for (int i = 0; i < n && err >= 0 && !loop->stopped; i++) {
		struct loop_source *source = events[i].data.ptr;

		if (!source->removed)
			err = source_dispatch(source, events[i].events);
	}
	loop->dispatching = false;
	free_list(&loop->removed);
	return MIN(err, 0);
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped) {
		int err = run_round(loop);

		if (err)
			return err;
	}
	loop->stopped = false;
	return loop->status;
}

void loop_stop(struct loop *loop, int status)
{
	loop->stopped = true;
	loop->status = status;
}
