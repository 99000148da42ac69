// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks judge what happens; what stood before them, and what only time shows, is judged here with
 * the same rules and the same tally keys, so that a thing found twice is still counted once.
 */
#include "found.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/capability.h"
#include "base/clock.h"
#include "base/log.h"
#include "cmd/naming.h"
#include "exes.h"
#include "kernel/snapshot.h"
#include "pipeline.h"
#include "process/process.h"

#define CHOWN_BIT 1ULL /* CAP_CHOWN is number 0 */

static int settle_arm(struct daemon *daemon)
{
	return loop_timer_set(daemon->settle_timer, clock_boot_ns() + daemon->policy->settle_ns);
}

/* The manager is the task, as it was seen at its exec or by the snapshot. */
static void manager_is(struct daemon *daemon, const struct snapshot_task *task)
{
	struct daemon_manager *manager = &daemon->manager;

	*manager = (struct daemon_manager){ .pid = task->pid,
					    .exe_dev = task->exe_dev,
					    .start_ns = task->start_ns,
					    .exe_ino = task->exe_ino };
	memcpy(manager->comm, task->comm, sizeof(manager->comm));
	settle_arm(daemon);
}

static void finding_of(const struct snapshot_task *task, enum evmon_hook hook,
		       struct finding *finding)
{
	*finding = (struct finding){ .hook = hook,
				     .actor = { .start_ns = task->start_ns,
						.exe_ino = task->exe_ino,
						.exe_dev = task->exe_dev,
						.tgid = task->pid,
						.uid = task->uid,
						.class = (uint16_t)task->class },
				     .ids = { .ppid = task->ppid,
					      .uid = task->uid,
					      .euid = task->euid,
					      .gid = task->gid } };
	memcpy(finding->actor.comm, task->comm, sizeof(finding->actor.comm));
}

static int stand_exec(struct daemon *daemon, const struct snapshot_task *task, enum evmon_hook hook,
		      enum evmon_rule rule)
{
	struct evmon_tally_key key = { .rule = (uint16_t)rule,
				       .slot = (uint16_t)task->slot,
				       .verdict = EVMON_VERDICT_ALERT,
				       .sensor = EVMON_SENSOR_EXEC };
	struct finding finding;

	key.object.exec.ino = task->exe_ino;
	key.object.exec.dev = task->exe_dev;
	finding_of(task, hook, &finding);
	return pipeline_stand(daemon, &key, &finding);
}

/* Each of these capabilities, used or held beyond the list. */
static int stand_capabilities(struct daemon *daemon, const struct snapshot_task *task,
			      enum evmon_hook hook, uint64_t beyond,
			      enum evmon_capability_kind kind)
{
	bool held = kind == EVMON_CAPABILITY_HELD;
	struct finding finding;
	int err = 0;

	finding_of(task, hook, &finding);
	for (unsigned number = 0; err >= 0 && number < CAPABILITY_COUNT; number++) {
		struct evmon_tally_key key = { .rule = held ? EVMON_RULE_CAPABILITY_HELD :
							      EVMON_RULE_CAPABILITY_USED,
					       .slot = (uint16_t)task->slot,
					       .verdict = EVMON_VERDICT_ALERT,
					       .sensor = EVMON_SENSOR_CAPABILITY };

		if (!(beyond >> number & 1))
			continue;
		if (held && number == 0 && task->held & ~CHOWN_BIT)
			key.rule = EVMON_RULE_CAPABILITY_EVEREST_CHOWN;
		key.object.capability.number = (uint8_t)number;
		key.object.capability.kind = (uint8_t)kind;
		err = pipeline_stand(daemon, &key, &finding);
	}
	return err;
}

/* A task of the tree, as it is now, for what its exec left it; and for what it used meanwhile. */
static int judge_task(struct daemon *daemon, const struct snapshot_task *task, enum evmon_hook hook,
		      uint64_t used)
{
	const struct policy *policy = daemon->policy;
	struct module module = { 0 }; /* of what is none, without a name */
	struct tables_file file;
	uint64_t allowed;
	int err;

	if (!task->euid || !task->uid) {
		tables_file(daemon->kernel, task->exe_dev, task->exe_ino, &file);
		return policy->root_action == ACTION_ALLOW || file.root_allowed ?
			       0 :
			       stand_exec(daemon, task, hook, EVMON_RULE_EXEC_ROOT);
	}
	if (policy->capability_action == ACTION_ALLOW)
		return 0;
	(void)modules_of(daemon->modules, task->class, task->slot, &module);
	allowed = policy_capabilities(policy, module.id, module.name);
	err = stand_capabilities(daemon, task, hook, task->held & ~allowed, EVMON_CAPABILITY_HELD);
	return err < 0 ? err :
			 stand_capabilities(daemon, task, hook, used & ~allowed,
					    EVMON_CAPABILITY_USED);
}

static int found_other(struct daemon *daemon, const struct snapshot_task *task)
{
	char args[64] = "";
	int err = 0;

	if (process_args(task->pid, args, sizeof(args)) < 0)
		args[0] = '\0';
	if (daemon->policy->admin_panel_action != ACTION_ALLOW &&
	    (!strcmp(args, "MT.EVEREST") || !strcmp(task->comm, "controller")))
		err = stand_exec(daemon, task, EVMON_HOOK_ITER_TASK, EVMON_RULE_EXEC_ADMIN_PANEL);
	if (err < 0 || task->euid || daemon->policy->root_action == ACTION_ALLOW)
		return err;
	return stand_exec(daemon, task, EVMON_HOOK_ITER_TASK, EVMON_RULE_EXEC_ROOT);
}

/* The task of an exec, as the snapshot would show it. */
static void task_of(const struct event_process *p, struct snapshot_task *task)
{
	*task = (struct snapshot_task){ .start_ns = p->start_ns,
					.exe_ino = p->exe_ino,
					.exe_dev = p->exe_dev,
					.pid = p->pid,
					.ppid = p->ppid,
					.uid = p->uid,
					.euid = p->euid,
					.gid = p->gid };
	memcpy(task->comm, p->comm, sizeof(task->comm));
}

/* A module whose file or script user space did not know of at its exec. */
static void found_pending(struct daemon *daemon, const struct event *event)
{
	const struct event_process *p = &event->process;
	const struct naming_pending known = { .task = { .tgid = p->pid, .start_ns = p->start_ns },
					      .exe = p->exe,
					      .exe_ino = p->exe_ino,
					      .exe_dev = p->exe_dev,
					      .args = { p->args, p->args_length } };
	struct snapshot_task task;
	struct naming_module module;

	task_of(p, &task);
	exes_fill(daemon);
	if (naming_resolve(daemon->kernel, daemon->modules, daemon->policy->modules_dir, &known,
			   &module) < 0) {
		log_debug("%u ended before it was named", p->pid);
		return;
	}
	task.class = module.class;
	task.slot = module.slot;
	task.held = module.withheld.held;
	if (judge_task(daemon, &task, EVMON_HOOK_PROC, module.withheld.used) < 0)
		log_debug("%u could not be judged", p->pid);
}

void found_joined(struct daemon *daemon, const struct event *event)
{
	const struct event_process *p = &event->process;
	struct snapshot_task task;

	task_of(p, &task);
	if (p->class == EVMON_CLASS_MANAGER)
		manager_is(daemon, &task);
	else if (p->class == EVMON_CLASS_PENDING)
		found_pending(daemon, event);
	if (p->class >= EVMON_CLASS_PENDING)
		settle_arm(daemon);
}

struct found_task {
	struct snapshot_task task;
	size_t order; /* in which they were seen */
};

struct found {
	struct daemon *daemon;
	struct found_task *at;
	size_t n, room;
};

static struct found_task *found_room(struct found *found)
{
	struct found_task *more;

	if (found->n == found->room) {
		more = reallocarray(found->at, found->room * 2 + 64, sizeof(*more));
		if (!more)
			return NULL;
		found->at = more;
		found->room = found->room * 2 + 64;
	}
	found->at[found->n].order = found->n;
	return &found->at[found->n++];
}

static int found_compare(const void *left, const void *right)
{
	const struct found_task *a = left, *b = right;

	if (a->task.pid != b->task.pid)
		return a->task.pid < b->task.pid ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* Its last word of it: a task is seen anew when more is known of it. */
static bool found_is_last(const struct found *found, size_t i)
{
	const struct snapshot_task *task = &found->at[i].task, *next;

	if (i + 1 == found->n)
		return true;
	next = &found->at[i + 1].task;
	return next->pid != task->pid || next->start_ns != task->start_ns;
}

/* Named is at once, for its descendants; judged is afterwards, for they may be seen before it is
 * known whose they are, and come again when it is. */
static int on_task(const struct snapshot_task *task, void *userdata)
{
	struct found *found = userdata;
	struct found_task *mine = found_room(found);

	if (!mine)
		return -ENOMEM;
	mine->task = *task;
	naming_seen(found->daemon->kernel, found->daemon->modules,
		    found->daemon->policy->modules_dir, &mine->task);
	return 0;
}

static int judge_found(struct daemon *daemon, const struct snapshot_task *task)
{
	if (task->class == EVMON_CLASS_MANAGER)
		manager_is(daemon, task);
	if (task->class >= EVMON_CLASS_MODULE && task->own)
		return judge_task(daemon, task, EVMON_HOOK_ITER_TASK, 0);
	return task->class == EVMON_CLASS_OTHER ? found_other(daemon, task) : 0;
}

int found_tasks(struct daemon *daemon)
{
	struct found found = { .daemon = daemon };
	int err = snapshot_take(daemon->kernel, on_task, &found);

	if (found.n)
		qsort(found.at, found.n, sizeof(*found.at), found_compare);
	for (size_t i = 0; err >= 0 && i < found.n; i++)
		if (found_is_last(&found, i))
			err = judge_found(daemon, &found.at[i].task);
	free(found.at);
	return err;
}

int found_settled(void *userdata)
{
	struct daemon *daemon = userdata;
	const struct daemon_manager *m = &daemon->manager;
	struct snapshot_task task = { .pid = m->pid,
				      .exe_dev = m->exe_dev,
				      .exe_ino = m->exe_ino,
				      .start_ns = m->start_ns,
				      .class = EVMON_CLASS_MANAGER,
				      .slot = EVMON_CLASS_MANAGER };
	struct process_ids ids;

	memcpy(task.comm, m->comm, sizeof(task.comm));
	if (!m->pid || daemon->policy->root_action == ACTION_ALLOW ||
	    process_ids(m->pid, m->start_ns, &ids) < 0 || ids.euid)
		return 0;
	task.ppid = ids.ppid;
	task.uid = ids.uid;
	task.euid = ids.euid;
	task.gid = ids.gid;
	return stand_exec(daemon, &task, EVMON_HOOK_PROC, EVMON_RULE_EXEC_ROOT_STEADY);
}
