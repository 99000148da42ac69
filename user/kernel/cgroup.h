/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The root of the unified cgroup hierarchy. -ENOENT: none is mounted. */
int cgroup_root_open(int *ret_fd);
/* The id of a cgroup (path from the root, "/system.slice/everest.service") and its depth. */
int cgroup_id(int root_fd, const char *path, uint64_t *ret_id, unsigned *ret_level);
/* A systemd unit's cgroup path: "/system.slice/<unit>"; a name with a slash is a path already. */
void cgroup_unit_path(const char *unit, char *path, size_t size);
