/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * What the kernel side counts beside the tallies: one struct a CPU; one reader: kernel/ring.c.
 */
#include "evmon/types.h"

/* Losses and things that are counted, not judged. Per CPU; the reader sums. */
struct evmon_stats {
	__u64 alerts_lost;	 /* records that did not fit the alert ring (tallies have them) */
	__u64 bulk_lost;	 /* records that did not fit the bulk ring */
	__u64 tallies_full;	 /* violations counted in the overflow entry of their rule */
	__u64 tasks_full;	 /* tasks of the tree that found the task map full */
	__u64 slots_full;	 /* module instances that found no slot and share that of `other` */
	__u64 standing;		 /* later occurrences of standing findings */
	__u64 root_capabilities; /* capability checks by root tasks of the tree: not judged */
	__u64 denied_ignored;	 /* denied checks that the policy's denied_ignored covers */
	__u64 denied_probes;	 /* denied checks that refused nothing: the kernel only asks */
	__u64 on_behalf;	 /* checks with credentials that are not the caller's: not judged */
	__u64 userns;		 /* checks in a user namespace, told by capability.userns */
	__u64 usb_full;		 /* USB devices that found no room for a count of their own */
	__u64 pending; /* judgements withheld because the task's module is not known yet */
};

_Static_assert(sizeof(struct evmon_stats) == 13 * sizeof(__u64), "stats");
