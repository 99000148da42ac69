/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One epoll, one thread. A source is an fd and a callback; timers are timerfds, signals signalfds.
 * Callbacks return 0 or -errno, and an error ends loop_run() with it.
 */
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "base/macros.h"

struct loop;
struct loop_source;

typedef int (*loop_fd_fn)(int fd, uint32_t events, void *userdata);
typedef int (*loop_timer_fn)(void *userdata);
typedef int (*loop_signal_fn)(int signal, pid_t sender, void *userdata);

int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop *, loop_free);

/* Calls fn whenever fd (not owned) has something to read, or has hung up. */
int loop_add_fd(struct loop *loop, int fd, loop_fd_fn fn, void *userdata,
		struct loop_source **ret_source);
/* A timer on CLOCK_BOOTTIME, unarmed at first. */
int loop_add_timer(struct loop *loop, loop_timer_fn fn, void *userdata,
		   struct loop_source **ret_source);
/* Fires at `at_ns` of CLOCK_BOOTTIME, at once if that is past; 0 disarms. */
int loop_timer_set(struct loop_source *timer, uint64_t at_ns);
/* Blocks the signals (zero-terminated list) until loop_free() and delivers them here. */
int loop_add_signals(struct loop *loop, const int *signals, loop_signal_fn fn, void *userdata);
/* The process behind pid has ended (a pidfd); reaps nothing. */
int loop_add_pid(struct loop *loop, pid_t pid, loop_fd_fn fn, void *userdata,
		 struct loop_source **ret_source);
/* Stops watching; safe inside the source's own callback; NULL is allowed. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* Runs until loop_stop(), which may also come before: returns its status (>= 0), or -errno. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int status);
