// SPDX-License-Identifier: Apache-2.0
/*
 * Credentials that change without an exec. All by bare system calls, for these change one thread,
 * and a C library's change all: which thread does what, and when, is the test's to say. The eight
 * threads are the real manager's: its leader and seven more.
 */
#include "ask_creds.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	THREADS = 7
};

struct crowd {
	int (*change)(const char *argument);
	const char *argument;
	pthread_barrier_t begin, end; /* the threads stay until the last has changed */
	pthread_mutex_t turn;
	int all_at_once;
	int err;
};

static void crowd_change(struct crowd *crowd)
{
	int err = crowd->change(crowd->argument);

	if (err)
		__atomic_store_n(&crowd->err, err, __ATOMIC_RELAXED);
}

static void *crowd_thread(void *userdata)
{
	struct crowd *crowd = userdata;

	pthread_barrier_wait(&crowd->begin);
	if (!crowd->all_at_once)
		pthread_mutex_lock(&crowd->turn);
	crowd_change(crowd);
	if (!crowd->all_at_once)
		pthread_mutex_unlock(&crowd->turn);
	pthread_barrier_wait(&crowd->end);
	return NULL;
}

static int all_threads(int (*change)(const char *argument), const char *argument, int at_once)
{
	struct crowd crowd = { .change = change, .argument = argument, .all_at_once = at_once };
	pthread_t threads[THREADS];

	if (pthread_barrier_init(&crowd.begin, NULL, THREADS + 1) ||
	    pthread_barrier_init(&crowd.end, NULL, THREADS + 1) ||
	    pthread_mutex_init(&crowd.turn, NULL))
		return -1;
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, crowd_thread, &crowd))
			return -1;
	crowd_thread(&crowd);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return crowd.err;
}

int ask_setuid(const char *id)
{
	return syscall(SYS_setuid, strtol(id, NULL, 10)) < 0 ? errno : 0;
}

int ask_setuid_turns(const char *id)
{
	return all_threads(ask_setuid, id, 0);
}

int ask_setuid_crowd(const char *id)
{
	return all_threads(ask_setuid, id, 1);
}

int ask_seteuid(const char *id)
{
	return syscall(SYS_setresuid, -1, strtol(id, NULL, 10), -1) < 0 ? errno : 0;
}

int ask_seteuid_turns(const char *id)
{
	return all_threads(ask_seteuid, id, 0);
}

int ask_seteuid_crowd(const char *id)
{
	return all_threads(ask_seteuid, id, 1);
}

static int ambient(const char *number, unsigned long how)
{
	return prctl(PR_CAP_AMBIENT, how, strtol(number, NULL, 10), 0, 0) < 0 ? errno : 0;
}

int ask_ambient_lower(const char *number)
{
	return ambient(number, PR_CAP_AMBIENT_LOWER);
}

int ask_ambient_raise(const char *number)
{
	return ambient(number, PR_CAP_AMBIENT_RAISE);
}

int ask_ambient_turns(const char *number)
{
	return all_threads(ask_ambient_raise, number, 0);
}

int ask_keepcaps(const char *none)
{
	(void)none;
	return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ? errno : 0;
}
