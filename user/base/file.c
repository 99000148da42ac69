// SPDX-License-Identifier: Apache-2.0
/*
 * Whole files in, whole files out. Reading is bounded by the caller, since a file's size is nothing
 * to rely on (in /proc and /sys it is 0 or 4096). Writing goes to `PATH.new` and is renamed, so a
 * reader sees the old file or the new one and never a part; each such file has one writer, and what
 * a crash leaves behind is removed by the next write.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/macros.h"

/* What a file is to hold. */
struct content {
	const void *data;
	size_t size;
	mode_t mode;
	bool durable;
};

/* Reads until the end or until the buffer is full. */
static ssize_t read_up_to(int fd, char *buffer, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, buffer + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int file_read(int dir_fd, const char *path, size_t max, char **ret_data, size_t *ret_size)
{
	_cleanup_(closep) int fd = -1;
	_cleanup_(freep) char *data = NULL;
	size_t n = 0, room = 0;

	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t got;
		char *grown;

		room = MIN(room ? 2 * room : 4096, max + 1);
		grown = realloc(data, room + 1);
		if (!grown)
			return -ENOMEM;
		data = grown;
		got = read_up_to(fd, data + n, room - n);
		if (got < 0)
			return (int)got;
		n += (size_t)got;
		if (n > max)
			return -EFBIG;
		if (n < room)
			break;
	}
	data[n] = '\0';
	*ret_data = TAKE_PTR(data);
	if (ret_size)
		*ret_size = n;
	return 0;
}

ssize_t file_read_into(int dir_fd, const char *path, char *buffer, size_t size)
{
	_cleanup_(closep) int fd = -1;
	ssize_t n;

	if (!size)
		return -ENOSPC;
	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read_up_to(fd, buffer, size - 1);
	if (n >= 0)
		buffer[n] = '\0';
	return n;
}

int write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Puts the name itself on the disk: the directory that holds path. */
static int sync_parent(int dir_fd, const char *path)
{
	_cleanup_(closep) int fd = -1;
	char parent[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');

	if (slash)
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path + 1), path);
	fd = openat(dir_fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fsync(fd) ? -errno : 0;
}

/* Whatever was left there, a link even, is in nobody's way. */
static int open_new(int dir_fd, const char *path, mode_t mode)
{
	int fd;

	if (unlinkat(dir_fd, path, 0) && errno != ENOENT)
		return -errno;
	fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

/* Closes fd in any case: a disk may refuse as late as that. */
static int fill(int fd, const struct content *content)
{
	int err = write_all(fd, content->data, content->size);

	if (!err && fchmod(fd, content->mode))
		err = -errno;
	if (!err && content->durable && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int replace(int dir_fd, const char *path, const struct content *content)
{
	char fresh[PATH_MAX];
	int err, fd, n;

	n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof(fresh))
		return -ENAMETOOLONG;
	fd = open_new(dir_fd, fresh, content->mode);
	if (fd < 0)
		return fd;
	err = fill(fd, content);
	if (!err && renameat(dir_fd, fresh, dir_fd, path))
		err = -errno;
	if (err) {
		unlinkat(dir_fd, fresh, 0);
		return err;
	}
	return content->durable ? sync_parent(dir_fd, path) : 0;
}

int file_write_atomic(int dir_fd, const char *path, const void *data, size_t size, mode_t mode)
{
	const struct content content = { .data = data, .size = size, .mode = mode };

	return replace(dir_fd, path, &content);
}

int file_write_durable(int dir_fd, const char *path, const void *data, size_t size, mode_t mode)
{
	struct content content = { .data = data, .size = size, .mode = mode };

	content.durable = true;
	return replace(dir_fd, path, &content);
}

int dir_open_make(const char *path, mode_t mode, int *ret_fd)
{
	char part[PATH_MAX];
	size_t n = strlen(path);
	int fd;

	if (!n || n >= sizeof(part))
		return n ? -ENAMETOOLONG : -ENOENT;
	memcpy(part, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, path[i] ? 0755 : mode) && errno != EEXIST && errno != EISDIR) {
			int err = errno;
			struct stat st;

			/* On a read-only disk mkdir says so even where the directory exists. */
			if (stat(part, &st))
				return -err;
		}
		part[i] = path[i];
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

uint32_t file_kernel_dev(uint64_t st_dev)
{
	return (uint32_t)major(st_dev) << 20 | (uint32_t)minor(st_dev);
}
