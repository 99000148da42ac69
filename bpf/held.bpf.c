// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * held: a socket that comes to a process bound, out of another's hands. What was open before evmon,
 * and what comes through an exec, is found by listeners.bpf.c; both count alike.
 *
 *   fexit/security_file_receive   tiers A and B: each descriptor that arrives over a unix socket
 *                                 (SCM_RIGHTS), by pidfd_getfd() or by a seccomp supervisor's
 *                                 ADDFD, in the one who gets it
 *
 * A socket that is bound to nothing yet, or connected, is none: what its new holder makes of it,
 * bind's hooks see.
 */
#include "emit.bpf.h"
#include "open_socket.bpf.h"
#include "policy.bpf.h"
#include "task.bpf.h"

static __always_inline void object_of(struct evmon_bind_object *object,
				      const struct evmon_record_bind *bind)
{
	object->port = bind->port;
	object->proto = bind->proto;
	object->family = bind->family;
	object->scope = bind->scope;
}

static __always_inline int on_receive(struct file *file, __u32 hook)
{
	const struct evmon_policy *policy = policy_active();
	struct evmon_task *t = task_current();
	const struct evmon_bind_item *item;
	struct finding f = {};
	struct open_socket open = { .bind = &f.detail.bind };

	if (t && t->class == EVMON_CLASS_CANARY)
		emit_canary(hook);
	if (!policy || !socket_open(&open, file))
		return 0;
	finding_of(&f, policy->serial, t, hook);
	object_of(&f.key.object.bind, &f.detail.bind);
	item = verdict_held(policy, &open, f.subject, &f.key.object.bind);
	if (!item && !(evmon_tracing && task_in_tree(t)))
		return 0;
	f.key.sensor = EVMON_SENSOR_BIND;
	f.socket = f.detail.bind.inode;
	if (item) {
		f.key.rule = item->rule;
		f.key.verdict = EVMON_VERDICT_ALERT;
		if (item->action == EVMON_ACTION_DENY && !evmon_tracing)
			f.flags |= EVMON_RECORD_ASKED_DENY;
	}
	emit(&f);
	return 0;
}

SEC("?fexit/security_file_receive")
int BPF_PROG(fexit_file_receive, struct file *file, int ret)
{
	return ret ? 0 : on_receive(file, EVMON_HOOK_FEXIT_FILE_RECEIVE);
}
