/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The hooks that programs of ours serve: how each is attached, and which role tries which. */
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf.h>

#include "kernel/coverage.h"

struct hook {
	const char *program; /* in the skeleton */
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
	const char *target; /* what it attaches to, but for kprobes by BTF name; NULL: a cgroup */
	enum coverage_role role;
	bool nobtf;	    /* serves where the kernel has no BTF, and only there */
	bool returns;	    /* a kprobe at the function's end */
	bool unprovoked;    /* wants SCTP, which the trial and the canary leave alone: stands or
			  * falls with the hook before it */
	const char *limits; /* what it cannot see */
	const char *limits_nobtf; /* the same without BTF, where that is more */
	const char *limits_deny;  /* what it does less than refuse, where another role takes it */
};

/* NULL for hooks that user space serves. */
const struct hook *hook_get(enum evmon_hook hook);

/* What a role misses by a hook that it takes (NULL: user space's), in words; NULL: nothing. */
const char *hook_limits(const struct hook *hook, enum coverage_role role);

/* A breakpoint at the entry of a function: no BTF of its own, and perf's rights on top of BPF's. */
bool hook_is_kprobe(const struct hook *hook);

/* It cannot do without the kernel's BTF. */
bool hook_wants_btf(const struct hook *hook);

/* Tracing and LSM programs hang on a trampoline; raw tracepoints and iterators do without. */
bool hook_on_trampoline(const struct hook *hook);

/* The candidates of a role, best first: hooks that serve together, terminated by NONE. Returns
 * how many there are. While tracing only those that observe. */
size_t hook_candidates(enum coverage_role role, bool tracing,
		       const enum evmon_hook (**ret)[COVERAGE_HOOKS]);
