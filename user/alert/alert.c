// SPDX-License-Identifier: Apache-2.0
/*
 * Makes alerts: out of a record's event, out of a tally alone, out of a USB device, out of
 * evmon's own words. The rule's name, severity and action come from the policy in force: a bind
 * rule's from the item that bears its number; what the policy has no word for comes from the
 * closed list. A tally that is told of after its rule has left the policy may name an item that is
 * gone; it is still told, as bind.removed.
 */
#include "alert/alert.h"

#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/known_file.h"
#include "alert/message.h"
#include "base/clock.h"
#include "policy/rule_numbers.h"
#include "policy/rules.h"

struct judgement {
	const char *name;
	enum severity severity;
	enum policy_action action;
};

static const struct bind_rule *bind_item(const struct policy *policy, enum evmon_rule rule)
{
	for (size_t i = 0; i < policy->n_bind; i++)
		if (rule_number(policy, i) == rule)
			return &policy->bind[i];
	return NULL;
}

static struct judgement judge_bind(const struct policy *policy, enum evmon_rule rule)
{
	const struct rule *known = rule_get(rule);
	const struct bind_rule *item = bind_item(policy, rule);
	struct judgement j = { "bind.removed", SEVERITY_MEDIUM, ACTION_ALERT };

	if (known) {
		j.name = known->name;
		j.severity = known->severity;
	}
	if (item)
		j = (struct judgement){ item->rule, item->severity, item->action };
	return j;
}

/* The part of a policy that speaks of one rule outside bind; false: it has no word of its own. */
static bool policy_word(const struct policy *policy, enum evmon_rule rule, struct judgement *j)
{
	const struct {
		enum evmon_rule rule;
		enum severity severity;
		enum policy_action action;
	} words[] = {
		{ EVMON_RULE_CAPABILITY_USED, policy->used_severity, policy->capability_action },
		{ EVMON_RULE_CAPABILITY_DENIED, policy->denied_severity, ACTION_ALERT },
		{ EVMON_RULE_CAPABILITY_HELD, policy->held_severity, policy->capability_action },
		{ EVMON_RULE_CAPABILITY_USERNS, rule_get(EVMON_RULE_CAPABILITY_USERNS)->severity,
		  policy->capability_action },
		{ EVMON_RULE_EXEC_ROOT, policy->root_severity, policy->root_action },
		{ EVMON_RULE_EXEC_SHELL, policy->shell_severity, policy->shell_action },
		{ EVMON_RULE_EXEC_ADMIN_PANEL, policy->admin_panel_severity,
		  policy->admin_panel_action },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (words[i].rule != rule)
			continue;
		j->severity = words[i].severity;
		j->action = words[i].action;
		return true;
	}
	return false;
}

static struct judgement judge(const struct policy *policy, enum evmon_sensor sensor,
			      enum evmon_rule rule)
{
	const struct rule *known = rule_get(rule);
	struct judgement j = { "", SEVERITY_LOW, ACTION_ALERT };

	if (rule == EVMON_RULE_NONE)
		return j;
	if (sensor == EVMON_SENSOR_BIND)
		return judge_bind(policy, rule);
	if (known) {
		j.name = known->name;
		j.severity = known->severity;
	}
	policy_word(policy, rule, &j);
	return j;
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t n = MIN(strlen(from), size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

static enum policy_action alert_begin(struct alert *alert, enum evmon_sensor sensor,
				      enum evmon_rule rule, const struct policy *policy)
{
	struct judgement j = judge(policy, sensor, rule);

	memset(alert, 0, sizeof(*alert));
	alert->sensor = sensor;
	alert->rule = rule;
	alert->severity = j.severity;
	alert->verdict = rule == EVMON_RULE_NONE ? EVMON_VERDICT_ALLOW : EVMON_VERDICT_ALERT;
	alert->count = 1;
	alert->key.rule = rule;
	alert->key.sensor = sensor;
	alert->key.verdict = alert->verdict;
	copy_text(alert->rule_name, sizeof(alert->rule_name), j.name);
	copy_text(alert->policy, sizeof(alert->policy), policy->hash);
	return j.action;
}

/* An index means something in its own network namespace only; evmon can ask for its own. */
static void device_fill(struct alert *alert)
{
	char name[IF_NAMESIZE];
	struct stat st;

	if (!alert->bind.ifindex || stat("/proc/self/ns/net", &st))
		return;
	if (st.st_ino == alert->bind.netns && if_indextoname(alert->bind.ifindex, name))
		copy_text(alert->device, sizeof(alert->device), name);
}

/*
 * A script's path is the one that was given, its interpreter the executable; of all else the
 * executable is the path. What was refused became nobody's executable: then there is only what was
 * given, and what the script says of its interpreter.
 */
static void exec_fill(struct alert *alert, const struct event *event)
{
	struct alert_object_exec *text = &alert->exec_text;
	const struct event_exec *exec = &event->exec;
	bool refused = event->verdict == EVMON_VERDICT_DENIED;
	const char *exe = refused ? "" : event->process.exe;
	bool script = exec->interpreter[0];

	alert->exec = *exec;
	copy_text(text->path, sizeof(text->path), script || !exe[0] ? exec->file : exe);
	if (script)
		copy_text(text->interpreter, sizeof(text->interpreter),
			  exe[0] ? exe : exec->interpreter);
}

static void object_from_event(struct alert *alert, const struct event *event)
{
	if (event->sensor == EVMON_SENSOR_BIND) {
		alert->bind = event->bind;
		device_fill(alert);
	} else if (event->sensor == EVMON_SENSOR_CAPABILITY) {
		alert->capability = event->capability;
	} else if (event->sensor == EVMON_SENSOR_EXEC) {
		exec_fill(alert, event);
	}
}

void alert_from_event(struct alert *alert, const struct event *event, const struct modules *modules,
		      const struct policy *policy)
{
	alert_begin(alert, event->sensor, event->key.rule, policy);
	alert->time_ns = alert->first_ns = alert->last_ns = event->time_ns;
	alert->verdict = event->verdict;
	alert->asked_deny = event->asked_deny;
	alert->subject = event->process.subject;
	alert->has_module =
		modules_of(modules, event->process.class, event->process.slot, &alert->module);
	alert->has_process = event->process.pid != 0;
	process_from_event(event, &alert->process);
	alert->hook = event->hook;
	alert->key = event->key;
	object_from_event(alert, event);
	message_compose(alert, event->standing);
}

static enum evmon_subject class_subject(unsigned class)
{
	if (class == EVMON_CLASS_BROKER)
		return EVMON_SUBJECT_BROKER;
	return class == EVMON_CLASS_HOST || class == EVMON_CLASS_CANARY ? EVMON_SUBJECT_HOST :
									  EVMON_SUBJECT_EVEREST;
}

static void object_from_key(struct alert *alert, const struct evmon_tally_key *key)
{
	alert->object_partial = true;
	if (key->sensor == EVMON_SENSOR_BIND) {
		alert->bind.proto = key->object.bind.proto;
		alert->bind.family = key->object.bind.family;
		alert->bind.scope = key->object.bind.scope;
		alert->bind.port = key->object.bind.port;
	} else if (key->sensor == EVMON_SENSOR_CAPABILITY) {
		alert->capability.number = key->object.capability.number;
		alert->capability.kind = key->object.capability.kind;
		alert->capability.userns = key->object.capability.userns;
	} else if (key->sensor == EVMON_SENSOR_EXEC) {
		alert->exec.ino = key->object.exec.ino;
		alert->exec.dev = key->object.exec.dev;
		alert->exec.how = key->object.exec.how;
	}
}

/* Tallies are pinned, so what a key says may be another build's: values stay in range. */
static bool key_is_sound(const struct evmon_tally_key *key)
{
	const struct evmon_bind_object *bind = &key->object.bind;

	if (key->verdict >= EVMON_VERDICT_MAX)
		return false;
	if (key->sensor == EVMON_SENSOR_BIND)
		return bind->proto < EVMON_PROTO_MAX && bind->family < EVMON_FAMILY_MAX &&
		       bind->scope < EVMON_SCOPE_MAX;
	if (key->sensor == EVMON_SENSOR_CAPABILITY)
		return key->object.capability.kind < EVMON_CAPABILITY_KIND_MAX;
	return key->sensor == EVMON_SENSOR_EXEC && key->object.exec.how < EVMON_EXEC_HOW_MAX;
}

/* The key of an overflow entry says no more than rule and verdict. */
static enum evmon_sensor key_sensor(const struct evmon_tally_key *key)
{
	const struct rule *known = rule_get(key->rule);

	if (key->slot != EVMON_SLOT_OVERFLOW)
		return key->sensor < EVMON_SENSOR_MAX ? key->sensor : EVMON_SENSOR_SELF;
	return known ? known->sensor : EVMON_SENSOR_BIND;
}

/* What the kernel refused itself needed no denial of evmon's. */
static bool key_was_denied(const struct evmon_tally_key *key)
{
	return key_sensor(key) == EVMON_SENSOR_CAPABILITY &&
	       key->object.capability.kind == EVMON_CAPABILITY_DENIED;
}

/* A tally does not say whether its finding stands. A module that is root is found by its own file,
 * <modules_dir>/<Name>/<file>, and anything else by what it ran. */
static bool module_ran_itself(const struct alert *alert)
{
	const char *exe = alert->process.exe, *slash = strrchr(exe, '/');
	size_t n = strlen(alert->module.name);

	return alert->has_module && slash && (size_t)(slash - exe) > n &&
	       slash[-(ptrdiff_t)n - 1] == '/' && !memcmp(slash - n, alert->module.name, n);
}

/* What /proc did not tell, the policy may. */
static void files_fill(struct alert *alert, const struct policy *policy)
{
	const char *module = alert->has_module ? alert->module.name : NULL;
	const struct event_exec *exec = &alert->exec;
	struct process *p = &alert->process;
	char *path = alert->exec_text.path;

	if (alert->has_process && !p->exe[0])
		known_file(policy, module, p->exe_dev, p->exe_ino, p->exe);
	if (alert->sensor != EVMON_SENSOR_EXEC)
		return;
	if (exec->ino && exec->ino == p->exe_ino && exec->dev == p->exe_dev)
		copy_text(path, sizeof(alert->exec_text.path), p->exe);
	else
		known_file(policy, module, exec->dev, exec->ino, path);
}

void alert_from_tally(struct alert *alert, const struct evmon_tally_key *key,
		      const struct evmon_tally *tally, const struct modules *modules,
		      const struct policy *policy)
{
	unsigned class = tally->actor.class;
	enum policy_action action = alert_begin(alert, key_sensor(key), key->rule, policy);
	const struct rule *known = rule_get(key->rule);

	alert->time_ns = clock_boot_ns();
	alert->first_ns = tally->first_ns;
	alert->last_ns = tally->last_ns;
	alert->count = tally->count;
	alert->verdict = key->verdict;
	alert->asked_deny = action == ACTION_DENY && alert->verdict == EVMON_VERDICT_ALERT &&
			    !key_was_denied(key);
	alert->subject = class_subject(class);
	alert->has_module = modules_of(modules, class, key->slot, &alert->module);
	alert->has_process = tally->actor.tgid != 0;
	if (alert->has_process)
		process_from_actor(&tally->actor, &alert->process);
	alert->key = *key;
	if (key_is_sound(key))
		object_from_key(alert, key);
	files_fill(alert, policy);
	message_compose(alert, (known && known->standing) || module_ran_itself(alert));
}

void alert_found(struct alert *alert, enum evmon_hook hook, const struct process_ids *ids,
		 const char *path)
{
	struct process *p = &alert->process;

	alert->hook = hook;
	p->ppid = ids->ppid;
	p->uid = ids->uid;
	p->euid = ids->euid;
	p->gid = ids->gid;
	p->ids_known = true;
	if (alert->sensor != EVMON_SENSOR_EXEC)
		return;
	alert->object_ids = true;
	alert->exec.uid = ids->uid;
	alert->exec.euid = ids->euid;
	if (!path || path[0] != '/' || alert->exec_text.path[0])
		return;
	copy_text(alert->exec_text.path, sizeof(alert->exec_text.path), path);
	message_compose(alert, false);
}

void alert_opened_by(struct alert *alert, const struct alert_opener *opener)
{
	alert->opener = *opener;
	message_compose(alert, false);
}

void alert_from_usb(struct alert *alert, const struct usb_device *device, enum evmon_rule rule,
		    enum severity severity, const struct policy *policy)
{
	alert_begin(alert, EVMON_SENSOR_USB, rule, policy);
	alert->asked_deny = rule != EVMON_RULE_NONE && policy->usb_action == ACTION_DENY;
	alert->time_ns = alert->first_ns = alert->last_ns = clock_boot_ns();
	alert->severity = severity;
	alert->subject = EVMON_SUBJECT_HOST;
	alert->hook = EVMON_HOOK_UEVENT;
	alert->usb = *device;
	message_compose(alert, false);
}

void alert_usb_gone(struct alert *alert)
{
	alert->usb_gone = true;
	message_compose(alert, false);
}

void alert_usb_missed(struct alert *alert, uint64_t count, uint64_t last_ns)
{
	alert->usb_missed = alert->usb_gone = true;
	alert->count = count;
	alert->hook = EVMON_HOOK_FEXIT_USB_NEW_DEVICE;
	alert->first_ns = alert->last_ns = last_ns;
	message_compose(alert, false);
}

void alert_usb_verdict(struct alert *alert, enum evmon_verdict verdict, bool asked)
{
	alert->verdict = verdict;
	alert->key.verdict = verdict;
	alert->asked_deny = asked && verdict == EVMON_VERDICT_ALERT;
	message_compose(alert, false);
}

void alert_from_self(struct alert *alert, enum evmon_rule rule, const struct policy *policy,
		     const char *what, const char *detail)
{
	const struct rule *known = rule_get(rule);
	enum evmon_sensor sensor = known ? known->sensor : EVMON_SENSOR_SELF;

	alert_begin(alert, sensor, rule, policy);
	alert->time_ns = alert->first_ns = alert->last_ns = clock_boot_ns();
	copy_text(alert->self.what, sizeof(alert->self.what), what);
	copy_text(alert->self.detail, sizeof(alert->self.detail), detail);
	if (sensor == EVMON_SENSOR_CONFIG) {
		alert->subject = EVMON_SUBJECT_EVEREST;
		alert->hook = EVMON_HOOK_CONFIG;
	} else {
		alert->subject = EVMON_SUBJECT_HOST;
		alert->has_process = true;
		process_self(&alert->process);
	}
	message_compose(alert, false);
}

void alert_fold(struct alert *alert, uint64_t n)
{
	alert->folded = n;
	alert->has_module = alert->has_process = false;
	message_compose(alert, false);
}

void alert_by(struct alert *alert, const struct evmon_actor *actor)
{
	const struct process *p = &alert->process;

	if (!actor->tgid)
		return;
	/* Without BTF an actor's start is not known: its number alone has to do. */
	if (alert->has_process && p->pid == actor->tgid &&
	    (!actor->start_ns || p->start_us == actor->start_ns / 1000))
		return;
	alert->has_process = true;
	process_replace(&alert->process, actor);
	message_compose(alert, false);
}
