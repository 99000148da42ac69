/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The tree that --trace watches: policy, modules and programs for -p, for -- CMD, or for EVerest
 * as the policy names it. */
#include <limits.h>
#include <stdio.h>

#include "cmd/trace_options.h"
#include "event/event.h"
#include "kernel/kernel.h"
#include "policy/policy.h"
#include "process/modules.h"

struct trace_tree {
	struct policy *policy; /* modules_dir: the one that was found; empty: none */
	struct modules *modules;
	struct kernel *kernel;
	char root[PATH_MAX]; /* executable of the tree's root; empty: the policy's manager */
	enum policy_action
		capability_action; /* the policy's; while modules_dir is unknown it is ALLOW */
};

/* Loads, attaches, takes the snapshot. Has said what is wrong; -EPERM, -ENOTSUP, -EBADMSG (policy)
 * as kernel_new() and policy_load() have them. */
int trace_tree_open(struct trace_tree *tree, const struct trace_options *options);
void trace_tree_close(struct trace_tree *tree);
/* "# tree, modules, hooks", for people. */
void trace_tree_describe(const struct trace_tree *tree, FILE *out);
/* A manager that a script started is seen here: it says where the modules are, if that is not known
 * yet. 1: now it is, in policy->modules_dir; 0: nothing new. */
int trace_tree_manager(struct trace_tree *tree, const struct event *event);
/* A module whose file or script was not known at its exec is named. */
void trace_tree_pending(struct trace_tree *tree, const struct event *event);
/* Starts the command as the root of the tree. */
int trace_tree_spawn(struct trace_tree *tree, char **command, pid_t *ret_pid);
