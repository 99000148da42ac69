/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Membership and class at an exec; tree.bpf.c has the rest of a task's life. */
#include "task.bpf.h"

#define CGROUP_DEPTH 8

/* What an executable means for whoever runs it. */
static __always_inline struct evmon_exe *exe_lookup(struct inode *inode)
{
	struct evmon_exe_key key = {};

	key.ino = inode->i_ino;
	key.dev = inode->i_sb->s_dev;
	return bpf_map_lookup_elem(&evmon_exes, &key);
}

/* The root of the tree, where --trace was given one. */
static __always_inline bool task_is_root(struct task_struct *task)
{
	return evmon_tree_only && evmon_settings.root && evmon_settings.root == (__u32)task->tgid;
}

static __always_inline bool current_is_root(void)
{
	return evmon_tree_only && evmon_settings.root &&
	       evmon_settings.root == bpf_get_current_pid_tgid() >> 32;
}

/* In such a tree the manager may lie anywhere, and be started by a script: it goes by its name. */
static __always_inline bool file_is_manager(struct file *file)
{
	char name[sizeof("manager")] = {};

	if (!evmon_tree_only || !evmon_can_read_kernel)
		return false;
	bpf_probe_read_kernel(name, sizeof(name), file->f_path.dentry->d_name.name);
	return !__builtin_memcmp(name, "manager", sizeof(name));
}

/* <modules_dir>/<Name>/<file>, whatever the names are. */
static __always_inline bool file_under_modules(struct file *file)
{
	struct inode *dir;

	if (!evmon_settings.modules_ino)
		return false;
	dir = file->f_path.dentry->d_parent->d_parent->d_inode;
	return dir && dir->i_ino == evmon_settings.modules_ino &&
	       dir->i_sb->s_dev == evmon_settings.modules_dev;
}

/* The class of a task of class `now` after the exec of a file that gives `image`, HOST if nothing.
 * A module's class, once given, is kept whatever is run. */
static __always_inline __u16 class_after_image(__u16 now, __u16 image)
{
	if (now >= EVMON_CLASS_MODULE || now == EVMON_CLASS_CANARY)
		return now;
	if (image != EVMON_CLASS_HOST)
		return image;
	if (now == EVMON_CLASS_MANAGER)
		return EVMON_CLASS_OTHER;
	return now == EVMON_CLASS_BROKER ? EVMON_CLASS_HOST : now;
}

/* The class that running the file gives, by what is said of it, else by where it lies. */
static __always_inline __u16 class_of_file(const struct evmon_exe *exe, struct file *file)
{
	if (exe && exe->class != EVMON_CLASS_HOST)
		return exe->class;
	return file_under_modules(file) ? EVMON_CLASS_PENDING : EVMON_CLASS_HOST;
}

/* Before the instance of a module is known it shares the slot of `other`. */
static __always_inline __u16 slot_unnamed(__u16 class)
{
	return class <= EVMON_CLASS_OTHER ? class : EVMON_CLASS_OTHER;
}

static __always_inline __u8 subject_of_class(__u16 class)
{
	switch (class) {
	case EVMON_CLASS_HOST:
	case EVMON_CLASS_CANARY:
		return EVMON_SUBJECT_HOST;
	case EVMON_CLASS_BROKER:
		return EVMON_SUBJECT_BROKER;
	default:
		return EVMON_SUBJECT_EVEREST;
	}
}

/* By its own pointers: bpf_get_current_ancestor_cgroup_id() is not for tracing programs in 5.10. */
static __noinline __attribute__((unused)) bool task_in_unit(struct task_struct *task)
{
	struct cgroup *cgroup = task->cgroups->dfl_cgrp;

	if (!evmon_settings.unit_cgroup)
		return false;
	for (int i = 0; i < CGROUP_DEPTH; i++) {
		struct cgroup_subsys_state *above = cgroup->self.parent;

		if (cgroup->kn->id == evmon_settings.unit_cgroup)
			return true;
		if (!above)
			return false;
		cgroup = above->cgroup;
	}
	return false;
}
