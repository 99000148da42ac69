/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Tallies: the exact counts that hooks keep, by key. Alerts are made from their growth, so that
 * a lost record loses detail and never a count.
 */
#include "evmon/types.h"

enum evmon_proto {
	EVMON_PROTO_OTHER,
	EVMON_PROTO_TCP,
	EVMON_PROTO_UDP,
	EVMON_PROTO_UDPLITE,
	EVMON_PROTO_SCTP,
	EVMON_PROTO_MPTCP,
	EVMON_PROTO_MAX
};

enum evmon_family {
	EVMON_FAMILY_IPV4,
	EVMON_FAMILY_IPV6,
	EVMON_FAMILY_MAX
};

enum evmon_scope {
	EVMON_SCOPE_LOOPBACK,
	EVMON_SCOPE_INTERFACE,
	EVMON_SCOPE_ANY,
	EVMON_SCOPE_MAX
};

enum evmon_bind_how {
	EVMON_BIND_BIND,
	EVMON_BIND_LISTEN,
	EVMON_BIND_AUTO,
	EVMON_BIND_HELD,
	EVMON_BIND_HOW_MAX
};

enum evmon_capability_kind {
	EVMON_CAPABILITY_USED,
	EVMON_CAPABILITY_DENIED,
	EVMON_CAPABILITY_HELD,
	EVMON_CAPABILITY_KIND_MAX
};

enum evmon_exec_how {
	EVMON_EXEC_EXEC,
	EVMON_EXEC_SETUID,
	EVMON_EXEC_SETGID,
	EVMON_EXEC_FCAPS,
	EVMON_EXEC_CREDS,
	EVMON_EXEC_HOW_MAX
};

/* What a tally counts, by sensor; unused bytes are zero, so that keys compare as bytes. */
struct evmon_bind_object {
	__u16 port; /* host order */
	__u8 proto;
	__u8 family;
	__u8 scope;
	__u8 pad[11];
};

struct evmon_capability_object {
	__u8 number; /* CAP_* of linux/capability.h */
	__u8 kind;
	__u8 userns; /* level of the user namespace it was asked in; 0 the initial one */
	__u8 pad[13];
};

struct evmon_exec_object {
	__u64 ino;
	__u32 dev; /* the kernel's s_dev: major << 20 | minor */
	__u8 how;
	__u8 pad[3];
};

/* For EVMON_RULE_CANARY: the hook that saw the canary. */
struct evmon_canary_object {
	__u16 hook;
	__u8 pad[14];
};

struct evmon_tally_key {
	__u16 rule;
	__u16 slot;
	__u8 verdict;
	__u8 sensor;
	__u8 pad[2];
	union {
		struct evmon_bind_object bind;
		struct evmon_capability_object capability;
		struct evmon_exec_object exec;
		struct evmon_canary_object canary;
	} object;
};

/*
 * Who was last seen doing what a tally counts. Two processors may write it at once, and nothing
 * that a tracing program may do keeps them apart: the seal is that of the other members, or these
 * are a mixture of two actors and mean nothing.
 */
struct evmon_actor {
	__u64 seal;
	__u64 start_ns; /* start of the thread group's leader */
	__u64 exe_ino;
	__u32 exe_dev;
	__u32 tgid; /* in the initial pid namespace */
	__u32 uid;
	__u16 class;
	__u8 pad[2];
	char comm[16];
};

static inline __attribute__((always_inline)) __u64 evmon_actor_seal(const struct evmon_actor *a)
{
	__u64 words[2], seal = a->start_ns;

	__builtin_memcpy(words, a->comm, sizeof(words));
	seal = seal * 0x9e3779b97f4a7c15ULL + a->exe_ino;
	seal = seal * 0x9e3779b97f4a7c15ULL + ((__u64)a->exe_dev << 32 | a->tgid);
	seal = seal * 0x9e3779b97f4a7c15ULL + ((__u64)a->class << 32 | a->uid);
	seal = seal * 0x9e3779b97f4a7c15ULL + words[0];
	return seal * 0x9e3779b97f4a7c15ULL + words[1];
}

/* The exact count of a key; times are CLOCK_BOOTTIME in nanoseconds. */
struct evmon_tally {
	__u64 count;
	__u64 first_ns;
	__u64 last_ns;
	__u64 record_ns; /* when a record of this key last went to the ring */
	struct evmon_actor actor;
};

_Static_assert(sizeof(struct evmon_tally_key) == 24, "tally key has no padding of its own");
_Static_assert(sizeof(struct evmon_actor) == 56, "actor");
_Static_assert(sizeof(struct evmon_tally) == 88, "tally");
