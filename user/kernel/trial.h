/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Does a hook work on this kernel? Found by loading, attaching and provoking a tiny program. */
#include <stdbool.h>
#include <stddef.h>

#include "kernel/hooks.h"

struct btf;

/* cgroup_fd: root of the unified hierarchy, -1: none; not owned. */
struct trial {
	struct btf *btf;
	int cgroup_fd;
};

/* 0: it loads, attaches and, for LSM hooks, runs. Else -errno and why, for the operator. */
int trial_hook(const struct trial *trial, enum evmon_hook id, char *reason, size_t size);
/* Attaches a program to a tracepoint or kprobe by perf: the descriptor that keeps it, or -errno. */
int trial_attach_perf(const struct hook *hook, int program_fd);
/* The capabilities that such a hook wants and this process lacks, as text; false: none. */
bool trial_missing_rights(const struct hook *hook, char *text, size_t size);
/* May a global function take a pointer, as from 5.12 on? */
bool trial_pointer_arguments(void);
