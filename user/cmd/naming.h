/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers get their names and names their numbers, for the daemon and for --trace alike. */
#include "kernel/snapshot.h"
#include "kernel/tables.h"
#include "policy/policy.h"
#include "process/modules.h"

typedef void (*naming_path_fn)(const char *path, void *userdata);

/* Tells the kernel which files mean something: what the policy names, and the modules below its
 * modules_dir. fn (may be NULL) is called with each path, be it there or not. */
void naming_files(struct kernel *kernel, struct modules *modules, const struct policy *policy,
		  naming_path_fn fn, void *userdata);
/* The same, but what meant something before goes on doing so until tables_files_end(). */
void naming_files_begin(struct kernel *kernel, struct modules *modules, const struct policy *policy,
			naming_path_fn fn, void *userdata);
/* tables_policy() with the class numbers of `modules`. */
int naming_policy(struct kernel *kernel, struct modules *modules, const struct policy *policy);
/* Names the module instance of a slot, if it is a module's and not named yet. */
void naming_slot(struct kernel *kernel, struct modules *modules, unsigned class, unsigned slot,
		 struct module_args args);

/* A task of class `pending`. */
struct naming_pending {
	struct tables_task task; /* class: of no account */
	const char *exe;	 /* path of its executable; empty: not known, or not asked */
	uint64_t exe_ino;	 /* that file; 0: likewise */
	uint32_t exe_dev;
	struct module_args args;
};

struct naming_module {
	unsigned class, slot;
	struct tables_withheld withheld;
};

/* Its module is the script that it runs, or the one whose file it is; else it becomes `other`.
 * -ESRCH, -ENOENT: it has ended. */
int naming_resolve(struct kernel *kernel, struct modules *modules, const char *modules_dir,
		   const struct naming_pending *pending, struct naming_module *ret_module);
/* tables_task_class(), with a name for the slot. */
int naming_task(struct kernel *kernel, struct modules *modules, const struct tables_task *task,
		struct module_args args, unsigned *ret_slot);
/* For each task of a snapshot: one that runs its module's own file, or its script, gives its
 * instance the name. A script's class and slot are set in `task`, too, which is `other` before. An
 * instance that stays without a name is no error. */
void naming_seen(struct kernel *kernel, struct modules *modules, const char *modules_dir,
		 struct snapshot_task *task);
