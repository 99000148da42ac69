// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Membership of the watched trees over a task's life, and who was there before evmon.
 *
 *   tp_btf/sched_process_fork   a child takes its parent's class; the parent is the task that
 *                               forks, so CLONE_PARENT, vfork and reparenting change nothing
 *   tp_btf/sched_process_exit   forgets the task when the last thread of the group goes
 *   tp_btf/cgroup_mkdir         systemd makes the unit's cgroup anew at each restart: its new id
 *   iter/task                   tasks that ran before the hooks did; repeated until a pass adds
 *                               nothing, so that a child forked between two visits is found
 *
 * exec is in exec.bpf.c: class and judgement belong to one moment.
 */
#include "tree.bpf.h"

#include "emit.bpf.h"

#define PF_EXITING   0x00000004
#define CGROUP_DEPTH 8

static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_tgid = parent->tgid;
	__u32 tgid = child->tgid;
	struct evmon_task next = {};
	struct evmon_task *t;

	if (tgid == parent_tgid)
		return 0;
	t = bpf_map_lookup_elem(&evmon_tasks, &parent_tgid);
	if (t && t->start_ns == parent->group_leader->start_boottime) {
		next = *t;
	} else if (evmon_settings.spawner && evmon_settings.spawner == parent_tgid) {
		next.class = evmon_settings.spawn_class;
		next.subject = subject_of_class(next.class);
		next.slot = next.class <= EVMON_CLASS_OTHER ? next.class : EVMON_CLASS_HOST;
	} else {
		return 0;
	}
	next.start_ns = child->start_boottime;
	next.flags |= EVMON_TASK_UNEXECED;
	if (bpf_map_update_elem(&evmon_tasks, &tgid, &next, BPF_ANY))
		stats_count(tasks_full);
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(tp_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(parent, child);
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(tp_exit, struct task_struct *task)
{
	__u32 tgid = task->tgid;

	/* A leader may go before its threads: signal->live is 0 with the last of them. */
	if (!task->signal->live.counter)
		bpf_map_delete_elem(&evmon_tasks, &tgid);
	return 0;
}

SEC("?tp_btf/cgroup_mkdir")
int BPF_PROG(tp_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	char made[sizeof(evmon_settings.unit_path)] = {};

	if (!evmon_settings.unit_path[0])
		return 0;
	bpf_probe_read_kernel_str(made, sizeof(made), path);
	for (__u32 i = 0; i < sizeof(made); i++) {
		if (made[i] != evmon_settings.unit_path[i])
			return 0;
		if (!made[i])
			break;
	}
	evmon_settings.unit_level = cgroup->level;
	evmon_settings.unit_cgroup = cgroup->kn->id;
	return 0;
}

static __always_inline bool task_in_unit(struct task_struct *task)
{
	struct kernfs_node *kn = task->cgroups->dfl_cgrp->kn;

	if (!evmon_settings.unit_cgroup)
		return false;
	for (int i = 0; kn && i < CGROUP_DEPTH; i++) {
		if (kn->id == evmon_settings.unit_cgroup)
			return true;
		if (bpf_core_field_exists(struct kernfs_node___old, parent))
			kn = ((struct kernfs_node___old *)kn)->parent;
		else
			kn = ((struct kernfs_node___new *)kn)->__parent;
	}
	return false;
}

static __always_inline __u16 class_of_exe(struct file *file)
{
	struct evmon_exe *exe = exe_lookup(file->f_inode);

	return exe ? exe->class : EVMON_CLASS_HOST;
}

/* The class that a running task has by its parent, its cgroup and its executable. */
static __always_inline __u16 class_of_running(struct task_struct *task, struct evmon_task *parent)
{
	struct file *file = task->mm->exe_file;
	struct evmon_exe *exe = file ? exe_lookup(file->f_inode) : NULL;
	__u16 now = EVMON_CLASS_HOST;

	if (evmon_settings.root && evmon_settings.root == (__u32)task->tgid)
		return EVMON_CLASS_MANAGER;
	if (parent && parent->subject == EVMON_SUBJECT_EVEREST)
		now = parent->class;
	else if (task_in_unit(task) && !(exe && exe->flags & EVMON_EXE_STARTER))
		now = EVMON_CLASS_OTHER;
	return class_after_exec(now, exe, file && file_under_modules(file));
}

static __always_inline void seen_write(struct seq_file *seq, struct task_struct *task,
				       const struct evmon_task *t, __u32 added)
{
	struct evmon_task_seen seen = {};
	struct file *file = task->mm->exe_file;

	seen.task = *t;
	seen.cgroup = task->cgroups->dfl_cgrp->kn->id;
	seen.exe_ino = file ? file->f_inode->i_ino : 0;
	seen.exe_dev = file ? file->f_inode->i_sb->s_dev : 0;
	seen.tgid = task->tgid;
	seen.ppid = task->real_parent->tgid;
	seen.uid = task->cred->uid.val;
	seen.euid = task->cred->euid.val;
	seen.gid = task->cred->gid.val;
	seen.added = added;
	seen.own = file && t->class >= EVMON_CLASS_MODULE && class_of_exe(file) == t->class;
	__builtin_memcpy(seen.comm, task->comm, sizeof(seen.comm));
	bpf_seq_write(seq, &seen, sizeof(seen));
}

SEC("?iter/task")
int iter_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct evmon_task next = {};
	struct evmon_task *t, *parent;
	__u32 tgid;

	if (!task || task->pid != task->tgid || !task->mm || task->flags & PF_EXITING)
		return 0;
	t = task_of(task);
	parent = task_of(task->real_parent);
	if (t) {
		/* User space has named the parent's instance since the pass before. */
		if (parent && parent->class == t->class && t->class >= EVMON_CLASS_MODULE &&
		    t->slot == EVMON_CLASS_OTHER)
			t->slot = parent->slot;
		seen_write(ctx->meta->seq, task, t, 0);
		return 0;
	}
	tgid = task->tgid;
	next.class = class_of_running(task, parent);
	if (next.class == EVMON_CLASS_HOST)
		return 0;
	next.subject = subject_of_class(next.class);
	next.start_ns = task->group_leader->start_boottime;
	next.held = capability_bits(task->cred->cap_permitted);
	next.slot = next.class <= EVMON_CLASS_OTHER ? next.class : EVMON_CLASS_OTHER;
	if (parent && parent->class == next.class) {
		next.slot = parent->slot;
		next.held = parent->held;
		next.flags = parent->flags & EVMON_TASK_ROOT_MODULE;
	} else if (next.class >= EVMON_CLASS_MODULE && cred_is_root(task->cred)) {
		next.flags = EVMON_TASK_ROOT_MODULE;
	}
	if (bpf_map_update_elem(&evmon_tasks, &tgid, &next, BPF_NOEXIST)) {
		stats_count(tasks_full);
		return 0;
	}
	seen_write(ctx->meta->seq, task, &next, 1);
	/* It may have gone between the look and the entry, before the exit hook could forget it. */
	if (task->flags & PF_EXITING && !task->signal->live.counter)
		bpf_map_delete_elem(&evmon_tasks, &tgid);
	return 0;
}
