// SPDX-License-Identifier: Apache-2.0
/*
 * A cgroup's id is its kernfs node's, and the file handles of kernfs are made of nothing but that
 * id; so a handle made up from it opens the directory, whose link in /proc/self/fd is its path.
 * The mount may be anywhere (hybrid hierarchies) and may show only a part of the hierarchy (a
 * container's), both of which mountinfo tells.
 */
#include "process/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"

enum {
	HANDLE_KERNFS = 0xfe /* FILEID_KERNFS, linux/exportfs.h; 5.5 and later */
};

struct mount {
	char root[PATH_MAX], point[PATH_MAX];
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

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* mountinfo writes blank, tab, newline and backslash as three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; to++) {
		if (at[0] == '\\' && is_octal(at[1]) && is_octal(at[2]) && is_octal(at[3])) {
			*to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
}

/* "ID PARENT MAJ:MIN ROOT POINT OPTIONS [FIELD...] - TYPE SOURCE SUPER", proc(5) */
static bool mount_parse(const char *line, struct mount *mount)
{
	const char *type = strstr(line, " - ");

	if (!type || strncmp(type, " - cgroup2 ", 11) != 0)
		return false;
	if (sscanf(line, "%*s %*s %*s %4095s %4095s", mount->root, mount->point) != 2)
		return false;
	unescape(mount->root);
	unescape(mount->point);
	return true;
}

static int mount_find(struct mount *mount)
{
	_cleanup_(fclosep) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(freep) char *line = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0)
		if (mount_parse(line, mount))
			return 0;
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
static int path_of_link(const struct mount *mount, const char *link, char *path, size_t size)
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
	_cleanup_(freep) struct mount *mount = malloc(sizeof(*mount));
	_cleanup_(closep) int fd = -1;
	char link[PATH_MAX], self[48];
	ssize_t n;
	int err;

	if (!mount)
		return -ENOMEM;
	err = mount_find(mount);
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
