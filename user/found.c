// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks judge what happens; what stood before them, and what only time shows, is judged here with
 * the same rules and the same tally keys, so that a thing found twice is still counted once.
 */
#include "found.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
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

/* <modules_dir>/<Name>/<file>: the name of a module that the kernel could not class. */
static int pending_name(const char *exe, char name[POLICY_NAME_MAX])
{
	char path[EVENT_PATH_MAX];
	int n;

	snprintf(path, sizeof(path), "%s", exe);
	n = snprintf(name, POLICY_NAME_MAX, "%s", basename(dirname(path)));
	return n > 0 && n < POLICY_NAME_MAX ? 0 : -ENAMETOOLONG;
}

static void pending_resolve(struct daemon *daemon, const struct event *event)
{
	const struct event_process *p = &event->process;
	const struct module_args args = { p->args, p->args_length };
	struct tables_task task = { .tgid = p->pid, .start_ns = p->start_ns };
	char name[POLICY_NAME_MAX];
	unsigned slot = 0;
	int class;

	exes_fill(daemon);
	if (pending_name(p->exe, name) < 0)
		return;
	class = modules_class(daemon->modules, name);
	if (class < 0)
		return;
	task.class = (unsigned)class;
	if (naming_task(daemon->kernel, daemon->modules, &task, args, &slot) < 0)
		log_debug("module '%s' ended before it was named", name);
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
		pending_resolve(daemon, event);
	if (p->class >= EVMON_CLASS_PENDING)
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

static int stand_held(struct daemon *daemon, const struct snapshot_task *task, unsigned slot,
		      uint64_t allowed)
{
	struct finding finding;
	int err = 0;

	finding_of(task, EVMON_HOOK_ITER_TASK, &finding);
	for (unsigned number = 0; err >= 0 && number < CAPABILITY_COUNT; number++) {
		struct evmon_tally_key key = { .rule = EVMON_RULE_CAPABILITY_HELD,
					       .slot = (uint16_t)slot,
					       .verdict = EVMON_VERDICT_ALERT,
					       .sensor = EVMON_SENSOR_CAPABILITY };

		if (!(task->held >> number & 1) || allowed >> number & 1)
			continue;
		if (number == 0 && task->held & ~CHOWN_BIT)
			key.rule = EVMON_RULE_CAPABILITY_EVEREST_CHOWN;
		key.object.capability.number = (uint8_t)number;
		key.object.capability.kind = EVMON_CAPABILITY_HELD;
		err = pipeline_stand(daemon, &key, &finding);
	}
	return err;
}

static int found_module(struct daemon *daemon, const struct snapshot_task *task)
{
	char text[1024] = "";
	ssize_t n = process_args(task->pid, text, sizeof(text));
	const struct module_args args = { text, n > 0 ? (size_t)n : 0 };
	const struct tables_task known = { task->pid, task->start_ns, task->class };
	unsigned slot = EVMON_CLASS_OTHER;
	struct module module;

	if (naming_task(daemon->kernel, daemon->modules, &known, args, &slot) < 0)
		log_debug("%u ended before it was named", task->pid);
	if (!modules_of(daemon->modules, task->class, slot, &module))
		return 0;
	if (!task->euid || !task->uid)
		return daemon->policy->root_action == ACTION_ALLOW ?
			       0 :
			       stand_exec(daemon, task, slot, EVMON_RULE_EXEC_ROOT);
	if (daemon->policy->capability_action == ACTION_ALLOW)
		return 0;
	return stand_held(daemon, task, slot,
			  policy_capabilities(daemon->policy, module.id, module.name));
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

static int on_task(const struct snapshot_task *task, void *userdata)
{
	struct daemon *daemon = userdata;
	struct daemon_manager manager = { .pid = task->pid,
					  .exe_dev = task->exe_dev,
					  .start_ns = task->start_ns,
					  .exe_ino = task->exe_ino };

	memcpy(manager.comm, task->comm, sizeof(manager.comm));
	if (task->class == EVMON_CLASS_MANAGER)
		manager_is(daemon, &manager);
	if (task->class >= EVMON_CLASS_MODULE && task->own)
		return found_module(daemon, task);
	return task->class == EVMON_CLASS_OTHER ? found_other(daemon, task) : 0;
}

int found_at_start(struct daemon *daemon)
{
	return snapshot_take(daemon->kernel, on_task, daemon);
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
