// SPDX-License-Identifier: Apache-2.0
/*
 * Who belongs to a tree, out of /proc: where the kernel has no BTF there is no task iterator. Each
 * process is placed after its parent, so that it can take over class, slot and name; passes repeat
 * until one adds nothing, for whoever forks before it has its own entry has children without one.
 * Hooks run meanwhile: what they have put into the map is left as it is.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cgroup.h"
#include "kernel/internal.h"
#include "kernel/proc_task.h"
#include "kernel/snapshot.h"
#include "kernel/tables.h"

enum {
	PASSES_MAX = 16
};

struct seen {
	struct proc_task task;
	bool placed;
};

struct walk {
	struct kernel *kernel;
	snapshot_fn fn;
	void *userdata;
	struct seen *at; /* owned; in the order of their numbers */
	size_t n, room;
	int added;
};

static int tasks_fd(const struct walk *walk)
{
	return bpf_map__fd(walk->kernel->skeleton->maps.evmon_tasks);
}

static int seen_order(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return (x->task.pid > y->task.pid) - (x->task.pid < y->task.pid);
}

/* Room for one more. */
static int room_make(struct walk *walk)
{
	struct seen *more;

	if (walk->n < walk->room)
		return 0;
	more = reallocarray(walk->at, walk->room * 2 + 256, sizeof(*more));
	if (!more)
		return -ENOMEM;
	walk->at = more;
	walk->room = walk->room * 2 + 256;
	return 0;
}

static int process_add(struct walk *walk, uint32_t pid)
{
	struct seen *seen;

	if (room_make(walk) < 0)
		return -ENOMEM;
	seen = &walk->at[walk->n];
	if (proc_task_read(pid, &seen->task) < 0 || seen->task.is_kernel)
		return 0;
	seen->placed = false;
	walk->n++;
	return 0;
}

static int processes_read(struct walk *walk)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	walk->n = 0;
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = process_add(walk, (uint32_t)strtoul(entry->d_name, NULL, 10));
	closedir(dir);
	if (walk->n)
		qsort(walk->at, walk->n, sizeof(*walk->at), seen_order);
	return err;
}

static struct seen *process_find(const struct walk *walk, uint32_t pid)
{
	struct seen key = { .task = { .pid = pid } };

	return walk->n ? bsearch(&key, walk->at, walk->n, sizeof(*walk->at), seen_order) : NULL;
}

/* As class_after_image() in bpf/tree.bpf.h. */
static unsigned class_after_image(unsigned now, unsigned image)
{
	if (now >= EVMON_CLASS_MODULE)
		return now;
	if (image != EVMON_CLASS_HOST)
		return image;
	if (now == EVMON_CLASS_MANAGER)
		return EVMON_CLASS_OTHER;
	return now == EVMON_CLASS_BROKER ? EVMON_CLASS_HOST : now;
}

/* The entry that it should have, from what its parent has; class HOST: none. */
static void entry_make(const struct walk *walk, const struct proc_task *task,
		       const struct evmon_task *parent, struct evmon_task *ret)
{
	struct tables_file file = { 0 };
	struct evmon_task next = *parent;
	unsigned class = parent->class;

	tables_file(walk->kernel, task->exe_dev, task->exe_ino, &file);
	if (walk->kernel->options.tree_only) {
		if (walk->kernel->skeleton->settings->root == task->pid)
			class = file.class = EVMON_CLASS_MANAGER;
		else if (parent->class == EVMON_CLASS_HOST)
			file.class = EVMON_CLASS_HOST;
	} else if (class == EVMON_CLASS_HOST && tables_unit_has(walk->kernel, task->cgroup) &&
		   !file.is_starter) {
		class = EVMON_CLASS_OTHER;
	}
	if (!task->forked_only)
		class = class_after_image(class, file.class);
	if (class != parent->class) {
		next = (struct evmon_task){ .class = (uint16_t) class,
					    .slot = (uint16_t)MIN(class, EVMON_CLASS_OTHER),
					    .held = task->held };
		if (class >= EVMON_CLASS_MODULE && (!task->uid || !task->euid || !task->suid))
			next.flags = EVMON_TASK_ROOT_MODULE;
	}
	next.subject = class == EVMON_CLASS_BROKER ? EVMON_SUBJECT_BROKER : EVMON_SUBJECT_EVEREST;
	next.flags &= EVMON_TASK_ROOT_MODULE;
	next.flags |= EVMON_TASK_THREADED;
	if (task->forked_only)
		next.flags |= EVMON_TASK_UNEXECED;
	if (!task->euid || !task->suid)
		next.flags |= EVMON_TASK_IS_ROOT;
	*ret = next;
}

static int tell(struct walk *walk, const struct proc_task *p, const struct evmon_task *entry,
		bool own)
{
	struct snapshot_task task = { .start_ns = p->start_ns,
				      .held = p->held,
				      .exe_ino = p->exe_ino,
				      .exe_dev = p->exe_dev,
				      .pid = p->pid,
				      .ppid = p->ppid,
				      .uid = p->uid,
				      .euid = p->euid,
				      .gid = p->gid,
				      .class = entry->class,
				      .slot = entry->slot,
				      .own = own };
	unsigned level;

	memcpy(task.comm, p->comm, sizeof(task.comm));
	if (!p->cgroup[0] ||
	    cgroup_id(walk->kernel->cgroup_fd, p->cgroup, &task.cgroup_id, &level) < 0)
		task.cgroup_id = 0;
	walk->added++;
	return walk->fn(&task, walk->userdata);
}

static int place(struct walk *walk, struct seen *seen)
{
	struct evmon_task parent = { .class = EVMON_CLASS_HOST }, entry;
	const struct proc_task *p = &seen->task;
	struct proc_task now;
	struct seen *above;
	int err;

	if (seen->placed)
		return 0;
	seen->placed = true;
	above = process_find(walk, p->ppid);
	err = above ? place(walk, above) : 0;
	if (err < 0 || bpf_map_lookup_elem(tasks_fd(walk), &p->pid, &entry) == 0)
		return err;
	if (bpf_map_lookup_elem(tasks_fd(walk), &p->ppid, &parent) < 0 ||
	    parent.class == EVMON_CLASS_CANARY)
		parent = (struct evmon_task){ .class = EVMON_CLASS_HOST };
	entry_make(walk, p, &parent, &entry);
	if (entry.class == EVMON_CLASS_HOST)
		return 0;
	if (bpf_map_update_elem(tasks_fd(walk), &p->pid, &entry, BPF_NOEXIST) < 0) {
		if (errno == E2BIG)
			walk->kernel->skeleton->settings->tasks_full = 1;
		return 0;
	}
	/* It may have gone between the look and the entry, and another have come. */
	if (proc_task_read(p->pid, &now) < 0 || now.start_ns != p->start_ns) {
		bpf_map_delete_elem(tasks_fd(walk), &p->pid);
		return 0;
	}
	return tell(walk, p, &entry, entry.class != parent.class);
}

int snapshot_take_proc(struct kernel *kernel, snapshot_fn fn, void *userdata)
{
	struct walk walk = { .kernel = kernel, .fn = fn, .userdata = userdata, .added = 1 };
	int err = 0;

	for (int i = 0; i < PASSES_MAX && !err && walk.added; i++) {
		walk.added = 0;
		err = processes_read(&walk);
		for (size_t n = 0; n < walk.n && err >= 0; n++)
			err = place(&walk, &walk.at[n]);
	}
	free(walk.at);
	return err < 0 ? err : 0;
}

static bool has_gone(int fd, uint32_t tgid)
{
	struct evmon_task entry;

	return bpf_map_lookup_elem(fd, &tgid, &entry) == 0 && entry.flags & EVMON_TASK_THREADED &&
	       kill((pid_t)tgid, 0) < 0 && errno == ESRCH;
}

void snapshot_sweep(struct kernel *kernel)
{
	int fd = bpf_map__fd(kernel->skeleton->maps.evmon_tasks);
	const uint32_t *from = NULL;
	uint32_t next, key = 0;
	bool more = !kernel->btf;

	while (more) {
		more = bpf_map_get_next_key(fd, from, &next) == 0;
		/* After the step, for a map begins anew at a key that is not there. */
		if (from && has_gone(fd, key))
			bpf_map_delete_elem(fd, &key);
		key = next;
		from = &key;
	}
}
