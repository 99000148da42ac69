/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The path of a process's cgroup in the unified hierarchy. */
#include <stddef.h>
#include <stdint.h>

/* Out of the text of /proc/<pid>/cgroup, its line "0::<path>". -ENOENT: it has none. */
int cgroup_of_text(const char *text, char *path, size_t size);
/* Of a cgroup id, for a process that is gone. -ESTALE: the cgroup is gone too; -EPERM: needs
 * CAP_DAC_READ_SEARCH; -ENOENT: no unified hierarchy is mounted, or it lies outside our view. */
int cgroup_of_id(uint64_t id, char *path, size_t size);
