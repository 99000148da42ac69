// SPDX-License-Identifier: Apache-2.0
/*
 * The task iterator walks all tasks in the order of their pids and puts those of the tree into
 * the task map, each by its ancestors, its cgroup or its executable. Hooks run meanwhile and, told
 * that a snapshot is being taken, look after whoever loses his ancestors while it lasts; what they
 * have put into the map is left as it is. An instance gets its name between two visits, and a task
 * can be visited before the one whose instance it shares: so passes repeat until one adds nothing.
 */
#include "kernel/snapshot.h"

#include <errno.h>
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

/* Reads whole structs: the kernel gives a record or none, but a read may end between two. */
static int pass(struct bpf_link *link, snapshot_fn fn, void *userdata)
{
	_cleanup_(closep) int fd = bpf_iter_create(bpf_link__fd(link));
	struct evmon_task_seen seen;
	size_t have = 0;
	int added = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		struct snapshot_task task;
		ssize_t n = read(fd, (char *)&seen + have, sizeof(seen) - have);
		int err;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return added;
		have += (size_t)n;
		if (have < sizeof(seen))
			continue;
		have = 0;
		if (!seen.added)
			continue;
		added++;
		task_of_seen(&seen, &task);
		err = fn(&task, userdata);
		if (err < 0)
			return err;
	}
}

static uint64_t tasks_without_room(const struct kernel *kernel)
{
	struct ring_counts counts = { 0 };

	return ring_counts(kernel, &counts) < 0 ? UINT64_MAX : counts.tasks_full;
}

/* Who had no room has it now, if nobody has missed it since; a hook may find out at any moment. */
static void room_found(struct kernel *kernel, uint64_t before)
{
	struct evmon_settings *settings = &kernel->skeleton->bss->evmon_settings;

	if (tasks_without_room(kernel) != before)
		return;
	__atomic_store_n(&settings->tasks_full, 0, __ATOMIC_SEQ_CST);
	if (tasks_without_room(kernel) != before)
		settings->tasks_full = 1;
}

bool snapshot_is_due(const struct kernel *kernel)
{
	return kernel->skeleton->bss->evmon_settings.tasks_full;
}

int snapshot_take(struct kernel *kernel, snapshot_fn fn, void *userdata)
{
	struct coverage_row *row = &kernel->coverage.rows[COVERAGE_SNAPSHOT];
	struct evmon_settings *settings = &kernel->skeleton->bss->evmon_settings;
	uint64_t without_room = tasks_without_room(kernel);
	struct bpf_link *link;
	int added = 1;

	if (!row->n_hooks)
		return -ENOTSUP;
	link = bpf_program__attach_iter(kernel_program(kernel, EVMON_HOOK_ITER_TASK), NULL);
	if (!link)
		return -errno;
	settings->snapshot = 1;
	for (int i = 0; i < PASSES_MAX && added > 0; i++)
		added = pass(link, fn, userdata);
	settings->snapshot = 0;
	bpf_link__destroy(link);
	if (!added)
		room_found(kernel, without_room);
	row->state = added < 0 ? COVERAGE_BROKEN : COVERAGE_PROVEN;
	return added < 0 ? added : 0;
}
