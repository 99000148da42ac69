/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A record of the ring, decoded and checked: every length is inside its buffer, every enum inside
 * its range, every string ends. Text is still raw bytes. The only reader of evmon/record.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evmon/tally.h"

enum {
	EVENT_PATH_MAX = 1026,
	EVENT_ARGS_MAX = 513,
	EVENT_FILE_MAX = 257
};

struct event_process {
	uint32_t pid, tid, ppid; /* pid is the thread group's */
	uint32_t uid, euid, gid;
	uint64_t start_ns; /* CLOCK_BOOTTIME */
	uint64_t cgroup_id;
	uint64_t exe_ino;
	uint32_t exe_dev; /* kernel numbering */
	uint16_t class, slot;
	enum evmon_subject subject;
	char comm[17];
	char exe[EVENT_PATH_MAX];  /* absolute; empty: not known */
	bool exe_truncated;	   /* leading directories are missing: exe has no slash in front */
	char args[EVENT_ARGS_MAX]; /* argv, NUL after each */
	size_t args_length;
	bool args_truncated;
};

struct event_bind {
	uint8_t address[16];
	enum evmon_proto proto;
	enum evmon_family family;
	enum evmon_scope scope;
	enum evmon_bind_how how;
	uint16_t port, asked_port;
	uint32_t netns, ifindex;
	uint32_t inode; /* of the socket, where it is held; else 0 */
	bool dual;
};

struct event_capability {
	unsigned number, userns;
	enum evmon_capability_kind kind;
	bool on_behalf;
};

struct event_exec {
	char file[EVENT_FILE_MAX];	  /* the path as given */
	char interpreter[EVENT_FILE_MAX]; /* of a script, as it says; empty: no script */
	uint64_t ino, gained;
	uint32_t dev, mntns, uid, euid;
	enum evmon_exec_how how;
	bool deleted;
};

struct event {
	uint64_t time_ns;
	struct evmon_tally_key key; /* rule NONE: nothing is broken */
	enum evmon_sensor sensor;
	enum evmon_verdict verdict;
	enum evmon_hook hook;
	uint8_t policy; /* serial of the one that judged, see tables_policy_serial() */
	bool asked_deny, joined, standing;
	struct event_process process;
	union {
		struct event_bind bind;
		struct event_capability capability;
		struct event_exec exec;
	};
};

/* -EBADMSG: not a record of this build (length, version or a value out of range). */
int event_decode(const void *data, size_t size, struct event *ret_event);
