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

static void manager_is(struct daemon *daemon, const struct daemon_manager *manager)
{
	daemon->manager = *manager;
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

static int stand_exec(struct daemon *daemon, const struct snapshot_task *task, unsigned slot,
		      enum evmon_rule rule)
{
	struct evmon_tally_key key = { .rule = (uint16_t)rule,
				       .slot = (uint16_t)slot,
				       .verdict = EVMON_VERDICT_ALERT,
				       .sensor = EVMON_SENSOR_EXEC };
	struct finding finding;

	key.object.exec.ino = task->exe_ino;
	key.object.exec.dev = task->exe_dev;
	finding_of(task,
		   rule == EVMON_RULE_EXEC_ROOT_STEADY ? EVMON_HOOK_PROC : EVMON_HOOK_ITER_TASK,
		   &finding);
	return pipeline_stand(daemon, &key, &finding);
}

/* Each of these capabilities, used or held beyond the list. */
static int stand_capabilities(struct daemon *daemon, const struct snapshot_task *task,
			      uint64_t beyond, enum evmon_capability_kind kind)
{
	bool held = kind == EVMON_CAPABILITY_HELD;
	struct finding finding;
	int err = 0;

	finding_of(task, EVMON_HOOK_ITER_TASK, &finding);
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

/* A module, as it is now, for what its exec left it; and for what it used meanwhile. */
static int judge_module(struct daemon *daemon, const struct snapshot_task *task, uint64_t used)
{
	const struct policy *policy = daemon->policy;
	struct module module;
	uint64_t allowed;
	int err;

	if (!modules_of(daemon->modules, task->class, task->slot, &module))
		return 0;
	if (!task->euid || !task->uid)
		return policy->root_action == ACTION_ALLOW ?
			       0 :
			       stand_exec(daemon, task, task->slot, EVMON_RULE_EXEC_ROOT);
	if (policy->capability_action == ACTION_ALLOW)
		return 0;
	allowed = policy_capabilities(policy, module.id, module.name);
	err = stand_capabilities(daemon, task, task->held & ~allowed, EVMON_CAPABILITY_HELD);
	return err < 0 ? err :
			 stand_capabilities(daemon, task, used & ~allowed, EVMON_CAPABILITY_USED);
}

static int found_other(struct daemon *daemon, const struct snapshot_task *task)
{
	char args[64] = "";
	int err = 0;

	if (process_args(task->pid, args, sizeof(args)) < 0)
		args[0] = '\0';
	if (daemon->policy->admin_panel_action != ACTION_ALLOW &&
	    (!strcmp(args, "MT.EVEREST") || !strcmp(task->comm, "controller")))
		err = stand_exec(daemon, task, task->slot, EVMON_RULE_EXEC_ADMIN_PANEL);
	if (err < 0 || task->euid || daemon->policy->root_action == ACTION_ALLOW)
		return err;
	return stand_exec(daemon, task, task->slot, EVMON_RULE_EXEC_ROOT);
}

/* A module whose file or script user space did not know of at its exec. */
static void found_pending(struct daemon *daemon, const struct event *event)
{
	const struct event_process *p = &event->process;
	const struct naming_pending known = { .task = { .tgid = p->pid, .start_ns = p->start_ns },
					      .exe = p->exe,
					      .args = { p->args, p->args_length } };
	struct snapshot_task task = { .start_ns = p->start_ns,
				      .exe_ino = p->exe_ino,
				      .exe_dev = p->exe_dev,
				      .pid = p->pid,
				      .ppid = p->ppid,
				      .uid = p->uid,
				      .euid = p->euid,
				      .gid = p->gid };
	struct naming_module module;

	exes_fill(daemon);
	if (naming_resolve(daemon->kernel, daemon->modules, daemon->policy->modules_dir, &known,
			   &module) < 0) {
		log_debug("%u ended before it was named", p->pid);
		return;
	}
	memcpy(task.comm, p->comm, sizeof(task.comm));
	task.class = module.class;
	task.slot = module.slot;
	task.held = module.withheld.held;
	if (judge_module(daemon, &task, module.withheld.used) < 0)
		log_debug("%u could not be judged", p->pid);
}

void found_joined(struct daemon *daemon, const struct event *event)
{
	const struct event_process *p = &event->process;
	struct daemon_manager manager = { .pid = p->pid,
					  .exe_dev = p->exe_dev,
					  .start_ns = p->start_ns,
					  .exe_ino = p->exe_ino };

	memcpy(manager.comm, p->comm, sizeof(manager.comm));
	if (p->class == EVMON_CLASS_MANAGER)
		manager_is(daemon, &manager);
	else if (p->class == EVMON_CLASS_PENDING)
		found_pending(daemon, event);
	if (p->class >= EVMON_CLASS_PENDING)
		settle_arm(daemon);
}

struct found {
	struct daemon *daemon;
	struct snapshot_task *at;
	size_t n, room;
};

static struct snapshot_task *found_slot(struct found *found, const struct snapshot_task *task)
{
	struct snapshot_task *more;

	for (size_t i = found->n; i-- > 0;)
		if (found->at[i].pid == task->pid && found->at[i].start_ns == task->start_ns)
			return &found->at[i];
	if (found->n == found->room) {
		more = reallocarray(found->at, found->room * 2 + 64, sizeof(*more));
		if (!more)
			return NULL;
		found->at = more;
		found->room = found->room * 2 + 64;
	}
	return &found->at[found->n++];
}

/* Named is at once, for its descendants; judged is afterwards, for they may be seen before it is
 * known whose they are, and come again when it is. */
static int on_task(const struct snapshot_task *task, void *userdata)
{
	struct found *found = userdata;
	struct snapshot_task *mine = found_slot(found, task);

	if (!mine)
		return -ENOMEM;
	*mine = *task;
	naming_seen(found->daemon->kernel, found->daemon->modules,
		    found->daemon->policy->modules_dir, mine);
	return 0;
}

static int judge_found(struct daemon *daemon, const struct snapshot_task *task)
{
	struct daemon_manager manager = { .pid = task->pid,
					  .exe_dev = task->exe_dev,
					  .start_ns = task->start_ns,
					  .exe_ino = task->exe_ino };

	memcpy(manager.comm, task->comm, sizeof(manager.comm));
	if (task->class == EVMON_CLASS_MANAGER)
		manager_is(daemon, &manager);
	if (task->class >= EVMON_CLASS_MODULE && task->own)
		return judge_module(daemon, task, 0);
	return task->class == EVMON_CLASS_OTHER ? found_other(daemon, task) : 0;
}

int found_tasks(struct daemon *daemon)
{
	struct found found = { .daemon = daemon };
	int err = snapshot_take(daemon->kernel, on_task, &found);

	for (size_t i = 0; err >= 0 && i < found.n; i++)
		err = judge_found(daemon, &found.at[i]);
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
				      .class = EVMON_CLASS_MANAGER };
	struct process_ids ids;

	memcpy(task.comm, m->comm, sizeof(task.comm));
	if (!m->pid || daemon->policy->root_action == ACTION_ALLOW ||
	    process_ids(m->pid, m->start_ns, &ids) < 0 || ids.euid)
		return 0;
	task.ppid = ids.ppid;
	task.uid = ids.uid;
	task.euid = ids.euid;
	task.gid = ids.gid;
	return stand_exec(daemon, &task, EVMON_CLASS_MANAGER, EVMON_RULE_EXEC_ROOT_STEADY);
}
