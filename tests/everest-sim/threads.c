// SPDX-License-Identifier: Apache-2.0
/*
 * Idle threads. EVerest's manager has seven beside its main thread and a module six to nine; what
 * they do does not matter, that they are there does: a change of user is broadcast to each of them,
 * a fork copies only one, and an execve ends all others.
 */

#include <pthread.h>

#include "cleanup.h"
#include "threads.h"

static void *idle(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

int threads_start_idle(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		pthread_t thread;
		int err = pthread_create(&thread, NULL, idle, NULL);

		if (err)
			return -err;
		pthread_detach(thread);
	}
	return 0;
}
