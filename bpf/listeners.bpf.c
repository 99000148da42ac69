// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which sockets are bound now, and who holds them: nothing happens here until user space reads. If
 * it asks for that, each is judged as at its binding, and counted here, where no hook can come
 * between reading a count and writing it; the alert is user space's, which has all in hand.
 *
 *   iter/task_file   all tiers with BTF: every open file of every task, so sockets of all network
 *                    namespaces, each with all its owners, and no right over them is asked for
 *
 * Not seen, since no task's file: sockets of the kernel's own, and those whose only descriptor is
 * on its way in a unix socket or registered with an io_uring. Family, address and port are the
 * socket's, as for hooks.
 */
#include "held.bpf.h"
#include "open_socket.bpf.h"
#include "path.bpf.h"
#include "tally.bpf.h"
#include "task.bpf.h"

static __always_inline void owner_read(struct evmon_listener *l, struct task_struct *task)
{
	struct evmon_record_process *p = &l->process;
	const struct evmon_task *t = task_of(task);
	struct file *exe = task->mm ? task->mm->exe_file : NULL;

	p->start_ns = task->group_leader->start_boottime;
	p->cgroup = task->cgroups->dfl_cgrp->kn->id;
	p->tgid = task->tgid;
	p->tid = task->pid;
	p->ppid = task->real_parent->tgid;
	p->uid = task->cred->uid.val;
	p->euid = task->cred->euid.val;
	p->gid = task->cred->gid.val;
	p->class = t ? t->class : EVMON_CLASS_HOST;
	p->slot = t ? t->slot : EVMON_CLASS_HOST;
	p->subject = t ? t->subject : EVMON_SUBJECT_HOST;
	__builtin_memcpy(p->comm, task->comm, sizeof(p->comm));
	p->exe_ino = exe ? exe->f_inode->i_ino : 0;
	p->exe_dev = exe ? exe->f_inode->i_sb->s_dev : 0;
	l->exe_len = 0;
	l->exe_truncated = exe && evmon_can_read_kernel && !path_read(exe, l->exe, &l->exe_len);
}

static __always_inline void held_judge(struct evmon_listener *l, struct task_struct *task,
				       const struct open_socket *open)
{
	const struct evmon_policy *policy = policy_active();
	struct evmon_socket_key socket = { .socket = l->inode };
	struct evmon_tally_key key = {};
	const struct evmon_bind_item *item;
	struct evmon_actor actor = {};

	if (!policy)
		return;
	key.object.bind.port = l->bind.port;
	key.object.bind.proto = l->bind.proto;
	key.object.bind.family = l->bind.family;
	key.object.bind.scope = l->bind.scope;
	item = verdict_held(policy, open, l->process.subject, &key.object.bind);
	if (!item)
		return;
	key.rule = l->rule = item->rule;
	key.slot = socket.slot = l->process.slot;
	key.verdict = EVMON_VERDICT_ALERT;
	key.sensor = EVMON_SENSOR_BIND;
	socket.port = l->bind.port;
	l->asked_deny = item->action == EVMON_ACTION_DENY;
	if (!socket_first_held(&socket, open->cookie))
		return;
	actor_of(&actor, task, l->process.class);
	tally_count(&key, &actor, false);
	l->counted = 1;
}

SEC("?iter/task_file")
int iter_task_file(struct bpf_iter__task_file *ctx)
{
	struct evmon_listener *l = &evmon_listener;
	struct open_socket open = { .bind = &l->bind };
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file)
		return 0;
	if (evmon_settings.holder && evmon_settings.holder != (__u32)task->tgid)
		return 0;
	/* One that is about to get its port is shown without it to who asks for such. */
	if (!socket_open(&open, file) && (evmon_settings.judge != EVMON_JUDGE_LISTEN ||
					  open.state != TCP_LISTEN || l->bind.port))
		return 0;
	l->inode = file->f_inode->i_ino;
	l->listening = open.listening;
	l->fd = ctx->fd;
	l->rule = EVMON_RULE_NONE;
	l->counted = l->asked_deny = 0;
	owner_read(l, task);
	if (evmon_settings.judge == EVMON_JUDGE_LISTEN)
		l->bind.how = EVMON_BIND_LISTEN;
	if (evmon_settings.judge == EVMON_JUDGE_HELD ||
	    (evmon_settings.judge == EVMON_JUDGE_LISTEN && open.unasked &&
	     open.state == TCP_LISTEN && l->bind.port))
		held_judge(l, task, &open);
	bpf_seq_write(ctx->meta->seq, l, sizeof(*l));
	return 0;
}
