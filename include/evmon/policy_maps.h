/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The policy as hooks read it, user space to kernel; one writer: kernel/tables.c. Ports fall into
 * groups that no rule tells apart; a group has a decision per subject, protocol and scope.
 */
#include "evmon/types.h"

enum {
	EVMON_PORT_GROUPS = 512,
	EVMON_PORT_NAMED = 1 << 15, /* in a port's group: an item names it that is not for all */
	EVMON_BIND_ITEMS = 128,
	EVMON_BIND_CELLS = 64, /* subject (2 bits), protocol kind (2 bits), scope (2 bits) */
	EVMON_TALLIES = 4096,
};

/* Where a policy stands in the map of policies. */
enum {
	EVMON_POLICY_ACTIVE,
	EVMON_POLICY_BEFORE,
	EVMON_POLICIES
};

/* Protocol kinds of the policy: tcp includes MPTCP, udp includes UDP-Lite. */
enum evmon_proto_kind {
	EVMON_KIND_TCP,
	EVMON_KIND_UDP,
	EVMON_KIND_SCTP,
	EVMON_KIND_OTHER,
};

enum evmon_action {
	EVMON_ACTION_ALLOW,
	EVMON_ACTION_ALERT,
	EVMON_ACTION_DENY,
};

struct evmon_bind_item {
	__u16 rule; /* enum evmon_rule, or EVMON_RULE_VENDOR + n */
	__u8 action;
	__u8 pad;
};

static inline __attribute__((always_inline)) __u32 evmon_bind_cell(__u32 subject, __u32 kind,
								   __u32 scope)
{
	return (subject & 3) << 4 | (kind & 3) << 2 | (scope & 3);
}

struct evmon_class_policy {
	__u64 capabilities; /* the list of the module's name */
	__u64 common;	    /* that list less what any instance of the name is not granted */
	__u32 shell;	    /* exec.shell.allow names it */
	__u32 pad;
};

/* In an instance's list: it has one of its own. No capability has this number. */
#define EVMON_INSTANCE_LISTED (1ULL << 63)

/* One whole policy. */
struct evmon_policy {
	__u16 group[65536];				 /* port -> group, EVMON_PORT_NAMED */
	__u8 cell[EVMON_PORT_GROUPS * EVMON_BIND_CELLS]; /* -> item + 1; 0: allowed */
	struct evmon_bind_item item[EVMON_BIND_ITEMS];
	struct evmon_class_policy class[EVMON_CLASSES];
	__u64 instance[EVMON_SLOTS]; /* by slot: the list of one that the policy names by id */
	__u64 denied_ignored;	     /* capabilities whose denial is only counted */
	__u64 window_ns;	     /* at most one record a key in this time */
	__u64 since_ns;		     /* CLOCK_BOOTTIME: when it came into force */
	__u8 capability_action;
	__u8 root_action;
	__u8 shell_action;
	__u8 admin_panel_action;
	__u8 serial; /* records say by which policy they were judged */
	__u8 pad[3];
};

enum {
	EVMON_JUDGE_NOTHING,
	EVMON_JUDGE_HELD,   /* what is bound */
	EVMON_JUDGE_LISTEN, /* what listens on a port that nobody asked for */
};

/* Changes while the programs run; mapped by user space, plain aligned stores. */
struct evmon_settings {
	__u64 unit_cgroup; /* cgroup id of everest.service; 0: none */
	__u64 modules_ino; /* modules_dir; 0: none */
	__u32 modules_dev;
	__u32 spawner;	   /* tgid whose next children are classed by spawn_class; 0: nobody */
	__u32 spawn_class; /* CANARY, or MANAGER for the root of `--trace -- CMD` */
	__u32 unit_level;  /* depth of unit_cgroup below the root */
	__u32 root;	   /* --trace: tgid of the root, a manager whatever it runs; 0: none */
	__u32 tasks_full;  /* tasks of a tree have no entry: the map had no room */
	__u32 snapshot;	   /* a snapshot is being taken: hooks look after who has no entry yet */
	__u32 listing;	   /* iter/task only shows modules without an entry, and makes none */
	__u32 judge;	   /* EVMON_JUDGE_*: iter/task_file judges by the policy, and counts */
	__u32 holder;	   /* it shows only what this tgid has open; 0: everybody */
	__u32 zero;	   /* is 0, which the verifier does not know, see lineage_walk() */
	/* SCTP's own hook serves, and tells all of its bindings. */
	__u32 sctp;
	char unit_path[128]; /* of the unit's cgroup, "/system.slice/everest.service" */
};
