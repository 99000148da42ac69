// SPDX-License-Identifier: Apache-2.0
/*
 * Where the unified cgroup hierarchy is and which id a unit's cgroup has in it. The id is the
 * inode of its directory (kernfs, 5.5 and later), the number that BPF helpers give.
 */
#include "kernel/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <linux/magic.h>

#include "base/macros.h"

/* mountinfo: "ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS ... - TYPE SOURCE SUPER" (proc(5)). */
static int mount_point_of(char *line, char **ret_path)
{
	char *type = strstr(line, " - cgroup2 ");
	char *at = line;

	if (!type)
		return -ENOENT;
	for (int field = 0; field < 4; field++) {
		at = strchr(at, ' ');
		if (!at)
			return -ENOENT;
		at++;
	}
	at[strcspn(at, " ")] = '\0';
	*ret_path = at;
	return 0;
}

int cgroup_root_open(int *ret_fd)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		char *path = NULL;
		struct statfs fs;
		int fd;

		if (mount_point_of(line, &path) < 0)
			continue;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
			*ret_fd = fd;
			return 0;
		}
		close(fd);
	}
	return -ENOENT;
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
