// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel side judges and counts (listeners.bpf.c, held.bpf.c), once for each socket and
 * instance that holds it; here the alert is made. Who opened a socket the kernel does not keep, so
 * it is taken from who has it open: of those outside the holder's instance that are older than he
 * is, the one that started first. A parent, systemd for its sockets, and whoever passed it and
 * still has it, are found so; one that has closed it is not, and a younger one has it from the
 * holder.
 *
 * A walk over all open files is some thousand calls of a small program: at the start and when a
 * socket is found; an exec that joins looks at its own task alone. A reload does not look: what is
 * being bound in that moment would be found by both, and counts are exact.
 */
#include "held.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/naming.h"
#include "kernel/listeners.h"
#include "kernel/kmod.h"
#include "kernel/tables.h"
#include "pipeline.h"
#include "process/process.h"

enum {
	HELD_MAX = 4096, /* what is more is told by its tally */
	EARLY_MAX = 100
};

/* A socket and who holds it against a rule. */
struct held {
	struct listener *listener; /* NULL: by a record, which has all the rest */
	uint64_t start_ns;
	uint64_t opener_ns; /* when the opener started; 0: none is known */
	uint32_t inode, pid;
	unsigned slot;
	struct alert_opener opener;
};

struct look {
	struct held *at;
	size_t n, room;
	bool is_early; /* a socket gets its port just now */
};

static void look_fini(struct look *look)
{
	for (size_t i = 0; i < look->n; i++)
		free(look->at[i].listener);
	free(look->at);
}

static int on_judged(const struct listener *listener, void *userdata)
{
	const struct listener_owner *owner = &listener->owner;
	struct look *look = userdata;
	struct listener *copy;

	look->is_early |= !listener->object.port;
	if (!listener->counted || look->n == HELD_MAX)
		return 0;
	if (look->n == look->room) {
		struct held *more = reallocarray(look->at, 2 * look->room + 8, sizeof(*more));

		if (!more)
			return -ENOMEM;
		look->at = more;
		look->room = 2 * look->room + 8;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *listener;
	look->at[look->n++] = (struct held){ .listener = copy,
					     .start_ns = owner->start_ns,
					     .inode = (uint32_t)listener->inode,
					     .pid = owner->pid,
					     .slot = owner->slot };
	return 0;
}

static void opener_see(struct held *held, const struct listener *listener)
{
	const struct listener_owner *owner = &listener->owner;

	if (held->inode != listener->inode || owner->slot == held->slot ||
	    owner->start_ns >= held->start_ns)
		return;
	if (held->opener_ns && held->opener_ns <= owner->start_ns)
		return;
	held->opener_ns = owner->start_ns;
	held->opener.pid = owner->pid;
	memcpy(held->opener.exe, owner->exe, sizeof(owner->exe));
}

static int on_holder(const struct listener *listener, void *userdata)
{
	struct look *look = userdata;

	for (size_t i = 0; i < look->n; i++)
		opener_see(&look->at[i], listener);
	return 0;
}

static void event_process(const struct listener_owner *owner, struct event_process *p)
{
	ssize_t n;

	p->pid = p->tid = owner->pid;
	p->ppid = owner->ppid;
	p->uid = owner->uid;
	p->euid = owner->euid;
	p->gid = owner->gid;
	p->start_ns = owner->start_ns;
	p->cgroup_id = owner->cgroup_id;
	p->exe_ino = owner->exe_ino;
	p->exe_dev = owner->exe_dev;
	p->class = (uint16_t)owner->class;
	p->slot = (uint16_t)owner->slot;
	p->subject = owner->subject;
	memcpy(p->comm, owner->comm, sizeof(p->comm));
	memcpy(p->exe, owner->exe, sizeof(p->exe));
	p->exe_truncated = owner->exe_truncated;
	n = process_args(owner->pid, p->args, sizeof(p->args));
	p->args_length = n > 0 ? (size_t)n : 0;
}

static void event_of(struct daemon *daemon, const struct listener *listener, struct event *event)
{
	struct event_bind *bind = &event->bind;

	memset(event, 0, sizeof(*event));
	event->time_ns = clock_boot_ns();
	event->key.rule = (uint16_t)listener->rule;
	event->key.slot = (uint16_t)listener->owner.slot;
	event->key.verdict = EVMON_VERDICT_ALERT;
	event->key.sensor = EVMON_SENSOR_BIND;
	event->key.object.bind = listener->object;
	event->sensor = EVMON_SENSOR_BIND;
	event->verdict = EVMON_VERDICT_ALERT;
	event->hook = listener->how == EVMON_BIND_LISTEN ? EVMON_HOOK_TP_SET_STATE :
							   EVMON_HOOK_ITER_TASK_FILE;
	event->policy = tables_policy_serial(daemon->kernel);
	event->asked_deny = listener->asked_deny;
	event_process(&listener->owner, &event->process);
	memcpy(bind->address, listener->address, sizeof(bind->address));
	bind->proto = listener->object.proto;
	bind->family = listener->object.family;
	bind->scope = listener->object.scope;
	bind->port = listener->object.port;
	bind->how = listener->how;
	bind->netns = listener->netns;
	bind->ifindex = listener->ifindex;
	bind->inode = (uint32_t)listener->inode;
	bind->dual = listener->dual;
}

static int held_tell(struct daemon *daemon, const struct held *held)
{
	const struct listener_owner *owner = &held->listener->owner;
	_cleanup_(freep) struct event *event = malloc(sizeof(*event));

	if (!event)
		return -ENOMEM;
	event_of(daemon, held->listener, event);
	naming_slot(daemon->kernel, daemon->modules, owner->class, owner->slot,
		    (struct module_args){ event->process.args, event->process.args_length });
	return pipeline_violation(daemon, event, &held->opener);
}

/* pid 0: whoever holds what. */
static int held_look(struct daemon *daemon, uint32_t pid)
{
	struct look look = { .at = NULL };
	int err = listeners_judge(daemon->kernel, pid, on_judged, &look);

	if (err >= 0 && look.n)
		err = listeners_take(daemon->kernel, on_holder, &look);
	for (size_t i = 0; err >= 0 && i < look.n; i++)
		err = held_tell(daemon, &look.at[i]);
	look_fini(&look);
	return err == -ENOTSUP ? 0 : err; /* coverage says so */
}

int held_listens(struct daemon *daemon, const struct event *event)
{
	struct look look = { .at = NULL };
	int err = 0;

	/* The record was made before the port was found, by a task that may wait for this very
	 * processor. */
	for (unsigned i = 0; err >= 0 && i < EARLY_MAX && (!i || look.is_early); i++) {
		if (i)
			sched_yield();
		look.is_early = false;
		err = listeners_judge_unasked(daemon->kernel, event->process.pid, on_judged, &look);
	}
	daemon->look_due |= look.is_early;
	if (err < 0 && err != -ENOMEM) {
		log_debug("what %u listens on is not known: %s", event->process.pid,
			  strerror(-err));
		err = 0;
	}
	for (size_t i = 0; err >= 0 && i < look.n; i++)
		err = held_tell(daemon, &look.at[i]);
	look_fini(&look);
	return err;
}

int held_everywhere(struct daemon *daemon)
{
	return held_look(daemon, 0);
}

int held_joined(struct daemon *daemon, const struct event *event)
{
	int err = held_look(daemon, event->process.pid);

	if (err == -ENOMEM || err >= 0)
		return err;
	log_debug("what %u has open is not known: %s", event->process.pid, strerror(-err));
	return 0;
}

int held_of_sctp(struct daemon *daemon)
{
	if (!kernel_kmod_attach(daemon->kernel, KMOD_SCTP))
		return 0;
	log_info("SCTP's module is loaded: its own ways to a port are watched");
	daemon->canary_next_ns = 0;
	return held_everywhere(daemon);
}

int held_received(struct daemon *daemon, const struct event *event)
{
	struct held held = { .start_ns = UINT64_MAX,
			     .inode = event->bind.inode,
			     .pid = event->process.pid,
			     .slot = event->process.slot };
	struct look look = { .at = &held, .n = 1 };
	int err = listeners_take(daemon->kernel, on_holder, &look);

	if (err < 0)
		log_debug("who opened what %u holds is not known: %s", held.pid, strerror(-err));
	return pipeline_violation(daemon, event, &held.opener);
}
