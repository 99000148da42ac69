/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct spawn_variable {
	const char *name, *value;
};

/* A child as EVerest's manager makes it. run_as_user NULL: it stays what the manager is. */
struct spawn {
	const char *path; /* looked for along PATH if there is no slash in it */
	char *const *argv;
	const struct spawn_variable *variables; /* set in its environment; NULL: none */
	const char *run_as_user;
	const int *caps;
	size_t n_caps;
	bool leak_chown;
	int stdin_fd;	/* -1: the manager's */
	int unblock[2]; /* the signals that the child takes again; 0: none */
};

/* Forks, and returns when the child has executed (0) or has told why not: -errno, and in ret_step
 * the step that failed, a constant string. */
int spawn_run(const struct spawn *spawn, pid_t *ret_pid, const char **ret_step);
