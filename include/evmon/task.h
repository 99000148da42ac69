/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Tasks of the watched trees: what is known of each, of the files that they run and of the module
 * instances that they are; one reader and writer in user space: the room kernel.
 */
#include "evmon/types.h"

enum {
	EVMON_TASKS = 16384,
	EVMON_EXES = 1024,
	EVMON_SCRIPTS = 512,
	EVMON_PATHS = 2048, /* without BTF: several for an executable, and scripts */
};

enum {
	EVMON_EXE_ROOT_ALLOWED = 1 << 0, /* exec.root.allow */
	EVMON_EXE_STARTER = 1 << 1,	 /* PID 1's executable, systemd-executor: never joins */
	EVMON_EXE_SHELL = 1 << 2,
	EVMON_EXE_APPLETS = 1 << 3, /* busybox: many programs, a shell among them, by argv[0] */
};

struct evmon_exe_key {
	__u64 ino;
	__u32 dev; /* major << 20 | minor */
	__u32 pad;
};

struct evmon_exe {
	__u16 class; /* HOST: gives none */
	__u16 flags;
};

/* A task of a watched tree, by tgid. */
enum {
	EVMON_TASK_UNEXECED = 1 << 0,	 /* forked, no exec yet: the manager lowers rights */
	EVMON_TASK_ROOT_MODULE = 1 << 1, /* its module was root at its first exec */
	EVMON_TASK_ORPHAN = 1 << 2, /* has its late parent's class, the snapshot completes it */
	/* As was seen last: by user space without BTF, by hooks where none sees it change. */
	EVMON_TASK_IS_ROOT = 1 << 5,
	/* Without BTF, where nothing says when the last thread of a group goes: */
	EVMON_TASK_THREADED = 1 << 6, /* it has, or may have, more threads than its leader */
	EVMON_TASK_ENDED = 1 << 7,    /* its leader has gone: user space looks what is left */
};

struct evmon_task {
	__u64 start_ns; /* group leader's start_boottime: tells a reused tgid */
	__u64 held;	/* capabilities that the exec which gave the class left it */
	__u64 used;	/* while it is pending: capabilities that it used, to be judged */
	__u16 class;
	__u16 slot;
	__u8 subject;
	__u8 flags;
	__u8 userns; /* level of its user namespace, where no hook sees it change */
	__u8 pad;
};

struct evmon_slot_key {
	__u16 class;
	__u8 pad[2];
	char name[EVMON_SLOT_NAME_MAX];
};

struct evmon_slot {
	struct evmon_slot_key key;
	__u32 used;
};

/* What iter/task writes for each task of the tree. */
struct evmon_task_seen {
	struct evmon_task task;
	__u64 cgroup;
	__u64 exe_ino;
	__u32 exe_dev;
	__u32 tgid;
	__u32 ppid;
	__u32 uid;
	__u32 euid;
	__u32 gid;
	__u32 added; /* this pass put it into the map */
	__u32 own;   /* its class is that of its own executable, not its parent's */
	char comm[16];
};

_Static_assert(sizeof(struct evmon_task) == 32, "task");
_Static_assert(sizeof(struct evmon_slot_key) == 64, "slot key");
_Static_assert(sizeof(struct evmon_task_seen) == 96, "task seen");
