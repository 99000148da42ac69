/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* User space to kernel: the policy and what it names, as the maps want it. The only writer of
 * evmon/policy_maps.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "evmon/types.h"
#include "kernel/kernel.h"
#include "policy/policy.h"

/* The class number of a module name (modules_class). */
typedef int (*tables_class_fn)(const char *name, void *userdata);

/* Called by kernel_new(): the numbers of free slots. */
int tables_open(struct kernel *kernel);
/* Writes the policy beside the one in force and swaps them by one store; on return no hook judges
 * by the old one. On error the old one holds. -E2BIG: more different port groups than evmon_policy
 * has room for; -ENOSPC: more instances by id than slots. */
int tables_policy(struct kernel *kernel, const struct policy *policy, tables_class_fn class_of,
		  void *userdata);
/* What records bear that were judged by the policy in force. */
uint8_t tables_policy_serial(const struct kernel *kernel);
/* Between the two all files of a policy are named, by tables_exe(), tables_script() and
 * tables_starters(). Until the end what they meant before holds as well; at the end what was not
 * named again is forgotten. */
void tables_files_begin(struct kernel *kernel);
void tables_files_end(struct kernel *kernel);
/* Running the file gives a task this class (HOST: none, only the flags). -ENOENT: no such file. */
int tables_exe(struct kernel *kernel, const char *path, unsigned class, bool root_allowed);
/* A script that is a module, by the path that an interpreter is given. -E2BIG: no room. */
int tables_script(struct kernel *kernel, const char *path, unsigned class);
/* PID 1's executable and systemd-executor: running them makes nobody a member. */
void tables_starters(struct kernel *kernel);
/* The shells of this machine: the usual ones, and those of /etc/shells. */
void tables_shells(struct kernel *kernel);
/* Files directly below <dir>/<any>/ are modules even before they are named. -ENOENT: no such
 * directory, and none is. */
int tables_modules_dir(struct kernel *kernel, const char *dir);
/* The unit's cgroup; -ENOENT: it is not there yet (its making is followed). */
int tables_unit(struct kernel *kernel, const char *unit);
/* The cgroup (path from the root) is the unit's or beneath. */
bool tables_unit_has(const struct kernel *kernel, const char *cgroup);
/* Children that `spawner` forks from now on get the class; 0 ends it. */
void tables_spawner(struct kernel *kernel, pid_t spawner, enum evmon_class class);
/* The root of the tree of -p or -- CMD, a manager whatever it runs: for the next snapshot and at
 * its execs. The child that is to be it may say so itself, before it execs. */
void tables_root(struct kernel *kernel, pid_t pid);

enum {
	TABLES_NAME_MAX = 64
};
/* The instance behind a slot: its class and the first bytes of its argv[0]. -ENOENT: none. */
int tables_slot(struct kernel *kernel, unsigned slot, unsigned *ret_class,
		char ret_name[TABLES_NAME_MAX]);

struct tables_task {
	uint32_t tgid;
	uint64_t start_ns; /* 0: any */
	unsigned class, slot;
};

/* What could not be judged before the class was known: capabilities, as bits. */
struct tables_withheld {
	uint64_t held; /* after the exec that made the task pending */
	uint64_t used;
};

/* What a file means, by what the kernel knows it by; class HOST: nothing, or only the flags. */
struct tables_file {
	unsigned class;
	bool root_allowed, is_starter;
};
void tables_file(const struct kernel *kernel, uint32_t dev, uint64_t ino,
		 struct tables_file *ret_file);

/* What a task is known as; -ENOENT: it is in no tree; -ESRCH: as below. */
int tables_task_get(struct kernel *kernel, struct tables_task *task);
/* Without BTF: a task that no hook could place, or has placed by a path that was another file's;
 * class HOST: it is in no tree. */
int tables_task_place(struct kernel *kernel, uint32_t tgid, unsigned class);
/* What the exec left it, and whether its effective user is root. */
int tables_task_rights(struct kernel *kernel, uint32_t tgid, const uint64_t *held, bool is_root);
/* What it was left then; 0: it is in no tree, or of another class. */
uint64_t tables_task_held(const struct kernel *kernel, uint32_t tgid, unsigned class);
/* A task's module is known now (it ran before evmon, or was pending): class and the slot of
 * (class, name), made if need be; that of `other` if none is left. ret_withheld may be NULL.
 * -ESRCH: the tgid is another task's by now. */
int tables_task_class(struct kernel *kernel, const struct tables_task *task, const char *name,
		      unsigned *ret_slot, struct tables_withheld *ret_withheld);
