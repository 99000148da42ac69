/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tasks of the tree that ran before the hooks did. */
#include <stdbool.h>
#include <stdint.h>

struct kernel;

struct snapshot_task {
	uint64_t start_ns, held, cgroup_id, exe_ino;
	uint32_t exe_dev, pid, ppid, uid, euid, gid;
	unsigned class, slot;
	bool own; /* its class is that of its own executable */
	char comm[17];
};

typedef int (*snapshot_fn)(const struct snapshot_task *task, void *userdata);

/* Call after the hooks are attached: passes over all tasks until one adds nothing, so that there
 * is no gap. fn is called for each task found, modules first; it may name its instance
 * (tables_task_class), which its descendants then take over. A module that is not named is found
 * once more, and so may be one that is a script. -ENOTSUP: no iterator here. */
int snapshot_take(struct kernel *kernel, snapshot_fn fn, void *userdata);

/* The same where the kernel gives no iterator; snapshot_take() knows when. */
int snapshot_take_proc(struct kernel *kernel, snapshot_fn fn, void *userdata);
/* Without BTF: forgets the processes of several threads that have ended since. */
void snapshot_sweep(struct kernel *kernel);

/* The task map had no room for a task of a tree. While that lasts, who has no entry is judged by
 * his cgroup; a snapshot that finds room for all ends it. */
bool snapshot_is_due(const struct kernel *kernel);
