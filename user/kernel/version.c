// SPDX-License-Identifier: Apache-2.0
/*
 * What `evmon --version` says of this room. Nothing is loaded for it: the canary runs --version,
 * too, without any right.
 */
#include "kernel/version.h"

#include "kernel/internal.h"

const char *kernel_libbpf_version(void)
{
	return libbpf_version_string();
}

size_t kernel_object_size(void)
{
	return skeleton_bytes();
}
