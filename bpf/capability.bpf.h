/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* What the sensor and its denial share: who is judged, what the kernel grants, and how the one
 * leaves word for the other. */
#include "emit.bpf.h"
#include "task.bpf.h"

#define CAP_OPT_NOAUDIT	 (1 << 1) /* include/linux/security.h, 5.1 and later */
#define CAPABILITIES	 64
#define NAMESPACE_LEVELS 33 /* the initial user namespace and 32 below, kernel/user_namespace.c */

/* Checks that were refused and told, by thread, until security_capable() returns and the sensor
 * comes by: the capability's number. Written by capability_deny.bpf.c, read and cleared by
 * capability.bpf.c. A thread is in one check at a time; what a sensor that was not attached has
 * left is overwritten, or the first to go. */
struct evmon_refusals_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
};
extern struct evmon_refusals_map evmon_refusals SEC(".maps");

static __always_inline void refusal_leave(int number)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u32 refused = number;

	bpf_map_update_elem(&evmon_refusals, &thread, &refused, BPF_ANY);
}

/* The check that has been denied is one that evmon refused. */
static __always_inline bool refusal_take(int number)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u32 *refused = bpf_map_lookup_elem(&evmon_refusals, &thread);
	bool is_it = refused && *refused == (__u32)number;

	if (refused)
		bpf_map_delete_elem(&evmon_refusals, &thread);
	return is_it;
}

/* The manager's child before its exec: what it does is lower its rights. */
static __always_inline bool task_prepares_exec(const struct evmon_task *t)
{
	return t->class == EVMON_CLASS_MANAGER && t->flags & EVMON_TASK_UNEXECED;
}

/* As cap_capable() decides, security/commoncap.c: what is effective in the task's own namespace,
 * and everything in those below it that its user made. */
static __always_inline bool cred_grants(const struct cred *cred, struct user_namespace *ns,
					int number)
{
	for (int i = 0; i < NAMESPACE_LEVELS; i++) {
		if (ns == cred->user_ns)
			return capability_bits(cred->cap_effective) >> number & 1;
		if (ns->level <= cred->user_ns->level)
			return false;
		if (ns->parent == cred->user_ns && ns->owner.val == cred->euid.val)
			return true;
		ns = ns->parent;
	}
	return false;
}

static __always_inline void finding_capability(struct finding *f, int number, __u8 kind,
					       __u8 userns)
{
	f->key.sensor = EVMON_SENSOR_CAPABILITY;
	f->key.object.capability.number = f->detail.capability.number = number;
	f->key.object.capability.kind = f->detail.capability.kind = kind;
	f->key.object.capability.userns = f->detail.capability.userns = userns;
}
