// SPDX-License-Identifier: Apache-2.0
/*
 * Where the unified cgroup hierarchy is and which id a unit's cgroup has in it. The id is the
 * inode of its directory (kernfs, 5.5 and later), the number that BPF helpers give.
 */
#include "kernel/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cgroup_mount.h"
#include "base/macros.h"

int cgroup_root_open(int *ret_fd)
{
	_cleanup_(freep) struct cgroup_mount *mount = malloc(sizeof(*mount));
	int fd, err;

	if (!mount)
		return -ENOMEM;
	err = cgroup_mount_find(mount);
	if (err < 0)
		return err;
	fd = open(mount->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int cgroup_id(int root_fd, const char *path, uint64_t *ret_id, unsigned *ret_level)
{
	struct stat st;
	unsigned level = 0;

	if (root_fd < 0)
		return -ENOENT;
	if (fstatat(root_fd, path + 1, &st, 0) < 0)
		return -errno;
	for (const char *at = path; *at; at++)
		level += *at == '/';
	*ret_id = st.st_ino;
	*ret_level = level;
	return 0;
}

void cgroup_unit_path(const char *unit, char *path, size_t size)
{
	if (strchr(unit, '/'))
		snprintf(path, size, "%s%s", unit[0] == '/' ? "" : "/", unit);
	else
		snprintf(path, size, "/system.slice/%s", unit);
}
