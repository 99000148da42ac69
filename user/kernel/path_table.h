/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files by their paths, as hooks know them that cannot see an inode. */
#include <stdint.h>

struct evmon_exe;

/* As bpf/script.bpf.c and bpf/nobtf.bpf.c take it. */
uint64_t path_hash(const char *path);
/* What running the file means, by each name that it is likely called by: the path, the canonical
 * one, and both without or with /usr in front. NULL: it means nothing any more. */
void path_table_set(int map_fd, const char *path, const struct evmon_exe *exe);
