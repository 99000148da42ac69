/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* The path of an open file, with no more than bpf_probe_read_kernel(): bpf_d_path() is refused to
 * most programs. */
#include "task.bpf.h"

/*
 * Walks from the file's dentry up to the root, over mounts, and writes a component at a time, each
 * with its NUL, the file's own name first, into EVMON_PATH_BYTES bytes. The length lives in memory,
 * where the verifier knows nothing of it: kept in a register, its range would differ in each round
 * and no two rounds would look alike. False: it was too long, and leading directories are missing.
 */
static __noinline bool path_read(struct file *file, char *to, __u16 *length)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	unsigned long vfsmount = (unsigned long)BPF_CORE_READ(file, f_path.mnt);
	struct mount *mount = (void *)(vfsmount - bpf_core_field_offset(struct mount, mnt));

	if (dentry == BPF_CORE_READ(dentry, d_parent)) { /* a memfd: it hangs nowhere */
		long n = bpf_probe_read_kernel_str(to, EVMON_NAME_BYTES,
						   BPF_CORE_READ(dentry, d_name.name));

		*(volatile __u16 *)length = n > 0 ? n : 0;
		return true;
	}
	for (int i = 0; i < TASK_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		__u32 at = *(volatile __u16 *)length;
		long n;

		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (above == mount)
				return true;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = above;
			continue;
		}
		if (dentry == parent)
			return true;
		if (at > EVMON_PATH_BYTES - EVMON_NAME_BYTES)
			return false;
		n = bpf_probe_read_kernel_str(to + at, EVMON_NAME_BYTES,
					      BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0)
			return true;
		*(volatile __u16 *)length = at + n;
		dentry = parent;
	}
	return false;
}
