/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Who acts. The map is keyed by tgid; the leader's start time tells a reused tgid from its former
 * owner. All reads are direct loads, so that they work where bpf_probe_read_kernel() is refused. */
#include "maps.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define TASK_DEPTH 32

/* What the current task leads to: current_read(cred, uid.val). By direct loads, as all else here;
 * up to 5.10 nobody gives the pointer that these want (bpf_get_current_task_btf() is 5.11's), and
 * the fields are read out of the kernel's memory. The branch not taken costs nothing: the verifier
 * takes it out. The second one goes with 5.10. */
#define current_read(...)                                                              \
	(bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf) ? \
		 ___arrow(bpf_get_current_task_btf(), __VA_ARGS__) :                   \
		 BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), __VA_ARGS__))

static __always_inline struct evmon_task *task_of(struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct evmon_task *t = bpf_map_lookup_elem(&evmon_tasks, &tgid);

	if (!t || t->start_ns != task->group_leader->start_boottime)
		return NULL;
	return t;
}

/* The current task is in the unit's cgroup or beneath. Global: verified once; in tree.bpf.c. */
int task_is_of_unit(void);

/* A task without an entry, while the map has no room: it is of the tree if its cgroup is. */
static __always_inline struct evmon_task *task_unlisted(void)
{
	return evmon_settings.tasks_full && task_is_of_unit() ? &evmon_unlisted : NULL;
}

/* NULL: not watched, subject host. */
static __always_inline struct evmon_task *task_current(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct evmon_task *t = bpf_map_lookup_elem(&evmon_tasks, &tgid);

	if (!t || t->start_ns != current_read(group_leader, start_boottime))
		return task_unlisted();
	return t;
}

static __always_inline bool task_in_tree(const struct evmon_task *t)
{
	return t && t->subject == EVMON_SUBJECT_EVEREST;
}

/* The bits of a kernel_cap_t, whichever its members are: only its place is relocated. */
#define capability_bits(set) (*(const volatile __u64 *)__builtin_preserve_access_index(&(set)))

/* Root in the initial user namespace, in any of the three ways that matter. */
static __always_inline bool cred_is_root(const struct cred *cred)
{
	return !cred->euid.val || !cred->uid.val || !cred->suid.val;
}

/* What the policy grants the task: its instance's own list, else its module's. */
static __always_inline __u64 task_capabilities(const struct evmon_policy *policy,
					       const struct evmon_task *t)
{
	__u64 own = t->slot < EVMON_SLOTS ? policy->instance[t->slot] : 0;

	if (own & EVMON_INSTANCE_LISTED)
		return own;
	return t->class < EVMON_CLASSES ? policy->class[t->class].capabilities : 0;
}
