// SPDX-License-Identifier: Apache-2.0
/*
 * Programs run inside RCU read-side sections, so what none of them may still be reading is what was
 * taken away before a grace period. The kernel waits for one, and promises so to user space, when
 * an element of a map of maps is replaced by a system call (maybe_wait_bpf_programs() in
 * kernel/bpf/syscall.c, since 4.20): on return no program uses the old inner map any more. The maps
 * here have no other purpose. None of our programs sleeps; those that do would not be waited for.
 *
 * membarrier(MEMBARRIER_CMD_GLOBAL) looks like the same and is not: with one processor online it
 * returns at once, though a program may have been preempted there, and with nohz_full it refuses.
 */
#include "kernel/grace.h"

#include <errno.h>
#include <stdint.h>

#include "kernel/internal.h"

int grace_wait(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	_cleanup_(closep) int inner = -1;
	_cleanup_(closep) int outer = -1;
	uint32_t key = 0;

	inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "evmon_grace", sizeof(key), sizeof(key), 1,
			       NULL);
	if (inner < 0)
		return inner;
	options.inner_map_fd = (uint32_t)inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "evmon_grace", sizeof(key), sizeof(key),
			       1, &options);
	if (outer < 0)
		return outer;
	return bpf_map_update_elem(outer, &key, &inner, BPF_ANY) < 0 ? -errno : 0;
}
