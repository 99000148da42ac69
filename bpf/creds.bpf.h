/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* What of credentials is judged, out of whichever pointer a hook has; and, where none sees them
 * change, what was seen of them last. */
#include "task.bpf.h"

struct rights {
	__u64 permitted, ambient;
	__u64 user_ns; /* an address, to be compared */
	__u32 uid, euid, suid;
	__u32 level; /* of the user namespace; 0: the initial one */
};

static __always_inline void rights_of(struct rights *r, const struct cred *cred)
{
	r->permitted = capability_bits(cred->cap_permitted);
	r->ambient = capability_bits(cred->cap_ambient);
	r->user_ns = (__u64)cred->user_ns;
	r->uid = cred->uid.val;
	r->euid = cred->euid.val;
	r->suid = cred->suid.val;
	r->level = cred->user_ns->level;
}

/* The same of an address alone. */
static __always_inline void rights_copy(struct rights *r, const struct cred *cred)
{
	r->permitted = r->ambient = 0;
	bpf_core_read(&r->permitted, sizeof(r->permitted), &cred->cap_permitted);
	bpf_core_read(&r->ambient, sizeof(r->ambient), &cred->cap_ambient);
	r->user_ns = (__u64)BPF_CORE_READ(cred, user_ns);
	r->uid = BPF_CORE_READ(cred, uid.val);
	r->euid = BPF_CORE_READ(cred, euid.val);
	r->suid = BPF_CORE_READ(cred, suid.val);
	r->level = BPF_CORE_READ(cred, user_ns, level);
}

static __always_inline void rights_of_current(struct rights *r)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		rights_of(r, bpf_get_current_task_btf()->cred);
	else
		rights_copy(r, BPF_CORE_READ(task, cred));
}

/* Of the process's first thread, whoever asks. */
static __always_inline void rights_of_leader(struct rights *r)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		rights_of(r, bpf_get_current_task_btf()->group_leader->cred);
	else
		rights_copy(r, BPF_CORE_READ(task, group_leader, cred));
}

/* As cred_is_root(). */
static __always_inline bool rights_are_hosts_root(const struct rights *r)
{
	return !r->euid || !r->uid || !r->suid;
}

/* Root in the judgement's sense. The manager may be root from its exec on, so that of it each
 * return counts: from the saved id, too. */
static __always_inline bool rights_are_root(const struct rights *r, __u16 class)
{
	return class == EVMON_CLASS_MANAGER ? !r->euid : rights_are_hosts_root(r);
}

static __always_inline void creds_note(struct evmon_task *t, const struct rights *r)
{
	if (rights_are_root(r, t->class))
		t->flags |= EVMON_TASK_IS_ROOT;
	else
		t->flags &= ~EVMON_TASK_IS_ROOT;
	t->userns = r->level;
}

/* What the current process is right after its exec, which has been judged. Called only where
 * evmon_late_creds says that no hook sees changes. */
int creds_executed(void);
