/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The verdict of the policy, and the only place that denies. */
#include "maps.bpf.h"

#define EPERM 1

/* What LSM and fmod_ret programs return to refuse. */
static __always_inline int verdict_deny(void)
{
	return -EPERM;
}

/* Ends the current task before it runs another instruction; false: it cannot be, PID 1 for one. */
static __always_inline bool verdict_kill(void)
{
	return !bpf_send_signal(9); /* SIGKILL */
}

static __always_inline __u32 proto_kind(__u8 proto)
{
	switch (proto) {
	case EVMON_PROTO_TCP:
	case EVMON_PROTO_MPTCP:
		return EVMON_KIND_TCP;
	case EVMON_PROTO_UDP:
	case EVMON_PROTO_UDPLITE:
		return EVMON_KIND_UDP;
	case EVMON_PROTO_SCTP:
		return EVMON_KIND_SCTP;
	default:
		return EVMON_KIND_OTHER;
	}
}

/* The item of the policy that decides on a bind; NULL: allowed. */
static __always_inline const struct evmon_bind_item *
verdict_bind(const struct evmon_policy *policy, __u8 subject,
	     const struct evmon_bind_object *object)
{
	__u32 port = object->port;
	__u32 group, cell, item;

	/* The verifier shall see these bounds on these registers, not cleverer ones. */
	asm volatile("" : "+r"(port));
	group = policy->group[port & 0xffff] & ~EVMON_PORT_NAMED;
	if (group >= EVMON_PORT_GROUPS)
		return NULL;
	cell = group * EVMON_BIND_CELLS +
	       evmon_bind_cell(subject, proto_kind(object->proto), object->scope);
	if (cell >= sizeof(policy->cell))
		return NULL;
	item = policy->cell[cell];
	if (!item)
		return NULL;
	item--;
	asm volatile("" : "+r"(item));
	if (item >= EVMON_BIND_ITEMS)
		return NULL;
	return &policy->item[item];
}

/* An item of the policy that is not for every port speaks of this one. */
static __always_inline bool verdict_port_named(const struct evmon_policy *policy, __u32 port)
{
	asm volatile("" : "+r"(port));
	return policy->group[port & 0xffff] & EVMON_PORT_NAMED;
}
