/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Where a tracepoint's fields lie, user space to kernel: without BTF its format in tracefs is the
 * only word on it, and kernels differ. One writer: kernel/skeleton.c, before loading.
 */
#include "evmon/types.h"

/* In bytes from the beginning of what the program is given. */
struct evmon_offsets {
	__u32 newtask_pid;
	__u32 newtask_flags;
	__u32 exec_filename; /* of the field that says where the text is */
	__u32 mkdir_root;
	__u32 mkdir_id;
	__u32 mkdir_level;
	__u32 mkdir_path; /* as exec_filename */
	__u32 zero;
};

_Static_assert(sizeof(struct evmon_offsets) == 32, "offsets");
