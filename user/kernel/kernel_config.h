/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The configuration that a kernel was built with, and which hooks such a kernel could give. */
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "kernel/coverage.h"

struct kernel_config;

/* Reads a .config, plain or as /proc/config.gz. where: room for the operator's sentence, filled on
 * error: the file, the line if it is one, what is wrong. -EBADMSG: no such file format, or cut
 * short; -EFBIG; what open and read say. */
int kernel_config_read(const char *path, struct kernel_config **ret_config, char *where,
		       size_t where_size);
void kernel_config_free(struct kernel_config *config);
DEFINE_CLEANUP(struct kernel_config *, kernel_config_free);

/* Of "BPF_SYSCALL": "y", "m", a number, or a text without its quotation marks; NULL: not set. */
const char *kernel_config_value(const struct kernel_config *config, const char *option);
/* The file names the kernel that it is of, as only a whole one does: in a fragment, or a defconfig,
 * what is not named need not be unset. */
bool kernel_config_is_whole(const struct kernel_config *config);

/* Which hooks it allows, best first as if they were tried: rows are `possible` or `none`, and
 * `tried` has what options the better ones miss. Nothing of the running kernel goes into it. */
void kernel_config_coverage(const struct kernel_config *config, struct coverage *ret_coverage);
