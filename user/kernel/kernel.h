/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The only door to the kernel's BPF side: which hooks work here (by trying), the programs loaded
 * and attached, and what they see. Order of use: kernel_new, tables_* (tables.h), kernel_attach,
 * snapshot_take, canary_start.
 */
#include <stdbool.h>

#include "base/macros.h"
#include "kernel/coverage.h"
#include "policy/policy.h"

struct kernel;

struct kernel_options {
	bool tracing;	/* each event of the tree; observing hooks only, actions are ignored */
	bool tree_only; /* while tracing: those who descend from the root, and nobody else */
	bool pinned;	/* what is loaded outlives the process, and the next one takes it over */
	bool inventory; /* only what listeners_take() and snapshot_take() want; attaches nothing */
};

/* Tries hooks and loads programs; attaches nothing. -EPERM: a right is missing; -ENOTSUP: no
 * BTF, or nothing works here. where: room for the operator's sentence, always filled on error. */
int kernel_new(const struct kernel_options *options, struct kernel **ret_kernel, char *where,
	       size_t where_size);
void kernel_free(struct kernel *kernel);
DEFINE_CLEANUP(struct kernel *, kernel_free);

/* Attaches what was chosen; denying hooks only where the policy denies. A hook that fails here
 * costs its sensor, not the start: coverage says so. */
int kernel_attach(struct kernel *kernel, const struct policy *policy);

/* Around tables_policy() where a policy follows another: what it needs to deny is attached before,
 * and coverage says what failed; what is not needed any more is detached after. */
void kernel_denial_begin(struct kernel *kernel, const struct policy *policy);
void kernel_denial_end(struct kernel *kernel, const struct policy *policy);

enum {
	KERNEL_REASON_MAX = 160
};
/* What of the daemon before is gone that should be there, in words. */
bool kernel_tampered(const struct kernel *kernel, char ret_why[KERNEL_REASON_MAX]);
/* The daemon before was of another build: its hooks were taken out, its counts not read. */
bool kernel_outdated(const struct kernel *kernel);

/* Where a kernel that is `pinned` leaves what it has loaded, for the next one. */
#define KERNEL_PINS_DIR "/sys/fs/bpf/evmon"
/* What of it ends with this process all the same, and why; "": nothing. */
const char *kernel_pins_error(const struct kernel *kernel);
/* Whether anything outlives this process. */
bool kernel_is_pinned(const struct kernel *kernel);
/* Removes that. -EBUSY: somebody has it in use; -ENOENT: nothing is there. */
int kernel_unload(void);
/* Compares what is pinned with what is in use, and pins again what is missing or another's; true:
 * something was, in words. */
bool kernel_pins_mend(struct kernel *kernel, char ret_why[KERNEL_REASON_MAX]);

/* Owned by kernel; changes when the canary returns. */
struct coverage *kernel_coverage(struct kernel *kernel);
