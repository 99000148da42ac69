/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The policy in force, and the one before. */
#include "maps.bpf.h"

/* The policy in force and the one before, each in a map of its own, which user space has written
 * once and frozen. Replacing one is one store, and its system call waits until no program reads the
 * old one any more: within one run of a program none that it found changes. */
struct evmon_policy_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	/* By size: of an inner map that is only declared clang 14 leaves the types out. */
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct evmon_policy));
};
struct evmon_policies_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EVMON_POLICIES);
	__type(key, __u32);
	__array(values, struct evmon_policy_map);
};
extern struct evmon_policies_map evmon_policies SEC(".maps");

static __always_inline const struct evmon_policy *policy_at(__u32 index)
{
	void *map = bpf_map_lookup_elem(&evmon_policies, &index);
	__u32 zero = 0;

	return map ? bpf_map_lookup_elem(map, &zero) : NULL;
}

static __always_inline const struct evmon_policy *policy_active(void)
{
	return policy_at(EVMON_POLICY_ACTIVE);
}

/* NULL: there was none. */
static __always_inline const struct evmon_policy *policy_before(void)
{
	return policy_at(EVMON_POLICY_BEFORE);
}
