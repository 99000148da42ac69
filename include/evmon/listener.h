/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * A socket that is bound, and one descriptor of one process that holds it: what iter/task_file
 * writes, kernel to user space; one reader: kernel/listeners.c. All text is raw bytes. And what the
 * kernel side remembers of sockets, for itself alone.
 */
#include "evmon/record.h"

struct evmon_listener {
	__u64 inode; /* the socket's, by which sockets are told apart */
	struct evmon_record_process process;
	struct evmon_record_bind bind; /* asked_port is not known: 0 */
	__u32 fd;
	__u8 listening; /* connections or datagrams of anybody reach it */
	__u8 exe_truncated;
	__u16 exe_len;
	__u16 rule;	 /* that forbids it to the process; NONE: none, or nobody asked */
	__u8 counted;	 /* now, for the first time */
	__u8 asked_deny; /* the rule denies */
	__u8 pad[4];
	char exe[EVMON_PATH_BYTES]; /* as in a record */
};

enum {
	EVMON_SOCKETS = 4096
};

/* A socket that is counted against a rule, with the instance that has it: it is found again by
 * whoever looks at what is open, and counts once. */
struct evmon_socket_key {
	__u64 socket; /* inode number; or EVMON_SOCKET_COOKIE and its cookie */
	__u16 slot;
	__u16 port;
	__u8 pad[4];
};

#define EVMON_SOCKET_COOKIE (1ULL << 63)

_Static_assert(sizeof(struct evmon_socket_key) == 16, "socket key has no padding of its own");
_Static_assert(sizeof(struct evmon_listener) == 8 + 80 + 40 + 16 + 1024, "listener");
