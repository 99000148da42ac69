// SPDX-License-Identifier: Apache-2.0
/*
 * The task iterator walks all tasks in the order of their pids and puts those of the tree into
 * the task map, each by its ancestors, its cgroup or its executable. Hooks run meanwhile and, told
 * that a snapshot is being taken, look after whoever loses his ancestors while it lasts; what they
 * have put into the map is left as it is. A task can be visited before the one whose instance it
 * shares, so passes repeat until one adds nothing.
 *
 * A first pass only lists the modules: user space names each and makes its entry with the name, so
 * that what it forks from then on is never without. Who ends before the hooks know of his entry is
 * not met by the passes that follow, and is forgotten.
 */
#include "kernel/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/internal.h"

enum {
	PASSES_MAX = 64
};

static void task_of_seen(const struct evmon_task_seen *seen, struct snapshot_task *task)
{
	*task = (struct snapshot_task){
		.start_ns = seen->task.start_ns,
		.held = seen->task.held,
		.cgroup_id = seen->cgroup,
		.exe_ino = seen->exe_ino,
		.exe_dev = seen->exe_dev,
		.pid = seen->tgid,
		.ppid = seen->ppid,
		.uid = seen->uid,
		.euid = seen->euid,
		.gid = seen->gid,
		.class = seen->task.class,
		.slot = seen->task.slot,
		.own = seen->own,
	};
	memcpy(task->comm, seen->comm, sizeof(seen->comm));
}

struct listed {
	uint32_t tgid;
	uint64_t start_ns;
	bool met; /* by a later pass */
};

struct snapshot {
	struct kernel *kernel;
	struct bpf_link *link;
	snapshot_fn fn;
	void *userdata;
	struct listed *listed; /* owned */
	size_t n, room;
	bool listing;
	int added; /* by this pass */
};

static int list(struct snapshot *s, const struct evmon_task_seen *seen)
{
	struct listed *more = s->listed;

	if (s->n == s->room) {
		more = reallocarray(s->listed, s->room + 64, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->listed = more;
		s->room += 64;
	}
	more[s->n++] = (struct listed){ seen->tgid, seen->task.start_ns, false };
	return 0;
}

static void meet(struct snapshot *s, const struct evmon_task_seen *seen)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->listed[i].tgid == seen->tgid && s->listed[i].start_ns == seen->task.start_ns)
			s->listed[i].met = true;
}

static int on_seen(struct snapshot *s, const struct evmon_task_seen *seen)
{
	struct snapshot_task task;
	int err = 0;

	if (s->listing)
		err = list(s, seen);
	else if (seen->own)
		meet(s, seen);
	if (err < 0 || !seen->added)
		return err;
	s->added++;
	task_of_seen(seen, &task);
	s->kernel->listed = s->listing ? seen : NULL;
	err = s->fn(&task, s->userdata);
	s->kernel->listed = NULL;
	return err;
}

/* Reads whole structs: the kernel gives a record or none, but a read may end between two. */
static int pass(struct snapshot *s)
{
	_cleanup_(closep) int fd = bpf_iter_create(bpf_link__fd(s->link));
	struct evmon_task_seen seen;
	size_t have = 0;
	int err = fd < 0 ? -errno : 0;

	s->added = 0;
	while (err >= 0) {
		ssize_t n = read(fd, (char *)&seen + have, sizeof(seen) - have);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		have = (have + (size_t)n) % sizeof(seen);
		if (!have)
			err = on_seen(s, &seen);
	}
	return err;
}

static int passes(struct snapshot *s)
{
	struct evmon_settings *settings = s->kernel->skeleton->settings;
	int err;

	settings->listing = 1;
	s->listing = true;
	err = pass(s);
	s->listing = false;
	settings->listing = 0;
	settings->snapshot = 1;
	s->added = 1;
	for (int i = 0; i < PASSES_MAX && err >= 0 && s->added; i++)
		err = pass(s);
	settings->snapshot = 0;
	return err;
}

/* The entries of those who ended before the hooks knew of them. */
static void forget_unmet(const struct snapshot *s)
{
	int fd = bpf_map__fd(s->kernel->skeleton->maps.evmon_tasks);
	struct evmon_task entry;

	for (size_t i = 0; i < s->n; i++)
		if (!s->listed[i].met && bpf_map_lookup_elem(fd, &s->listed[i].tgid, &entry) == 0 &&
		    entry.start_ns == s->listed[i].start_ns)
			bpf_map_delete_elem(fd, &s->listed[i].tgid);
}

static uint64_t tasks_without_room(const struct kernel *kernel)
{
	struct ring_counts counts = { 0 };

	return ring_counts(kernel, &counts) < 0 ? UINT64_MAX : counts.tasks_full;
}

/* Who had no room has it now, if nobody has missed it since; a hook may find out at any moment. */
static void room_found(struct kernel *kernel, uint64_t before)
{
	struct evmon_settings *settings = kernel->skeleton->settings;

	if (tasks_without_room(kernel) != before)
		return;
	__atomic_store_n(&settings->tasks_full, 0, __ATOMIC_SEQ_CST);
	if (tasks_without_room(kernel) != before)
		settings->tasks_full = 1;
}

bool snapshot_is_due(const struct kernel *kernel)
{
	return kernel->skeleton->settings->tasks_full;
}

int snapshot_take(struct kernel *kernel, snapshot_fn fn, void *userdata)
{
	struct coverage_row *row = &kernel->coverage.rows[COVERAGE_SNAPSHOT];
	struct snapshot s = { .kernel = kernel, .fn = fn, .userdata = userdata };
	uint64_t without_room = tasks_without_room(kernel);
	int err;

	if (!row->n_hooks)
		return -ENOTSUP;
	if (!kernel->btf) {
		err = snapshot_take_proc(kernel, fn, userdata);
		if (err >= 0)
			room_found(kernel, without_room);
		row->state = err < 0 ? COVERAGE_BROKEN : COVERAGE_PROVEN;
		return err;
	}
	s.link = bpf_program__attach_iter(kernel_program(kernel, EVMON_HOOK_ITER_TASK), NULL);
	if (!s.link)
		return -errno;
	err = passes(&s);
	if (err >= 0) {
		forget_unmet(&s);
		room_found(kernel, without_room);
	}
	bpf_link__destroy(s.link);
	free(s.listed);
	row->state = err < 0 ? COVERAGE_BROKEN : COVERAGE_PROVEN;
	return err;
}
