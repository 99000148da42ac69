/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* What a hook found, and the only way for it to reach tallies and rings. */
#include "policy.bpf.h"

struct finding {
	struct evmon_tally_key key;
	__u64 file;   /* exec: address of the path as given; 0: none */
	__u64 socket; /* bind: see evmon_socket_key; 0: not known */
	__u64 interp; /* and of the interpreter's */
	__u16 hook;
	__u16 flags; /* EVMON_RECORD_* */
	__u16 class;
	__u8 subject;
	__u8 policy; /* serial of the policy that judges */
	union evmon_record_detail detail;
};

/* Counts the finding in its tally and, for the first of a key, once a window and while tracing,
 * makes a record of it. Key rule NONE is not counted. Returns 0. A global function: it is
 * verified once, however many places call it. */
int emit(struct finding *f);

/* The canary was here: proof that the hook runs. */
int emit_canary(__u32 hook);

/* Whom the finding is about, and the serial of the policy that judges; t is NULL for host. */
static __always_inline void finding_of(struct finding *f, __u8 policy, const struct evmon_task *t,
				       __u16 hook)
{
	f->hook = hook;
	f->policy = policy;
	if (!t)
		return;
	f->class = t->class;
	f->subject = t->subject;
	f->key.slot = t->slot;
}
