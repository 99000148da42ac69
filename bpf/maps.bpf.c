// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The one place where maps and globals are defined; what each is for stands in the headers. No
 * program is here, so this file has no hook table.
 */
#include "maps.bpf.h"

#ifdef EVMON_NO_BTF
#include "nobtf.bpf.h"
#endif
#include "policy.bpf.h"

#ifndef EVMON_NO_BTF
#include "capability.bpf.h"
#endif
#include "held.bpf.h"

#ifndef EVMON_NO_BTF
#include "usb.bpf.h"
#endif

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct evmon_tasks_map evmon_tasks SEC(".maps");
struct evmon_exes_map evmon_exes SEC(".maps");
struct evmon_scripts_map evmon_scripts SEC(".maps");
struct evmon_policies_map evmon_policies SEC(".maps");
struct evmon_tallies_map evmon_tallies SEC(".maps");
struct evmon_overflow_map evmon_overflow SEC(".maps");
struct evmon_slot_ids_map evmon_slot_ids SEC(".maps");
struct evmon_slots_map evmon_slots SEC(".maps");
struct evmon_free_slots_map evmon_free_slots SEC(".maps");
struct evmon_sockets_map evmon_sockets SEC(".maps");
struct evmon_ring_map evmon_alerts SEC(".maps");
struct evmon_ring_map evmon_bulk SEC(".maps");
struct evmon_stats_map evmon_stats SEC(".maps");

struct evmon_settings evmon_settings;
struct evmon_task evmon_unlisted = {
	.class = EVMON_CLASS_OTHER,
	.slot = EVMON_CLASS_OTHER,
	.subject = EVMON_SUBJECT_EVEREST,
};
#ifdef EVMON_NO_BTF
struct evmon_paths_map evmon_paths SEC(".maps");
const volatile struct evmon_offsets evmon_offsets = {};
const volatile __u32 evmon_self = 0;
const volatile bool evmon_knows_ancestors = false;
#else
struct evmon_refusals_map evmon_refusals SEC(".maps");
struct evmon_usb_map evmon_usb SEC(".maps");
struct evmon_listener evmon_listener;
#endif
const volatile bool evmon_tracing = false;
const volatile bool evmon_tree_only = false;
const volatile bool evmon_late_creds = false;
const volatile bool evmon_can_read_kernel = true;
const volatile bool evmon_can_read_user = true;
