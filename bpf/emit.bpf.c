// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The only writer of tallies and rings. A tally is exact whatever user space does: it is added to
 * before anything is reserved, and a record that does not fit is only counted as lost. A record
 * is reserved late, filled in place (no scratch memory: programs may be preempted) and submitted
 * on every path. No program is here, so this file has no hook table.
 *
 * Compiled twice: with EVMON_NO_BTF for nobtf.bpf.c, where nothing can be asked of the task's own
 * structures, and who acts is what helpers say. User space finds the rest, late.
 */
#include "emit.bpf.h"

#ifndef EVMON_NO_BTF
#include "held.bpf.h"
#include "path.bpf.h"
#endif
#include "tally.bpf.h"
#include "task.bpf.h"

#ifdef EVMON_NO_BTF

static __always_inline void record_process(struct evmon_record *r, const struct finding *f)
{
	struct evmon_record_process *p = &r->process;
	__u64 task = bpf_get_current_pid_tgid(), ids = bpf_get_current_uid_gid();

	__builtin_memset(p, 0, sizeof(*p));
	p->cgroup = bpf_get_current_cgroup_id();
	p->tgid = task >> 32;
	p->tid = task;
	p->uid = p->euid = ids;
	p->gid = ids >> 32;
	p->class = f->class;
	p->slot = f->key.slot;
	p->subject = f->subject;
	bpf_get_current_comm(p->comm, sizeof(p->comm));
}

#endif

static __noinline bool tally_add(struct finding *f)
{
	/* On the stack: up to 6.2 a key may not lie in the argument of a global function. */
	struct evmon_tally_key key = f->key;
	struct evmon_actor actor = {};

	actor_current(&actor, f->class);
	return tally_count(&key, &actor, f->flags & EVMON_RECORD_STANDING);
}

#ifdef EVMON_NO_BTF

/* Hooks that see a socket once count it once. */
static __always_inline bool socket_is_new(struct finding *f)
{
	return true;
}

#else

/* False: it was counted before, see held.bpf.h. */
static __noinline bool socket_is_new(struct finding *f)
{
	struct evmon_socket_key key = { .socket = f->socket,
					.slot = f->key.slot,
					.port = f->key.object.bind.port };

	if (f->detail.bind.how == EVMON_BIND_HELD)
		return socket_first_held(&key, 0);
	if (f->key.object.bind.proto == EVMON_PROTO_SCTP)
		return socket_first_exposed(&key, f->key.object.bind.scope);
	return socket_first_bound(&key);
}

static __always_inline void record_args(struct evmon_record *r)
{
	unsigned long start = current_read(mm, arg_start);
	unsigned long n = current_read(mm, arg_end) - start;

	if (n > EVMON_ARGS_BYTES) {
		n = EVMON_ARGS_BYTES;
		r->flags |= EVMON_RECORD_ARGS_TRUNCATED;
	}
	if (!bpf_probe_read_user(r->args, n, (void *)start))
		r->args_len = n;
}

static __always_inline void record_process(struct evmon_record *r, const struct finding *f)
{
	struct evmon_record_process *p = &r->process;

	p->start_ns = current_read(group_leader, start_boottime);
	p->cgroup = bpf_get_current_cgroup_id();
	p->tgid = current_read(tgid);
	p->tid = current_read(pid);
	p->ppid = current_read(real_parent, tgid);
	p->uid = current_read(cred, uid.val);
	p->euid = current_read(cred, euid.val);
	p->gid = current_read(cred, gid.val);
	p->class = f->class;
	p->slot = f->key.slot;
	p->subject = f->subject;
	__builtin_memset(p->pad, 0, sizeof(p->pad));
	bpf_get_current_comm(p->comm, sizeof(p->comm));
	p->exe_ino = current_read(mm, exe_file, f_inode, i_ino);
	p->exe_dev = current_read(mm, exe_file, f_inode, i_sb, s_dev);
	if (evmon_can_read_kernel && p->exe_ino &&
	    !path_read(current_read(mm, exe_file), r->exe, &r->exe_len))
		r->flags |= EVMON_RECORD_EXE_TRUNCATED;
	if (evmon_can_read_user && current_read(mm))
		record_args(r);
}

#endif

static __always_inline void record_file(struct evmon_record *r, const struct finding *f)
{
	long n = bpf_probe_read_kernel_str(r->file, EVMON_NAME_BYTES, (void *)f->file);

	if (n <= 0 || n > EVMON_NAME_BYTES)
		return;
	r->file_len = n;
	if (!f->interp)
		return;
	n = bpf_probe_read_kernel_str(r->file + n, EVMON_NAME_BYTES, (void *)f->interp);
	if (n > 0)
		r->file_len += n;
}

static __noinline int record_emit(struct finding *f)
{
	bool bulk = evmon_tracing || f->key.rule == EVMON_RULE_NONE;
	struct evmon_record *r;

	if (bulk)
		r = bpf_ringbuf_reserve(&evmon_bulk, sizeof(*r), 0);
	else
		r = bpf_ringbuf_reserve(&evmon_alerts, sizeof(*r), 0);
	if (!r) {
		if (bulk)
			stats_count(bulk_lost);
		else
			stats_count(alerts_lost);
		return 0;
	}
	r->version = EVMON_RECORD_VERSION;
	r->hook = f->hook;
	r->flags = f->flags;
	r->policy = f->policy;
	r->pad = 0;
	__builtin_memset(r->pad2, 0, sizeof(r->pad2));
	r->time_ns = bpf_ktime_get_boot_ns();
	r->key = f->key;
	r->detail = f->detail;
	r->exe_len = r->args_len = r->file_len = 0;
	record_process(r, f);
	if (f->file && evmon_can_read_kernel)
		record_file(r, f);
	bpf_ringbuf_submit(r, 0);
	return 0;
}

int emit(struct finding *f)
{
	bool due = true;

	if (!f)
		return 0;
	if (f->key.rule != EVMON_RULE_NONE && f->socket && !socket_is_new(f))
		return 0;
	if (f->key.rule != EVMON_RULE_NONE)
		due = tally_add(f);
	if (!due && !evmon_tracing)
		return 0;
	if (evmon_tree_only && f->class == EVMON_CLASS_HOST)
		return 0;
	return record_emit(f);
}

int emit_canary(__u32 hook)
{
	struct finding f = {};

	f.key.rule = EVMON_RULE_CANARY;
	f.key.object.canary.hook = hook;
	f.class = EVMON_CLASS_CANARY;
	tally_add(&f);
	return 0;
}
