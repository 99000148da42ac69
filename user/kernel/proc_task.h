/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A process as /proc shows it, for kernels whose task iterator cannot be had. */
#include <stdbool.h>
#include <stdint.h>

struct proc_task {
	uint64_t start_ns, held; /* held: permitted and ambient capabilities */
	uint64_t exe_ino;	 /* 0: none, or not readable */
	uint32_t exe_dev, pid, ppid, uid, euid, suid, gid;
	bool forked_only; /* no exec yet since its fork */
	bool is_kernel;	  /* a thread of the kernel's own */
	char cgroup[256]; /* in the unified hierarchy; empty: not known, or longer */
	char comm[17];
};

/* -ESRCH: there is none, or the number is a thread's. */
int proc_task_read(uint32_t pid, struct proc_task *ret_task);
/* Out of the text of /proc/PID/stat and of /proc/PID/status. -EBADMSG: they are none. */
int proc_task_of_text(const char *stat, const char *status, struct proc_task *ret_task);
