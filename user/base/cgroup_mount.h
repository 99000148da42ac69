/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the unified cgroup hierarchy is mounted: anywhere (hybrid hierarchies), in part perhaps. */
#include <limits.h>
#include <stdbool.h>

struct cgroup_mount {
	char root[PATH_MAX];  /* the part of the hierarchy that it shows; "/": all */
	char point[PATH_MAX]; /* where */
};

/* A mount of the whole hierarchy, else one of a part. -ENOENT: none is mounted. */
int cgroup_mount_find(struct cgroup_mount *ret_mount);
/* A line of /proc/<pid>/mountinfo; false: it is no unified hierarchy's. */
bool cgroup_mount_parse(const char *line, struct cgroup_mount *ret_mount);
