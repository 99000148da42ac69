/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share and nobody else sees. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "evmon/listener.h"
#include "evmon/offsets.h"
#include "evmon/policy_maps.h"
#include "evmon/task.h"

#include "kernel/kept.h"
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

/* pins.c */
struct pins {
	int lock_fd;		       /* the directory; -1: nothing is pinned */
	bool on;		       /* what is loaded and attached is pinned */
	bool adopted;		       /* maps and links of the daemon before */
	bool outdated;		       /* those were of another build, and are gone */
	bool links[EVMON_HOOK_MAX];    /* which are pinned */
	char why[KERNEL_REASON_MAX];   /* what of the daemon before is gone; empty: nothing */
	char error[KERNEL_REASON_MAX]; /* what ends with this process; empty: nothing */
};

/* kept.c */
enum {
	KEPT_STATE,
	KEPT_TOLD,
	KEPT_CLASS_NAMES,
	KEPT_RULE_NAMES,
	KEPT_USB,
	KEPT_PENDING,
	KEPT_MAPS
};

struct kept {
	int fds[KEPT_MAPS]; /* -1: not there, nothing is kept */
	struct kept_before before;
};
int kept_open(struct kernel *kernel);
void kept_close(struct kept *kept);

struct kernel {
	struct kernel_options options;
	struct skeleton *skeleton;
	struct skeleton *kmods[KMOD_MAX]; /* the same object once more, see kmod.h */
	bool btf;			  /* the kernel has it: else what is tier D's serves */
	struct bpf_link *links[EVMON_HOOK_MAX];
	int programs[EVMON_HOOK_MAX]; /* fds of those that were taken over; -1: none */
	struct pins pins;
	struct kept kept;
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
