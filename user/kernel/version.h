/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For `evmon --version`: the libbpf that runs, "v1.1", and the size of the BPF object in evmon. */
#include <stddef.h>

const char *kernel_libbpf_version(void);
size_t kernel_object_size(void);
