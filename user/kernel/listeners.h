/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sockets that are bound, of all network namespaces, each with all who hold it. */
#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

struct kernel;

enum {
	LISTENER_PATH_MAX = 1026
};

struct listener_owner {
	uint64_t start_ns, cgroup_id, exe_ino;
	uint32_t exe_dev, pid, ppid, uid, euid, gid;
	uint32_t fd; /* by which it holds the socket; one of them */
	unsigned class, slot;
	enum evmon_subject subject;
	char comm[17];
	char exe[LISTENER_PATH_MAX]; /* empty: not known (none, or lockdown=confidentiality) */
	bool exe_truncated;	     /* leading directories are missing, and the slash in front */
};

struct listener {
	uint64_t inode; /* the same for all owners of a socket */
	struct evmon_bind_object object;
	uint8_t address[16]; /* network order; IPv4 in the first four bytes */
	uint32_t netns;	     /* inode of the network namespace */
	uint32_t ifindex;    /* there; 0: bound to no device */
	bool dual;	     /* an IPv6 socket that takes IPv4 too */
	bool listening;	     /* else bound and nothing more: TCP, SCTP, MPTCP before listen(2) */
	unsigned rule;	     /* listeners_judge(): that forbids it to the owner; NONE: none */
	bool counted;	     /* in the rule's tally, by this very look */
	bool asked_deny;     /* the rule denies */
	enum evmon_bind_how how;
	struct listener_owner owner;
};

typedef int (*listener_fn)(const struct listener *listener, void *userdata);

/* Calls fn for each descriptor by which a process holds a bound socket, so more than once where a
 * process has several or a socket has several owners. Classes and slots are those of the tasks
 * that the tables know: take a snapshot first. Not seen: sockets that no process has open. An error
 * of fn ends it and is passed on; -ENOTSUP: no iterator here, or opened for tracing;
 * -EBADMSG: the kernel wrote nonsense. */
int listeners_take(struct kernel *kernel, listener_fn fn, void *userdata);
/* The same, and the policy in force judges: what it forbids to an owner, and was counted for no
 * task of his instance yet, is counted. holder: what this tgid has open and no more; 0: all. */
int listeners_judge(struct kernel *kernel, uint32_t holder, listener_fn fn, void *userdata);
/* The same for what the holder listens on without that anybody has asked for its port. One that has
 * none yet, since listen(2) is under way, comes with port 0. */
int listeners_judge_unasked(struct kernel *kernel, uint32_t holder, listener_fn fn, void *userdata);
