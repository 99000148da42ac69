/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who did it, as an alert shows it: what the record says, completed from /proc while the process
 * is still the same one (start time). /proc never overrides what the kernel said.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/event.h"

enum {
	PROCESS_PATH_MAX = 4097,
	PROCESS_ARGS_MAX = 1024,
	PROCESS_ARGS = 16
};

struct process {
	uint32_t pid, ppid; /* ppid 0: not known */
	uint64_t start_us;
	uint32_t uid, euid, gid;
	bool ids_known; /* euid, gid, ppid; a tally's actor has only uid */
	char comm[17];
	char exe[PROCESS_PATH_MAX]; /* empty: not known */
	uint64_t exe_ino;	    /* of exe, as the kernel has it; 0: not known */
	uint32_t exe_dev;
	char args[PROCESS_ARGS_MAX]; /* argv, NUL after each */
	size_t args_length;
	bool args_known;
	char cgroup[PROCESS_PATH_MAX]; /* path in the unified hierarchy; empty: not known */
	bool truncated;
};

/* From a record. */
void process_from_event(const struct event *event, struct process *ret_process);
/* A record of a kernel without BTF says no more than number, user and name; one of a kernel that is
 * locked down (lockdown=confidentiality) lacks path and arguments. */
bool process_is_complete(const struct event_process *e);
/* The rest out of /proc, as it is now, if whoever has the number has that user and file. -ESRCH: it
 * has ended, or runs something else. */
int process_complete(struct event_process *e);
/* From a tally's last actor, when there was no record. */
void process_from_actor(const struct evmon_actor *actor, struct process *ret_process);
/* The same for p, which showed another process until now: where it had the same file and that still
 * lies there, its path stays. */
void process_replace(struct process *p, const struct evmon_actor *actor);
/* evmon itself, for self.* alerts. */
void process_self(struct process *ret_process);
/* The executable of who has that number and started then, cut in front to size: the last part of a
 * path that is longer. -ESRCH: it has ended; -ENOENT: it has none, or it is not to be seen. */
int process_exe(uint32_t pid, uint64_t start_ns, char *ret_exe, size_t size);
/* argv of a running process, a NUL after each and one more at the end, cut to size: its length, or
 * -errno. Readable by all, unlike exe. */
ssize_t process_args(uint32_t pid, char *buffer, size_t size);

/* A variable of a running process's environment, cut to size. -ENOENT: it has none; -EACCES:
 * reading that of another user takes CAP_SYS_PTRACE. */
int process_env(uint32_t pid, const char *name, char *buffer, size_t size);

struct process_ids {
	uint32_t ppid, uid, euid, gid;
};

/* Those that a running process has now, or -errno; start_ns 0 matches any. */
int process_ids(uint32_t pid, uint64_t start_ns, struct process_ids *ret_ids);
/* The kernel's device number and inode are those of the file that lies there. */
bool process_file_is(const char *path, uint32_t dev, uint64_t ino);
