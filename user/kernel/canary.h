/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

struct kernel;

/*
 * Loaded is not working: a child of evmon, class canary, binds loopback port 0, makes one
 * capability check that is denied, and executes evmon itself; what each hook saw of it decides
 * whether coverage may say `proven`.
 */
int canary_start(struct kernel *kernel, pid_t *ret_pid);
/* Reaps the canary (waits for it if need be) and writes what it proved into coverage. */
int canary_finish(struct kernel *kernel, pid_t pid);
