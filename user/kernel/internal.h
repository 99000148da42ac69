/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share and nobody else sees. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "evmon/listener.h"
#include "evmon/offsets.h"
#include "evmon/policy_maps.h"
#include "evmon/task.h"

#include "kernel/kernel.h"
#include "kernel/kmod.h"
#include "kernel/ring.h"
#include "kernel/skeleton.h"

/* exe_table.c */
struct exe_table {
	struct exe_path *paths;
	size_t n;
	int map_fd, paths_fd; /* not owned; paths -1: files go by their inode alone */
};

struct kernel {
	struct kernel_options options;
	struct skeleton *skeleton;
	struct skeleton *kmods[KMOD_MAX]; /* the same object once more, see kmod.h */
	bool btf;			  /* the kernel has it: else what is tier D's serves */
	struct bpf_link *links[EVMON_HOOK_MAX];
	struct ring_buffer *alerts, *bulk;
	int rings_fd; /* readable when either is */
	ring_fn ring_fn;
	void *ring_userdata;
	struct coverage coverage;
	uint64_t canary_before[EVMON_HOOK_MAX];
	struct canary_word *canary_word; /* while one is out */
	struct exe_table exes;
	const struct evmon_task_seen *listed; /* whom a snapshot asks to name; NULL: nobody */
	uint64_t scripts[EVMON_SCRIPTS];      /* named since tables_files_begin() */
	size_t n_scripts;
	uint8_t policy_serial;
	int policy_fd;			/* the map of the policy in force; -1: none yet */
	bool is_new[COVERAGE_ROLE_MAX]; /* attached to deny since the canary was sent */
	int cgroup_fd;			/* root of the unified hierarchy; -1: none */
};

struct bpf_program *kernel_program(const struct kernel *kernel, enum evmon_hook hook);
/* What fails is in the role's row. */
void kernel_role_attach(struct kernel *kernel, enum coverage_role role);
