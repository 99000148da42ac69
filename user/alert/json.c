// SPDX-License-Identifier: Apache-2.0
/*
 * The line of the contract: members in a fixed order, because the hash is over bytes and people
 * read the start of a line first. "asked" stands after "verdict" and "truncated" after "durable",
 * each only where it has something to say. What is not known is null, never left out.
 * Escaping can make five bytes out of one, so a line is tried in ever shorter forms until it fits;
 * the last form fits whatever the bytes are. Of a path that is too long the end is kept, where the
 * file's name is; of any other text the start.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/alert.h"
#include "alert/cmdline.h"
#include "alert/names.h"
#include "base/capability.h"
#include "base/clock.h"
#include "base/json.h"
#include "policy/hook_names.h"
#include "policy/rules.h"

enum {
	HASH_ROOM = 80 /* `,"hash":"<64>"}` and the newline */
};

/* How much of others' bytes a form of the line shows. */
struct form {
	size_t path, cmdline, text, message;
};

static const struct form forms[] = {
	{ 4096, CMDLINE_MAX, 512, ALERT_MESSAGE_MAX },
	{ 1024, 512, 512, ALERT_MESSAGE_MAX },
	{ 256, 256, 128, ALERT_MESSAGE_MAX },
	{ 96, 64, 64, 96 },
};

struct line {
	struct json j;
	const struct alert *alert;
	const struct alert_stamp *stamp;
	const struct form *form;
};

typedef void (*put_fn)(struct line *l);

static void put_uint(struct json *j, const char *key, uint64_t value, bool known)
{
	if (known)
		json_uint(j, key, value);
	else
		json_null(j, key);
}

/* Empty text is text that nobody knew. */
static void put_text(struct line *l, const char *key, const char *text, size_t size)
{
	size_t n = strnlen(text, size);

	if (n)
		json_bytes(&l->j, key, text, n, l->form->text);
	else
		json_null(&l->j, key);
}

static void put_path(struct line *l, const char *key, const char *path)
{
	size_t n = strlen(path), cut = n > l->form->path ? n - l->form->path : 0;

	if (cut)
		l->j.truncated = true;
	/* Not into the middle of a character. */
	for (unsigned i = 0; cut && i < 3 && ((unsigned char)path[cut] & 0xc0) == 0x80; i++)
		cut++;
	if (n)
		json_bytes(&l->j, key, path + cut, n - cut, n - cut);
	else
		json_null(&l->j, key);
}

static void put_time(struct line *l, const char *key, uint64_t boot_ns)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(boot_ns, l->stamp->offset_ns, text);
	json_string(&l->j, key, text);
}

static void put_head(struct line *l)
{
	const struct alert_stamp *stamp = l->stamp;
	struct json *j = &l->j;

	json_string(j, "schema", stamp->journal ? "evmon.alert/1" : "evmon.event/1");
	if (stamp->journal) {
		json_string(j, "journal", stamp->journal);
		json_uint(j, "seq", stamp->seq);
	}
	json_string(j, "station", stamp->station);
	put_time(l, "time", l->alert->time_ns);
	json_string(j, "clock", stamp->synced ? "synced" : "unsynced");
	json_string(j, "boot", stamp->boot);
	json_uint(j, "boot_us", l->alert->time_ns / 1000);
}

static void put_finding(struct line *l)
{
	const struct alert *alert = l->alert;
	bool broken = alert->rule != EVMON_RULE_NONE;
	struct json *j = &l->j;

	json_string(j, "sensor", sensor_name(alert->sensor));
	json_string(j, "rule", broken ? alert->rule_name : NULL);
	json_string(j, "severity", broken ? severity_name(alert->severity) : NULL);
	json_string(j, "verdict", verdict_name(alert->verdict));
	if (alert->asked_deny)
		json_string(j, "asked", "deny");
	json_uint(j, "count", alert->count);
	put_time(l, "first", alert->first_ns);
	put_time(l, "last", alert->last_ns);
}

static void put_module(struct line *l)
{
	const struct alert *alert = l->alert;

	if (!alert->has_module || alert->folded) {
		json_null(&l->j, "module");
		return;
	}
	json_object(&l->j, "module");
	put_text(l, "id", alert->module.id, sizeof(alert->module.id));
	put_text(l, "name", alert->module.name, sizeof(alert->module.name));
	json_close_object(&l->j);
}

static void put_cmdline(struct line *l, const struct process *p)
{
	struct cmdline cmdline;
	struct json *j = &l->j;

	if (!p->args_known) {
		json_null(j, "cmdline");
		return;
	}
	cmdline_select(p, l->stamp->cmdline_full, l->form->cmdline, &cmdline);
	j->truncated |= cmdline.truncated;
	json_array(j, "cmdline");
	for (size_t i = 0; i < cmdline.n; i++)
		json_bytes(j, NULL, cmdline.arg[i].text, cmdline.arg[i].length,
			   cmdline.arg[i].length);
	json_close_array(j);
}

static void put_process(struct line *l)
{
	const struct process *p = &l->alert->process;
	struct json *j = &l->j;

	if (!l->alert->has_process || l->alert->folded) {
		json_null(j, "process");
		return;
	}
	j->truncated |= p->truncated;
	json_object(j, "process");
	json_uint(j, "pid", p->pid);
	put_uint(j, "ppid", p->ppid, p->ids_known && p->ppid);
	put_uint(j, "start_us", p->start_us, p->start_us);
	json_uint(j, "uid", p->uid);
	put_uint(j, "euid", p->euid, p->ids_known);
	put_uint(j, "gid", p->gid, p->ids_known);
	put_text(l, "comm", p->comm, sizeof(p->comm));
	put_path(l, "exe", p->exe);
	put_cmdline(l, p);
	put_path(l, "cgroup", p->cgroup);
	json_close_object(j);
}

static void put_bind(struct line *l)
{
	const struct event_bind *bind = &l->alert->bind;
	bool whole = !l->alert->object_partial;
	char address[INET6_ADDRSTRLEN];
	int family = bind->family == EVMON_FAMILY_IPV6 ? AF_INET6 : AF_INET;
	const char *device = l->alert->device;
	struct json *j = &l->j;

	json_string(j, "proto", proto_name(bind->proto));
	json_string(j, "family", family_name(bind->family));
	json_string(j, "address",
		    whole ? inet_ntop(family, bind->address, address, sizeof(address)) : NULL);
	json_uint(j, "port", bind->port);
	put_uint(j, "asked_port", bind->asked_port, whole && bind->how != EVMON_BIND_HELD);
	json_string(j, "scope", scope_name(bind->scope));
	json_string(j, "how", whole ? bind_how_name(bind->how) : NULL);
	put_uint(j, "netns", bind->netns, bind->netns);
	put_text(l, "device", device, sizeof(l->alert->device));
	if (whole)
		json_bool(j, "dual", bind->dual);
	else
		json_null(j, "dual");
	if (!l->alert->opener.pid) {
		json_null(j, "opener");
		return;
	}
	json_object(j, "opener");
	json_uint(j, "pid", l->alert->opener.pid);
	put_path(l, "exe", l->alert->opener.exe);
	json_close_object(j);
}

static void put_capability(struct line *l)
{
	const struct event_capability *capability = &l->alert->capability;
	struct json *j = &l->j;

	json_string(j, "name", capability_name(capability->number));
	json_uint(j, "number", capability->number);
	json_string(j, "kind", capability_kind_name(capability->kind));
	json_uint(j, "userns", capability->userns);
	/* What is asked for others is never tallied. */
	json_bool(j, "on_behalf", capability->on_behalf);
}

static void put_gained(struct json *j, uint64_t mask)
{
	json_array(j, "gained");
	for (unsigned number = 0; number < CAPABILITY_COUNT; number++)
		if (mask >> number & 1)
			json_string(j, NULL, capability_name(number));
	json_close_array(j);
}

static void put_exec(struct line *l)
{
	const struct alert *alert = l->alert;
	const struct event_exec *exec = &alert->exec;
	bool whole = !alert->object_partial;
	struct json *j = &l->j;
	char device[24];

	/* The kernel's own number, as mountinfo writes it; stat() has another one. */
	snprintf(device, sizeof(device), "%u:%u", exec->dev >> 20, exec->dev & 0xfffff);
	put_path(l, "path", alert->exec_text.path);
	put_path(l, "interpreter", alert->exec_text.interpreter);
	json_string(j, "dev", exec->ino ? device : NULL);
	put_uint(j, "ino", exec->ino, exec->ino);
	put_uint(j, "mntns", exec->mntns, exec->mntns);
	json_string(j, "how", exec_how_name(exec->how));
	put_uint(j, "uid", exec->uid, whole || alert->object_ids);
	put_uint(j, "euid", exec->euid, whole || alert->object_ids);
	if (!whole) {
		json_null(j, "gained");
		json_null(j, "deleted");
		return;
	}
	put_gained(j, exec->gained);
	json_bool(j, "deleted", exec->deleted);
}

static void put_usb(struct line *l)
{
	const struct usb_device *device = &l->alert->usb;
	struct json *j = &l->j;

	j->truncated |= device->truncated;
	json_string(j, "action", device->attached ? "attach" : "detach");
	put_uint(j, "bus", device->bus, device->bus);
	put_uint(j, "device", device->number, device->number);
	put_text(l, "port", device->port, sizeof(device->port));
	put_text(l, "vendor", device->vendor, sizeof(device->vendor));
	put_text(l, "product", device->product, sizeof(device->product));
	put_text(l, "class", device->class, sizeof(device->class));
	json_array(j, "interfaces");
	for (size_t i = 0; i < device->n_interfaces && i < USB_INTERFACES_MAX; i++)
		json_string(j, NULL, device->interfaces[i]);
	json_close_array(j);
	put_text(l, "manufacturer", device->manufacturer, sizeof(device->manufacturer));
	put_text(l, "name", device->name, sizeof(device->name));
	put_text(l, "serial", device->serial, sizeof(device->serial));
}

static void put_self(struct line *l)
{
	const struct alert_object_self *self = &l->alert->self;

	put_text(l, "what", self->what, sizeof(self->what));
	put_text(l, "detail", self->detail, sizeof(self->detail));
	if (!self->chain[0])
		return;
	json_string(&l->j, "chain", self->chain);
	json_uint(&l->j, "from", self->from);
	json_uint(&l->j, "to", self->to);
}

static void put_object(struct line *l)
{
	static const put_fn put[EVMON_SENSOR_MAX] = {
		[EVMON_SENSOR_BIND] = put_bind,	  [EVMON_SENSOR_CAPABILITY] = put_capability,
		[EVMON_SENSOR_EXEC] = put_exec,	  [EVMON_SENSOR_USB] = put_usb,
		[EVMON_SENSOR_CONFIG] = put_self, [EVMON_SENSOR_SELF] = put_self,
	};

	json_object(&l->j, "object");
	if (l->alert->folded)
		json_uint(&l->j, "folded", l->alert->folded);
	else
		put[l->alert->sensor](l);
	json_close_object(&l->j);
}

static void put_tail(struct line *l)
{
	const struct alert *alert = l->alert;
	struct json *j = &l->j;

	json_string(j, "hook", alert->hook == EVMON_HOOK_NONE ? NULL : hook_name(alert->hook));
	json_string(j, "policy", alert->policy);
	if (alert->rule == EVMON_RULE_NONE)
		json_null(j, "message");
	else
		json_bytes(j, "message", alert->message,
			   strnlen(alert->message, sizeof(alert->message)), l->form->message);
	if (l->stamp->journal)
		json_bool(j, "durable", l->stamp->durable);
	if (j->truncated)
		json_bool(j, "truncated", true);
	if (l->stamp->journal)
		json_string(j, "prev", l->stamp->prev);
}

static int line_format(struct line *l, char *buffer, size_t size)
{
	struct json *j = &l->j;
	int n;

	json_begin(j, buffer, size);
	json_object(j, NULL);
	put_head(l);
	put_finding(l);
	json_string(j, "subject",
		    l->alert->subject == EVMON_SUBJECT_MAX ? NULL :
							     subject_name(l->alert->subject));
	put_module(l);
	put_process(l);
	put_object(l);
	put_tail(l);
	json_close_object(j);
	n = json_end(j);
	if (n > 0 && l->stamp->journal)
		buffer[--n] = '\0'; /* the journal adds the hash and closes the object */
	return n;
}

int alert_format_json(const struct alert *alert, const struct alert_stamp *stamp, char *buffer,
		      size_t size)
{
	/* The closing brace and the NUL need room too. */
	size_t room = MIN(size, (size_t)ALERT_LINE_MAX - HASH_ROOM + 2);
	int n = -ENOSPC;

	for (size_t i = 0; i < ARRAY_SIZE(forms) && n == -ENOSPC; i++) {
		struct line l = { .alert = alert, .stamp = stamp, .form = &forms[i] };

		n = line_format(&l, buffer, room);
	}
	return n;
}
