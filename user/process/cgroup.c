// SPDX-License-Identifier: Apache-2.0
/*
 * A cgroup's id is its kernfs node's, and the file handles of kernfs are made of nothing but that
 * id; so a handle made up from it opens the directory, whose link in /proc/self/fd is its path.
 * That path is the mount's view; where it shows only a part of the hierarchy (a container's), the
 * part's own path is put before it.
 */
#include "process/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup_mount.h"
#include "base/macros.h"

enum {
	HANDLE_KERNFS = 0xfe /* FILEID_KERNFS, linux/exportfs.h; 5.5 and later */
};

static int copy_path(const char *from, size_t n, char *path, size_t size)
{
	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(path, from, n);
	path[n] = '\0';
	return 0;
}

int cgroup_of_text(const char *text, char *path, size_t size)
{
	while (text) {
		if (!strncmp(text, "0::/", 4))
			return copy_path(text + 3, strcspn(text + 3, "\n"), path, size);
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return -ENOENT;
}

static int open_id(const char *mount_point, uint64_t id, int *ret_fd)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} u = { .handle = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS } };
	_cleanup_(closep) int mount_fd = -1;
	int fd;

	memcpy(u.handle.f_handle, &id, sizeof(id));
	mount_fd = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return -errno;
	fd = open_by_handle_at(mount_fd, &u.handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* The path in the hierarchy of one that the mount shows at `link`. */
static int path_of_link(const struct cgroup_mount *mount, const char *link, char *path, size_t size)
{
	const char *root = strcmp(mount->root, "/") != 0 ? mount->root : "";
	size_t point = strcmp(mount->point, "/") != 0 ? strlen(mount->point) : 0;
	int n;

	if (strncmp(link, mount->point, point) != 0 || (link[point] && link[point] != '/'))
		return -ENOENT;
	n = snprintf(path, size, "%s%s", root, link + point);
	if (n < 0 || (size_t)n >= size) {
		path[0] = '\0';
		return -ENAMETOOLONG;
	}
	return n ? 0 : copy_path("/", 1, path, size);
}

int cgroup_of_id(uint64_t id, char *path, size_t size)
{
	_cleanup_(freep) struct cgroup_mount *mount = malloc(sizeof(*mount));
	_cleanup_(closep) int fd = -1;
	char link[PATH_MAX], self[48];
	ssize_t n;
	int err;

	if (!mount)
		return -ENOMEM;
	err = cgroup_mount_find(mount);
	if (!err)
		err = open_id(mount->point, id, &fd);
	if (err)
		return err;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = '\0';
	return path_of_link(mount, link, path, size);
}
