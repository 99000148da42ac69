/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Does a hook work on this kernel? Found by loading, attaching and provoking a tiny program. */
#include <stddef.h>

#include "kernel/hooks.h"

struct trial;
struct btf;

/* cgroup_fd: root of the unified hierarchy, -1: none; not owned. */
struct trial {
	struct btf *btf;
	int cgroup_fd;
};

/* 0: it loads, attaches and, for LSM hooks, runs. Else -errno and why, for the operator. */
int trial_hook(const struct trial *trial, enum evmon_hook hook, char *reason, size_t size);
/* The effective capabilities that BPF wants and this process lacks, as text; empty: none. */
void trial_missing_rights(char *text, size_t size);
