/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The slot of a module instance, taken at the exec that gives the class. */
#include "script.bpf.h"
#include "tree.bpf.h"

/* The number of a new instance, and its name for user space to read. */
static __always_inline __u32 slot_take(const struct evmon_slot_key *key)
{
	struct evmon_slot *slot;
	__u32 number = 0;
	__u32 *taken;

	if (bpf_map_pop_elem(&evmon_free_slots, &number)) {
		stats_count(slots_full);
		return EVMON_CLASS_OTHER;
	}
	if (bpf_map_update_elem(&evmon_slot_ids, key, &number, BPF_NOEXIST)) {
		bpf_map_push_elem(&evmon_free_slots, &number, BPF_ANY);
		taken = bpf_map_lookup_elem(&evmon_slot_ids, key);
		return taken ? *taken : EVMON_CLASS_OTHER;
	}
	slot = bpf_map_lookup_elem(&evmon_slots, &number);
	if (slot) {
		slot->key = *key;
		slot->used = 1;
	}
	return number;
}

/* The slot of a class and the first bytes of the current task's argv[0], of a script EV_MODULE;
 * where neither can be read, all instances of a class share one. */
static __always_inline __u32 slot_of(__u16 class, struct mm_struct *mm, bool script)
{
	struct evmon_slot_key key = {};
	__u32 *taken;
	__u64 name;

	if (class < EVMON_CLASS_MODULE)
		return slot_unnamed(class);
	key.class = class;
	if (mm && evmon_can_read_user) {
		name = script ? script_instance(mm->env_start, mm->env_end) : mm->arg_start;
		if (bpf_probe_read_user_str(key.name, sizeof(key.name), (void *)name) < 0)
			key.name[0] = '\0';
	}
	taken = bpf_map_lookup_elem(&evmon_slot_ids, &key);
	return taken ? *taken : slot_take(&key);
}
