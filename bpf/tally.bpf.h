/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Adding to a tally, for whoever acts: the current task, or one that an iterator comes by. */
#include "policy.bpf.h"
#include "task.bpf.h"

#ifdef EVMON_NO_BTF

/* What helpers say of the current task. */
static __always_inline void actor_current(struct evmon_actor *actor, __u16 class)
{
	actor->class = class;
	actor->tgid = bpf_get_current_pid_tgid() >> 32;
	actor->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(actor->comm, sizeof(actor->comm));
	actor->seal = evmon_actor_seal(actor);
}

#else

static __always_inline void actor_current(struct evmon_actor *actor, __u16 class)
{
	actor->class = class;
	actor->start_ns = current_read(group_leader, start_boottime);
	actor->tgid = current_read(tgid);
	actor->uid = current_read(cred, uid.val);
	actor->exe_ino = current_read(mm, exe_file, f_inode, i_ino);
	actor->exe_dev = current_read(mm, exe_file, f_inode, i_sb, s_dev);
	bpf_get_current_comm(actor->comm, sizeof(actor->comm));
	actor->seal = evmon_actor_seal(actor);
}

static __always_inline void actor_of(struct evmon_actor *actor, struct task_struct *task,
				     __u16 class)
{
	struct file *exe = task->mm ? task->mm->exe_file : NULL;

	actor->class = class;
	actor->start_ns = task->group_leader->start_boottime;
	actor->tgid = task->tgid;
	actor->uid = task->cred->uid.val;
	actor->exe_ino = exe ? exe->f_inode->i_ino : 0;
	actor->exe_dev = exe ? exe->f_inode->i_sb->s_dev : 0;
	__builtin_memcpy(actor->comm, task->comm, sizeof(actor->comm));
	actor->seal = evmon_actor_seal(actor);
}

#endif

static __always_inline struct evmon_tally *tally_overflow(const struct evmon_tally_key *key)
{
	__u32 index = key->rule * EVMON_VERDICT_MAX + key->verdict;

	stats_count(tallies_full);
	return bpf_map_lookup_elem(&evmon_overflow, &index);
}

/* The first of its key, or false: the key has its tally, made before or by another processor just
 * now, or there is no room for one. */
static __always_inline bool tally_first(const struct evmon_tally_key *key,
					const struct evmon_actor *actor, __u64 now)
{
	struct evmon_tally first = { .count = 1, .actor = *actor };

	first.first_ns = first.last_ns = first.record_ns = now;
	return !bpf_map_update_elem(&evmon_tallies, key, &first, BPF_NOEXIST);
}

/*
 * Adds one; true: a record is due. Processors that find a window over at the same moment make a
 * record each, which is told by the same count: what no atomic instruction of 5.10 can prevent.
 */
static __always_inline bool tally_count(const struct evmon_tally_key *key,
					const struct evmon_actor *actor, bool standing)
{
	const struct evmon_policy *policy = policy_active();
	__u64 now = bpf_ktime_get_boot_ns();
	struct evmon_tally *tally = bpf_map_lookup_elem(&evmon_tallies, key);

	if (!tally) {
		if (tally_first(key, actor, now))
			return true;
		tally = bpf_map_lookup_elem(&evmon_tallies, key);
	}
	/* What stands counts once; without room for a key it counts like all else, each time. */
	if (tally && standing) {
		stats_count(standing);
		return false;
	}
	if (!tally)
		tally = tally_overflow(key);
	if (!tally)
		return true;
	__sync_fetch_and_add(&tally->count, 1);
	/* Others may have taken their time later and come here earlier. */
	if (now > tally->last_ns)
		tally->last_ns = now;
	if (!tally->first_ns)
		tally->first_ns = now;
	tally->actor = *actor;
	if (policy && tally->record_ns && now < tally->record_ns + policy->window_ns)
		return false;
	tally->record_ns = now;
	return true;
}
