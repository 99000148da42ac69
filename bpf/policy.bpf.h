/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The policy in force; user space swaps it by one store, see evmon_policies in maps.bpf.h. */
#include "maps.bpf.h"

static __always_inline const struct evmon_policy *policy_active(void)
{
	__u32 index = evmon_settings.active & 0xff;

	return bpf_map_lookup_elem(&evmon_policies, &index);
}

/* The policy that was in force before; the same one where there was none. */
static __always_inline const struct evmon_policy *policy_before(void)
{
	__u32 index = evmon_settings.active >> 8 & 0xff;

	return bpf_map_lookup_elem(&evmon_policies, &index);
}
