/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* What can be had of task, tracepoint and registers without any type of the kernel's. */
#include "maps.bpf.h"

#include "evmon/offsets.h"

/* Executables by the path as it is given, the inode being out of reach. Written by user space with
 * evmon_exes, read at exec. When full: user space finds out by the inode, late. */
struct evmon_paths_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EVMON_PATHS);
	__type(key, __u64);
	__type(value, struct evmon_exe);
};
extern struct evmon_paths_map evmon_paths SEC(".maps");
extern const volatile struct evmon_offsets evmon_offsets;
extern const volatile __u32 evmon_self; /* tgid of evmon itself */
extern const volatile bool evmon_knows_ancestors;

/* A field of a tracepoint: by its offset, which the verifier would not let a direct load have. */
static __always_inline __u32 trace_u32(void *ctx, __u32 offset)
{
	__u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), ctx + offset);
	return value;
}

/* Text whose own offset is in the lower half of a field. */
static __always_inline const void *trace_text(void *ctx, __u32 offset)
{
	return ctx + (trace_u32(ctx, offset) & 0xffff);
}

/* The registers by the architecture's calling convention: argument 0 to 3, and the result. */
#if defined(__TARGET_ARCH_x86)
static __always_inline __u64 probe_argument(const void *ctx, __u32 index)
{
	return ((const __u64 *)ctx)[14 - index]; /* di, si, dx, cx stand in this order */
}

static __always_inline __s32 probe_result(const void *ctx)
{
	return ((const __u64 *)ctx)[10];
}
#elif defined(__TARGET_ARCH_arm)
static __always_inline __u64 probe_argument(const void *ctx, __u32 index)
{
	return ((const __u32 *)ctx)[index];
}

static __always_inline __s32 probe_result(const void *ctx)
{
	return ((const __u32 *)ctx)[0];
}
#else /* arm64, riscv after the program counter */
#if defined(__TARGET_ARCH_riscv)
#define PROBE_FIRST 10
#else
#define PROBE_FIRST 0
#endif
static __always_inline __u64 probe_argument(const void *ctx, __u32 index)
{
	return ((const __u64 *)ctx)[PROBE_FIRST + index];
}

static __always_inline __s32 probe_result(const void *ctx)
{
	return ((const __u64 *)ctx)[PROBE_FIRST];
}
#endif

/* The current task is in the unit's cgroup or beneath. Before 5.15 tracing programs may not ask for
 * what is above (bpf_get_current_ancestor_cgroup_id()): there in the unit's own, where all are that
 * systemd starts, unless they make cgroups themselves. */
static __always_inline bool current_in_unit(void)
{
	__u64 unit = evmon_settings.unit_cgroup;

	if (!unit)
		return false;
	if (!evmon_knows_ancestors)
		return bpf_get_current_cgroup_id() == unit;
	return bpf_get_current_ancestor_cgroup_id(evmon_settings.unit_level) == unit;
}

/* NULL: not watched. As task_current(), but for the start that nobody can tell. */
static __always_inline struct evmon_task *current_task(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct evmon_task *t = bpf_map_lookup_elem(&evmon_tasks, &tgid);

	if (t)
		return t;
	return evmon_settings.tasks_full && current_in_unit() ? &evmon_unlisted : NULL;
}

/* "name", "./name", and what /proc and /dev/fd stand for: which file it is the path does not say.
 * Of its first eight bytes, as one number: the compiler makes worse of single ones. */
static __always_inline bool path_is_indirect(__u64 begin)
{
	__u32 four = begin;

	return (four & 0xff) != '/' || four == ('/' | 'p' << 8 | 'r' << 16 | 'o' << 24) ||
	       four == ('/' | 'd' << 8 | 'e' << 16 | 'v' << 24);
}
