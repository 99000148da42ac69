/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a whole file of at most max bytes (-EFBIG beyond), NUL-terminated; the caller frees. */
int file_read(int dir_fd, const char *path, size_t max, char **ret_data, size_t *ret_size);
/* As file_read into the caller's buffer, cut to size - 1; the length or -errno. For /proc, /sys. */
ssize_t file_read_into(int dir_fd, const char *path, char *buffer, size_t size);
/* Writes beside it and renames. */
int file_write_atomic(int dir_fd, const char *path, const void *data, size_t size, mode_t mode);
/* The same, and on return data and name are on the disk. */
int file_write_durable(int dir_fd, const char *path, const void *data, size_t size, mode_t mode);
/* Makes the directory and its parents, opens it O_PATH-less for *at(). */
int dir_open_make(const char *path, mode_t mode, int *ret_fd);
/* All of it, or -errno. */
int write_all(int fd, const void *data, size_t size);
/* The kernel's own s_dev number of what stat() calls st_dev: major << 20 | minor. */
uint32_t file_kernel_dev(uint64_t st_dev);
