// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Membership of the watched trees over a task's life, and who was there before evmon.
 *
 *   tp_btf/sched_process_fork   a child takes its parent's class; the parent is the task that
 *                               forks, so CLONE_PARENT, vfork and reparenting change nothing
 *   tp_btf/sched_process_exit   forgets the task when the last thread of the group goes
 *   tp_btf/cgroup_mkdir         systemd makes the unit's cgroup anew at each restart: its new id
 *   iter/task                   tasks that ran before the hooks did, each by its ancestors
 *
 * While a snapshot is being taken a task may have its place in a tree by its ancestors only, with
 * no entry yet, and loses it when one of them ends. So fork gives the child of such a task its
 * entry, and exit those that it leaves behind: whoever belongs to a tree when the snapshot begins
 * is in the map when it ends, however the tree forks meanwhile.
 *
 * exec is in exec.bpf.c: class and judgement belong to one moment.
 */
#include "tree.bpf.h"

#include "creds.bpf.h"
#include "emit.bpf.h"

#define PF_EXITING    0x00000004
#define PF_FORKNOEXEC 0x00000040
#define LINEAGE_DEPTH 16 /* ancestors; passes bring what is deeper */
#define E2BIG	      7
#define CHILDREN      256 /* that one task leaves behind in the moment of a snapshot */

/* Up to 5.10, where the current task's pointer is not to be had, by its own cgroup alone. */
int task_is_of_unit(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return task_in_unit(bpf_get_current_task_btf());
	return evmon_settings.unit_cgroup &&
	       evmon_settings.unit_cgroup == bpf_get_current_cgroup_id();
}

/* The class that the image which a task runs gives; HOST: none, PENDING: not known yet. */
static __always_inline __u16 class_of_image(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	struct file *file = mm ? mm->exe_file : NULL;

	if (task_is_root(task))
		return EVMON_CLASS_MANAGER;
	if (!file)
		return EVMON_CLASS_HOST;
	if (file_is_manager(file))
		return EVMON_CLASS_MANAGER;
	return class_of_file(exe_lookup(file->f_inode), file);
}

static __always_inline bool task_starts_others(struct task_struct *task)
{
	struct file *file = task->mm ? task->mm->exe_file : NULL;
	struct evmon_exe *exe = file ? exe_lookup(file->f_inode) : NULL;

	return exe && exe->flags & EVMON_EXE_STARTER;
}

static __always_inline bool task_forked_only(struct task_struct *task)
{
	return task->group_leader->flags & PF_FORKNOEXEC;
}

/* What the ancestors of a task say, from itself up to the first that has an entry. */
struct lineage {
	__u32 highest;	/* module: its class is kept by all beneath it */
	__u32 nearest;	/* class that an image gives */
	__u32 executed; /* beneath that, something else was executed */
	__u32 rooted;	/* the root is among them: whoever is above is no concern */
	__u32 modules;	/* how many of them run a module's file */
};

/*
 * In a loop the verifier compares each round with all before it and takes a second; and each value
 * that it knows something about makes rounds of its own. So the rounds are laid out one after the
 * other, and what they hand on is made a number that it knows nothing about.
 */
#define forget(x) ((x) ^= *(volatile __u32 *)&evmon_settings.zero)

static __noinline struct evmon_task *lineage_walk(struct task_struct *task, struct lineage *l)
{
	__u32 highest = evmon_settings.zero, nearest = highest, executed = highest;
	__u32 rooted = highest, modules = highest;
	struct evmon_task *known = NULL;

#pragma unroll
	for (int i = 0; i < LINEAGE_DEPTH; i++) {
		__u32 class = EVMON_CLASS_HOST, own = 0;

		known = task_of(task);
		if (known)
			break;
		if (!task_forked_only(task)) {
			class = class_of_image(task);
			own = 1;
		}
		forget(class);
		forget(own);
		if (class >= EVMON_CLASS_MODULE) {
			highest = class;
			modules++;
		}
		if (!nearest) {
			nearest = class;
			if (!class)
				executed |= own;
		}
		forget(highest);
		forget(nearest);
		forget(executed);
		forget(modules);
		if (task_is_root(task)) {
			rooted = 1;
			break;
		}
		task = task->real_parent;
	}
	l->rooted = rooted;
	l->modules = modules;
	l->highest = highest;
	l->nearest = nearest;
	l->executed = executed;
	return known;
}

/* The entry of a task that has none; false: it belongs to no tree. top: it is the one module on the
 * way up to the tree's root. */
static __always_inline bool place(struct task_struct *task, struct evmon_task *next, bool *top)
{
	struct lineage l = {};
	struct evmon_task *known = lineage_walk(task, &l);

	*top = l.modules == 1 && !(known && known->class >= EVMON_CLASS_MODULE);

	if (evmon_tree_only && !known && !l.rooted)
		return false;
	if (known && (known->class >= EVMON_CLASS_MODULE || !(l.highest | l.nearest)))
		*next = *known;
	else if (l.highest)
		next->class = l.highest;
	else if (l.nearest)
		next->class = l.nearest;
	else if (task_in_unit(task) && !task_starts_others(task))
		next->class = EVMON_CLASS_OTHER;
	if (l.executed)
		next->class = class_after_image(next->class, EVMON_CLASS_HOST);
	if (next->class == EVMON_CLASS_HOST)
		return false;
	if (!known || known->class != next->class) {
		next->slot = slot_unnamed(next->class);
		next->held = capability_bits(task->cred->cap_permitted);
	}
	next->subject = subject_of_class(next->class);
	next->start_ns = task->group_leader->start_boottime;
	next->flags &= EVMON_TASK_ROOT_MODULE;
	if (task_forked_only(task))
		next->flags |= EVMON_TASK_UNEXECED;
	if (evmon_late_creds) {
		struct rights r;

		rights_of(&r, task->cred);
		creds_note(next, &r);
	}
	return true;
}

static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_tgid = parent->tgid;
	__u32 tgid = child->tgid;
	struct evmon_task next = {};
	struct evmon_task *t;
	bool top;

	if (tgid == parent_tgid)
		return 0;
	t = task_of(parent);
	if (evmon_settings.spawner && evmon_settings.spawner == parent_tgid) {
		next.class = evmon_settings.spawn_class;
		next.subject = subject_of_class(next.class);
		next.slot = next.class <= EVMON_CLASS_OTHER ? next.class : EVMON_CLASS_HOST;
	} else if (t) {
		next = *t;
	} else if (!evmon_settings.snapshot || !place(parent, &next, &top)) {
		return 0;
	}
	next.start_ns = child->start_boottime;
	next.flags |= EVMON_TASK_UNEXECED;
	if (bpf_map_update_elem(&evmon_tasks, &tgid, &next, BPF_ANY))
		tasks_are_full();
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(tp_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(parent, child);
}

/* The children of a task that ends, and of which the snapshot could not know any more whose they
 * were. The list may change meanwhile: what is read then is nobody's tgid, or has an entry. */
static __noinline int orphans_mark(struct task_struct *parent)
{
	struct evmon_task *t = task_of(parent);
	struct evmon_task next = {};
	unsigned long at, end = bpf_core_field_offset(struct task_struct, children);
	unsigned long sibling = bpf_core_field_offset(struct task_struct, sibling);
	bool top;

	if (t)
		next = *t;
	else if (!place(parent, &next, &top))
		return 0;
	next.flags &= EVMON_TASK_ROOT_MODULE | EVMON_TASK_IS_ROOT;
	next.flags |= EVMON_TASK_ORPHAN;
	end += (unsigned long)parent;
	at = (unsigned long)BPF_CORE_READ(parent, children.next);
	for (int i = 0; i < CHILDREN && at != end; i++) {
		struct task_struct *child = (void *)(at - sibling);
		__u32 tgid = BPF_CORE_READ(child, tgid);

		next.start_ns = BPF_CORE_READ(child, start_boottime);
		if (tgid && map_error(bpf_map_update_elem(&evmon_tasks, &tgid, &next,
							  BPF_NOEXIST)) == -E2BIG)
			tasks_are_full();
		at = (unsigned long)BPF_CORE_READ(child, sibling.next);
	}
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(tp_exit, struct task_struct *task)
{
	__u32 tgid = task->tgid;

	if (evmon_settings.snapshot && evmon_can_read_kernel)
		orphans_mark(task);
	/* A leader may go before its threads: signal->live is 0 with the last of them. */
	if (!task->signal->live.counter)
		bpf_map_delete_elem(&evmon_tasks, &tgid);
	return 0;
}

SEC("?tp_btf/cgroup_mkdir")
int BPF_PROG(tp_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	char made[sizeof(evmon_settings.unit_path)] = {};

	/* On a hybrid mount systemd makes the same path in its own hierarchy, too. */
	if (!evmon_settings.unit_path[0] || cgroup->root != current_read(cgroups, dfl_cgrp, root))
		return 0;
	bpf_probe_read_kernel_str(made, sizeof(made), path);
	for (__u32 i = 0; i < sizeof(made); i++) {
		if (made[i] != evmon_settings.unit_path[i])
			return 0;
		if (!made[i])
			break;
	}
	evmon_settings.unit_cgroup = cgroup->kn->id;
	return 0;
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
	seen.own = t->class >= EVMON_CLASS_MODULE && class_of_image(task) == t->class;
	__builtin_memcpy(seen.comm, task->comm, sizeof(seen.comm));
	bpf_seq_write(seq, &seen, sizeof(seen));
}

/* An entry that exit made with the late parent's class gets its own. */
static __always_inline void orphan_complete(struct task_struct *task, struct evmon_task *t)
{
	__u16 image = class_of_image(task);
	__u16 class = t->class;

	if (image != EVMON_CLASS_HOST || !task_forked_only(task))
		class = class_after_image(class, image);
	if (class != t->class) {
		t->slot = slot_unnamed(class);
		t->held = capability_bits(task->cred->cap_permitted);
		t->class = class;
		t->subject = subject_of_class(class);
	}
	t->flags &= ~EVMON_TASK_ORPHAN;
}

/*
 * User space names an instance by the task that runs its executable, and finds out that a task is a
 * script's, and so a module; here it comes down to whoever they started. True: the class did.
 */
static __noinline bool module_inherit(struct task_struct *task, struct evmon_task *t)
{
	bool other = t->class == EVMON_CLASS_OTHER;

	for (int i = 0; i < TASK_DEPTH && task->tgid; i++) {
		struct evmon_task *above;

		task = task->real_parent;
		above = task_of(task);
		if (!above ||
		    (above->class != t->class && !(other && above->class >= EVMON_CLASS_MODULE)))
			return false;
		if (above->class == t->class && above->slot == EVMON_CLASS_OTHER)
			continue;
		t->slot = above->slot;
		t->held = above->held;
		t->flags |= above->flags & EVMON_TASK_ROOT_MODULE;
		t->class = above->class;
		return other;
	}
	return false;
}

static __always_inline int on_task_known(struct seq_file *seq, struct task_struct *task,
					 struct evmon_task *t)
{
	bool added = t->flags & EVMON_TASK_ORPHAN;

	if (added)
		orphan_complete(task, t);
	if (t->class == EVMON_CLASS_OTHER ||
	    (t->class >= EVMON_CLASS_MODULE && t->slot == EVMON_CLASS_OTHER))
		added |= module_inherit(task, t);
	seen_write(seq, task, t, added);
	return 0;
}

SEC("?iter/task")
int iter_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct evmon_task next = {};
	struct evmon_task *t;
	__u32 tgid;
	bool top;
	long err;

	if (!task || !task->mm || task->flags & PF_EXITING)
		return 0;
	/* A group is known by its leader, by any other thread once the leader has gone. */
	if (task->pid != task->tgid && !(task->group_leader->flags & PF_EXITING))
		return 0;
	t = task_of(task);
	if (t)
		return evmon_settings.listing ? 0 : on_task_known(ctx->meta->seq, task, t);
	if (!place(task, &next, &top))
		return 0;
	if (next.class >= EVMON_CLASS_MODULE && next.slot == EVMON_CLASS_OTHER &&
	    cred_is_root(task->cred))
		next.flags |= EVMON_TASK_ROOT_MODULE;
	if (evmon_settings.listing) {
		if (top && class_of_image(task) == next.class && !task_forked_only(task))
			seen_write(ctx->meta->seq, task, &next, 1);
		return 0;
	}
	tgid = task->tgid;
	err = map_error(bpf_map_update_elem(&evmon_tasks, &tgid, &next, BPF_NOEXIST));
	if (err == -E2BIG)
		tasks_are_full();
	if (err)
		return 0;
	seen_write(ctx->meta->seq, task, &next, 1);
	/* It may have gone between the look and the entry, before the exit hook could forget it. */
	if (!task->signal->live.counter)
		bpf_map_delete_elem(&evmon_tasks, &tgid);
	return 0;
}
