/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * A record in the ring buffers, kernel to user space; one reader: event/decode.c. All text is raw
 * bytes as the kernel has them. Times are CLOCK_BOOTTIME in nanoseconds.
 */
#include "evmon/tally.h"

enum {
	EVMON_RECORD_VERSION = 1,
	EVMON_PATH_BYTES = 1024, /* reversed path components, see exe */
	EVMON_NAME_BYTES = 256,	 /* NAME_MAX and the NUL: one component, also one read */
	EVMON_ARGS_BYTES = 512,
};

/* flags of a record */
enum {
	EVMON_RECORD_ASKED_DENY = 1 << 0, /* the policy wanted denial, this hook could not */
	EVMON_RECORD_JOINED = 1 << 1,	  /* exec: this exec gave the task its class */
	EVMON_RECORD_EXE_TRUNCATED = 1 << 2,
	EVMON_RECORD_ARGS_TRUNCATED = 1 << 3,
	EVMON_RECORD_STANDING = 1 << 4,
};

struct evmon_record_process {
	__u64 start_ns;
	__u64 cgroup; /* id (inode) of the task's cgroup in the unified hierarchy */
	__u64 exe_ino;
	__u32 exe_dev;
	__u32 tgid; /* in the initial pid namespace, as are tid and ppid */
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	__u32 euid;
	__u32 gid;
	__u16 class;
	__u16 slot;
	__u8 subject;
	__u8 pad[7];
	char comm[16];
};

struct evmon_record_bind {
	__u8 address[16]; /* network order; IPv4 in the first four bytes */
	__u32 netns;	  /* inode of the network namespace */
	__u32 ifindex;	  /* sk_bound_dev_if; 0: none */
	__u16 port;	  /* resulting port, host order */
	__u16 asked_port;
	__u8 proto;
	__u8 family;
	__u8 scope;
	__u8 how;
	__u8 dual; /* an IPv6 socket that takes IPv4 too */
	__u8 pad[3];
	__u32 inode; /* held: the socket's, as in the listing of open sockets; else 0 */
};

struct evmon_record_capability {
	__u8 number;
	__u8 kind;
	__u8 userns;
	__u8 on_behalf;
	__u8 pad[4];
};

struct evmon_record_exec {
	__u64 ino;
	/* Capabilities beyond the class's list, bit N: CAP number N; without BTF what the exec
	 * that gave the class left it, as far as the hook knows. */
	__u64 gained;
	__u32 dev;
	__u32 mntns;
	__u32 uid;
	__u32 euid;
	__u8 how;
	__u8 deleted; /* the file has no name left (memfd, unlinked) */
	__u8 pad[6];
};

union evmon_record_detail {
	struct evmon_record_bind bind;
	struct evmon_record_capability capability;
	struct evmon_record_exec exec;
};

struct evmon_record {
	__u16 version;
	__u16 hook;
	__u16 flags;
	__u8 policy; /* serial of the policy by which it was judged */
	__u8 pad;
	__u64 time_ns;
	struct evmon_tally_key key; /* rule NONE: nothing is broken */
	struct evmon_record_process process;
	union evmon_record_detail detail;
	__u16 exe_len;
	__u16 args_len;
	__u16 file_len;
	__u8 pad2[2];
	char exe[EVMON_PATH_BYTES];  /* components from the last to the first, NUL after each */
	char args[EVMON_ARGS_BYTES]; /* argv as in memory, NUL after each */
	/* exec: the path as it was given, of a script its own, and then the interpreter's as the
	 * script (or binfmt_misc) has it; a NUL after each */
	char file[2 * EVMON_NAME_BYTES];
};

_Static_assert(sizeof(struct evmon_record_process) == 80, "record process");
_Static_assert(sizeof(struct evmon_record) == 16 + 24 + 80 + 40 + 8 + 1024 + 512 + 512, "record");
