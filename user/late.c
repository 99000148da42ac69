// SPDX-License-Identifier: Apache-2.0
/*
 * The exec hook of a kernel without BTF knows a path and a real user. What a task really is, what
 * it may and who it runs as is read here, a moment later; so its class is put right if need be,
 * and the rules of bpf/exec.bpf.c are applied to what is found. What has ended by then can only be
 * judged by what the record says, and is counted as such.
 */
#include "late.h"

#include <string.h>
#include <sys/stat.h>

#include "base/capability.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/naming.h"
#include "exes.h"
#include "found.h"
#include "kernel/proc_task.h"
#include "kernel/tables.h"
#include "pipeline.h"

#define CHOWN_BIT 1ULL /* CAP_CHOWN is number 0 */

/* An exec and what was found of it. */
struct exec {
	struct daemon *daemon;
	struct event event; /* with the class that is right */
	struct proc_task task;
	struct tables_file file;
	bool is_root, gone;
};

void late_complete(struct daemon *daemon, struct event *event)
{
	struct event_process *p = &event->process;

	(void)daemon;
	if (process_complete(p) < 0)
		log_debug("%u ended before it was looked at", p->pid);
}

static void finding_of(const struct exec *e, struct finding *finding)
{
	const struct event_process *p = &e->event.process;

	*finding = (struct finding){
		.hook = EVMON_HOOK_PROC,
		.actor = { .start_ns = p->start_ns,
			   .exe_ino = e->task.exe_ino,
			   .exe_dev = e->task.exe_dev,
			   .tgid = p->pid,
			   .uid = p->uid,
			   .class = p->class },
		.ids = { .ppid = p->ppid, .uid = p->uid, .euid = p->euid, .gid = p->gid },
		.path = p->exe[0] ? p->exe : e->event.exec.file
	};
	memcpy(finding->actor.comm, p->comm, sizeof(finding->actor.comm));
}

static int exec_found(const struct exec *e, enum evmon_rule rule, bool stands)
{
	const struct event_process *p = &e->event.process;
	struct evmon_tally_key key = { .rule = (uint16_t)rule,
				       .slot = p->slot,
				       .verdict = EVMON_VERDICT_ALERT,
				       .sensor = EVMON_SENSOR_EXEC };
	struct finding finding;

	key.object.exec.ino = e->task.exe_ino;
	key.object.exec.dev = e->task.exe_dev;
	if (p->uid != p->euid)
		key.object.exec.how = EVMON_EXEC_SETUID;
	finding_of(e, &finding);
	return stands ? pipeline_stand(e->daemon, &key, &finding) :
			pipeline_count(e->daemon, &key, &finding);
}

static int judge_panel(const struct exec *e)
{
	const struct event_process *p = &e->event.process;
	const char *exe = p->exe[0] ? p->exe : e->event.exec.file;
	const char *name = strrchr(exe, '/');

	if (e->daemon->policy->admin_panel_action == ACTION_ALLOW)
		return 0;
	name = name ? name + 1 : exe;
	if (strcmp(name, "controller") != 0 &&
	    (!p->args_length || strcmp(p->args, "MT.EVEREST") != 0))
		return 0;
	return exec_found(e, EVMON_RULE_EXEC_ADMIN_PANEL, false);
}

/* A root module is one finding; what it runs is none of its own. */
static int judge_root(const struct exec *e)
{
	bool module = e->event.process.class >= EVMON_CLASS_MODULE;

	if (!e->is_root || e->daemon->policy->root_action == ACTION_ALLOW || e->file.root_allowed ||
	    (e->event.standing && !e->event.joined))
		return 0;
	return exec_found(e, EVMON_RULE_EXEC_ROOT, module && e->event.joined);
}

static int held_found(const struct exec *e, unsigned number)
{
	const struct event_process *p = &e->event.process;
	bool chown = e->event.joined && number == 0 && e->task.held & ~CHOWN_BIT;
	struct evmon_tally_key key = { .rule = chown ? EVMON_RULE_CAPABILITY_EVEREST_CHOWN :
						       EVMON_RULE_CAPABILITY_HELD,
				       .slot = p->slot,
				       .verdict = EVMON_VERDICT_ALERT,
				       .sensor = EVMON_SENSOR_CAPABILITY };
	struct finding finding;

	key.object.capability.number = (uint8_t)number;
	key.object.capability.kind = EVMON_CAPABILITY_HELD;
	finding_of(e, &finding);
	return chown ? pipeline_stand(e->daemon, &key, &finding) :
		       pipeline_count(e->daemon, &key, &finding);
}

/* What the exec left beyond the list; at a descendant's exec only what its module was not left. A
 * child that was forked before that was known has it from its parent. */
static int judge_held(const struct exec *e)
{
	const struct event_process *p = &e->event.process;
	struct module module;
	uint64_t beyond = e->task.held;
	int err = 0;

	if (e->is_root || e->gone || e->daemon->policy->capability_action == ACTION_ALLOW)
		return 0;
	if (modules_of(e->daemon->modules, p->class, p->slot, &module))
		beyond &= ~policy_capabilities(e->daemon->policy, module.id, module.name);
	if (!e->event.joined)
		beyond &= ~(e->event.exec.gained |
			    tables_task_held(e->daemon->kernel, p->ppid, p->class));
	for (unsigned number = 0; err >= 0 && number < CAPABILITY_COUNT; number++)
		if (beyond >> number & 1)
			err = held_found(e, number);
	return err;
}

/* The instance of a module, and what a task is that the hook could not tell. */
static void name(struct exec *e)
{
	struct event_process *p = &e->event.process;
	struct naming_pending known = { .task = { .tgid = p->pid },
					.exe = p->exe,
					.args = { p->args, p->args_length } };
	struct daemon *daemon = e->daemon;
	struct naming_module module;

	if (p->class == EVMON_CLASS_PENDING)
		exes_fill(daemon);
	if (naming_resolve(daemon->kernel, daemon->modules, daemon->policy->modules_dir, &known,
			   &module) < 0)
		return;
	p->class = (uint16_t)module.class;
	p->slot = (uint16_t)module.slot;
}

/* What is here in evidence against the path that was given: the file, or the unit's cgroup. */
static void place(struct exec *e)
{
	struct event_process *p = &e->event.process;
	unsigned class = p->class;

	if (e->file.is_starter && class == EVMON_CLASS_OTHER)
		class = EVMON_CLASS_HOST;
	else if (class < EVMON_CLASS_PENDING && e->file.class != EVMON_CLASS_HOST)
		class = e->file.class;
	else if (class == EVMON_CLASS_HOST && !e->file.is_starter &&
		 tables_unit_has(e->daemon->kernel, e->task.cgroup))
		class = EVMON_CLASS_OTHER;
	if (class == p->class || tables_task_place(e->daemon->kernel, p->pid, class) < 0)
		return;
	p->class = (uint16_t) class;
	p->slot = (uint16_t)MIN(class, (unsigned)EVMON_CLASS_OTHER);
	p->subject = class == EVMON_CLASS_HOST	 ? EVMON_SUBJECT_HOST :
		     class == EVMON_CLASS_BROKER ? EVMON_SUBJECT_BROKER :
						   EVMON_SUBJECT_EVEREST;
	e->event.joined = class != EVMON_CLASS_HOST;
}

/* What has ended, or is about to be reaped, has left the path that it was given. */
static void file_look(struct exec *e)
{
	struct stat st;

	if (e->event.exec.file[0] != '/' || stat(e->event.exec.file, &st) < 0)
		return;
	e->task.exe_ino = st.st_ino;
	e->task.exe_dev = file_kernel_dev(st.st_dev);
	if (e->gone && st.st_mode & S_ISUID) /* then it ran as its owner */
		e->task.euid = e->event.process.euid = st.st_uid;
}

static void look(struct exec *e)
{
	const struct event_process *p = &e->event.process;

	if (!p->start_ns || proc_task_read(p->pid, &e->task) < 0) {
		e->gone = true;
		e->daemon->counters.unjudged++;
		e->task = (struct proc_task){ .uid = p->uid, .euid = p->uid, .suid = p->uid };
	}
	if (!e->task.exe_ino)
		file_look(e);
	e->is_root = !e->task.uid || !e->task.euid || !e->task.suid;
	tables_file(e->daemon->kernel, e->task.exe_dev, e->task.exe_ino, &e->file);
}

int late_exec(struct daemon *daemon, const struct event *event)
{
	struct exec e = { .daemon = daemon, .event = *event };
	const struct event_process *p = &e.event.process;
	int err;

	if (p->subject == EVMON_SUBJECT_HOST && !p->start_ns)
		return 0;
	look(&e);
	if (!e.gone)
		place(&e);
	if (!e.gone && e.event.joined && p->class >= EVMON_CLASS_PENDING)
		name(&e);
	if (e.event.joined)
		found_joined(daemon, &e.event);
	if (p->subject != EVMON_SUBJECT_EVEREST)
		return 0;
	if (!e.gone && tables_task_rights(daemon->kernel, p->pid,
					  e.event.joined ? &e.task.held : NULL, !e.task.euid) < 0)
		log_debug("%u ended while it was judged", p->pid);
	err = judge_panel(&e);
	if (err >= 0)
		err = judge_root(&e);
	return err < 0 ? err : judge_held(&e);
}
