/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * All maps but the policy's (policy.bpf.h) and that of sockets (held.bpf.h), and all globals;
 * maps.bpf.c defines them. For each: who writes, who reads, why this size, what happens when it is
 * full.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "evmon/listener.h"
#include "evmon/policy_maps.h"
#include "evmon/record.h"
#include "evmon/stats.h"
#include "evmon/task.h"

/* Tasks of the watched trees by tgid. Written by fork, exec, exit and iter/task; read by every
 * hook. Preallocated, never LRU: a task that falls out would be unwatched. When full:
 * stats.tasks_full counts, and until user space has found room for all, a task without an entry is
 * judged by its cgroup, see task_current(). */
struct evmon_tasks_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVMON_TASKS);
	__type(key, __u32);
	__type(value, struct evmon_task);
};
extern struct evmon_tasks_map evmon_tasks SEC(".maps");
extern struct evmon_task evmon_unlisted; /* what all are who find no room: `other` */

/* Executables that mean something, by device and inode. Written by user space, read at exec. */
struct evmon_exes_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVMON_EXES);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, struct evmon_exe_key);
	__type(value, struct evmon_exe);
};
extern struct evmon_exes_map evmon_exes SEC(".maps");

/* Scripts that are modules, hash of the canonical path to class. Written by user space, read at the
 * exec of an interpreter that the manager starts. When full: such a module stays pending. */
struct evmon_scripts_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVMON_SCRIPTS);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, __u64);
	__type(value, __u16);
};
extern struct evmon_scripts_map evmon_scripts SEC(".maps");

/* Exact counts. Written by emit.bpf.c (and by user space for what it finds itself). Preallocated;
 * when full: the overflow entry of the rule and verdict, and stats.tallies_full. */
struct evmon_tallies_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVMON_TALLIES);
	__type(key, struct evmon_tally_key);
	__type(value, struct evmon_tally);
};
extern struct evmon_tallies_map evmon_tallies SEC(".maps");

struct evmon_overflow_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EVMON_RULES *EVMON_VERDICT_MAX);
	__type(key, __u32);
	__type(value, struct evmon_tally);
};
extern struct evmon_overflow_map evmon_overflow SEC(".maps");

/* Module instances: number by (class, argv[0]), and back. Written at exec; numbers come from the
 * queue, which user space fills once. When empty: the instance shares the slot of `other` and
 * stats.slots_full says so. */
struct evmon_slot_ids_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVMON_SLOTS);
	__type(key, struct evmon_slot_key);
	__type(value, __u32);
};
extern struct evmon_slot_ids_map evmon_slot_ids SEC(".maps");

struct evmon_slots_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EVMON_SLOTS);
	__type(key, __u32);
	__type(value, struct evmon_slot);
};
extern struct evmon_slots_map evmon_slots SEC(".maps");

struct evmon_free_slots_map {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, EVMON_SLOTS);
	__uint(value_size, sizeof(__u32));
};
extern struct evmon_free_slots_map evmon_free_slots SEC(".maps");

/* Violations go to `alerts`; what says who joined the tree, and everything while tracing, to
 * `bulk`: a flood of one kind cannot push out the other. When full: counted in stats. */
struct evmon_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
};
extern struct evmon_ring_map evmon_alerts SEC(".maps");
extern struct evmon_ring_map evmon_bulk SEC(".maps");

struct evmon_stats_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct evmon_stats);
};
extern struct evmon_stats_map evmon_stats SEC(".maps");

/* Set by user space: settings at any time, the constants before loading. */
extern struct evmon_settings evmon_settings;
extern const volatile bool evmon_tracing;   /* each event of the tree makes a record */
extern const volatile bool evmon_tree_only; /* while tracing: a tree by descent, nobody joins it */
/* No hook sees credentials change: others look, see creds.bpf.h. */
extern const volatile bool evmon_late_creds;
/* Where iter/task_file puts a line together, which is too long for its stack. Whoever loads the
 * programs reads one iterator at a time, so nobody else writes here. */
extern struct evmon_listener evmon_listener;
/* bpf_probe_read_kernel() is there; lockdown=confidentiality takes it away, and paths with it. */
extern const volatile bool evmon_can_read_kernel;
/* So is bpf_probe_read_user(). Lockdown leaves it alone, but libbpf does not: where it finds the
 * one missing, it turns both into bpf_probe_read() (bpf_object__sanitize_prog()), which is missing,
 * too. Then arguments and instances are left to user space; modules stay PENDING until then. */
extern const volatile bool evmon_can_read_user;

/* What a map's function returned: up to 6.3 an int whose upper half may be anything, and no error
 * is equal to itself (the kernel's d7ba4cc900bf). Goes with 6.1. */
#define map_error(result) ((int)(result))

#define stats_count(member)                                                             \
	({                                                                              \
		__u32 zero_ = 0;                                                        \
		struct evmon_stats *stats_ = bpf_map_lookup_elem(&evmon_stats, &zero_); \
		if (stats_)                                                             \
			stats_->member++;                                               \
	})

/* A task of a tree found no room in the map. */
static __always_inline void tasks_are_full(void)
{
	stats_count(tasks_full);
	evmon_settings.tasks_full = 1;
}
