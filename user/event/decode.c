// SPDX-License-Identifier: Apache-2.0
/*
 * The one reader of include/evmon/record.h. Records come from our own programs, but their text and
 * argv come from whoever is watched, and a ring that was pinned by another build may hold another
 * layout: so everything is checked here, once, and what passes is plain data that nobody downstream
 * needs to doubt. A record that does not fit is refused as a whole; its count is safe in the tally.
 */
#include <errno.h>
#include <string.h>

#include "base/macros.h"
#include "base/path.h"
#include "event/event.h"
#include "evmon/record.h"

_Static_assert(EVENT_PATH_MAX > EVMON_PATH_BYTES + 1, "a slash may come in front");
_Static_assert(sizeof(((struct event_process *)0)->args) > EVMON_ARGS_BYTES,
	       "a NUL may come behind");
_Static_assert(sizeof(((struct event_exec *)0)->file) > EVMON_NAME_BYTES,
	       "as long as the record's");

static bool rule_is_valid(unsigned rule)
{
	return rule < EVMON_RULE_CANARY || (rule >= EVMON_RULE_VENDOR && rule < EVMON_RULES);
}

/* LATE is user space's, and so are the other sensors. */
static bool head_is_valid(const struct evmon_record *r)
{
	return r->version == EVMON_RECORD_VERSION && r->hook < EVMON_HOOK_MAX &&
	       rule_is_valid(r->key.rule) && r->key.verdict < EVMON_VERDICT_LATE &&
	       r->key.sensor <= EVMON_SENSOR_EXEC && r->key.slot < EVMON_SLOTS &&
	       r->process.subject < EVMON_SUBJECT_MAX && r->process.class < EVMON_CLASSES &&
	       r->process.slot < EVMON_SLOTS;
}

static void decode_args(const struct evmon_record *r, struct event_process *p)
{
	p->args_length = r->args_len;
	p->args_truncated = r->flags & EVMON_RECORD_ARGS_TRUNCATED;
	memcpy(p->args, r->args, r->args_len);
	if (p->args_length && p->args[p->args_length - 1])
		p->args[p->args_length++] = '\0';
}

static int decode_process(const struct evmon_record *r, struct event_process *p)
{
	const struct evmon_record_process *from = &r->process;

	if (r->exe_len > sizeof(r->exe) || r->args_len > sizeof(r->args))
		return -EBADMSG;
	p->pid = from->tgid;
	p->tid = from->tid;
	p->ppid = from->ppid;
	p->uid = from->uid;
	p->euid = from->euid;
	p->gid = from->gid;
	p->start_ns = from->start_ns;
	p->cgroup_id = from->cgroup;
	p->exe_ino = from->exe_ino;
	p->exe_dev = from->exe_dev;
	p->class = from->class;
	p->slot = from->slot;
	p->subject = from->subject;
	memcpy(p->comm, from->comm, sizeof(from->comm));
	p->exe_truncated = r->flags & EVMON_RECORD_EXE_TRUNCATED;
	decode_args(r, p);
	return path_of_components(r->exe, r->exe_len, p->exe_truncated, p->exe);
}

static int decode_bind(const struct evmon_record_bind *from, struct event_bind *bind)
{
	if (from->proto >= EVMON_PROTO_MAX || from->family >= EVMON_FAMILY_MAX ||
	    from->scope >= EVMON_SCOPE_MAX || from->how >= EVMON_BIND_HOW_MAX || from->dual > 1)
		return -EBADMSG;
	memcpy(bind->address, from->address, sizeof(bind->address));
	bind->proto = from->proto;
	bind->family = from->family;
	bind->scope = from->scope;
	bind->how = from->how;
	bind->port = from->port;
	bind->asked_port = from->asked_port;
	bind->netns = from->netns;
	bind->ifindex = from->ifindex;
	bind->inode = from->inode;
	bind->dual = from->dual;
	return 0;
}

static int decode_capability(const struct evmon_record_capability *from,
			     struct event_capability *capability)
{
	if (from->number >= 64 || from->kind >= EVMON_CAPABILITY_KIND_MAX || from->on_behalf > 1)
		return -EBADMSG;
	capability->number = from->number;
	capability->userns = from->userns;
	capability->kind = from->kind;
	capability->on_behalf = from->on_behalf;
	return 0;
}

/* One text or two, each with its NUL, and nothing behind them. */
static int decode_files(const struct evmon_record *r, struct event_exec *exec)
{
	size_t n = r->file_len, first, second;

	if (!n)
		return 0;
	if (n > sizeof(r->file))
		return -EBADMSG;
	first = strnlen(r->file, n) + 1;
	second = first < n ? strnlen(r->file + first, n - first) + 1 : 0;
	if (first + second != n || second == 1 || first > sizeof(exec->file) ||
	    second > sizeof(exec->interpreter))
		return -EBADMSG;
	memcpy(exec->file, r->file, first);
	memcpy(exec->interpreter, r->file + first, second);
	return 0;
}

static int decode_exec(const struct evmon_record *r, struct event_exec *exec)
{
	const struct evmon_record_exec *from = &r->detail.exec;

	if (from->how >= EVMON_EXEC_HOW_MAX || from->deleted > 1 || decode_files(r, exec) < 0)
		return -EBADMSG;
	exec->ino = from->ino;
	exec->gained = from->gained;
	exec->dev = from->dev;
	exec->mntns = from->mntns;
	exec->uid = from->uid;
	exec->euid = from->euid;
	exec->how = from->how;
	exec->deleted = from->deleted;
	return 0;
}

static int decode_detail(const struct evmon_record *r, struct event *event)
{
	if (event->sensor == EVMON_SENSOR_BIND)
		return decode_bind(&r->detail.bind, &event->bind);
	if (event->sensor == EVMON_SENSOR_CAPABILITY)
		return decode_capability(&r->detail.capability, &event->capability);
	return decode_exec(r, &event->exec);
}

int event_decode(const void *data, size_t size, struct event *ret_event)
{
	struct event event;
	struct evmon_record r;
	int err;

	if (size != sizeof(r))
		return -EBADMSG;
	memcpy(&r, data, sizeof(r)); /* data may stand anywhere */
	if (!head_is_valid(&r))
		return -EBADMSG;
	memset(&event, 0, sizeof(event)); /* all of the union: from GCC 15 on = { 0 } is less */
	event.time_ns = r.time_ns;
	event.key = r.key;
	event.sensor = r.key.sensor;
	event.verdict = r.key.verdict;
	event.hook = r.hook;
	event.policy = r.policy;
	event.asked_deny = r.flags & EVMON_RECORD_ASKED_DENY;
	event.joined = r.flags & EVMON_RECORD_JOINED;
	event.standing = r.flags & EVMON_RECORD_STANDING;
	err = decode_process(&r, &event.process);
	if (!err)
		err = decode_detail(&r, &event);
	if (err)
		return err;
	*ret_event = event;
	return 0;
}
