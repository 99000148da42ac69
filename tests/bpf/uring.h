/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Calls on sockets by io_uring, in its three modes. Each returns errno, 0: done; ENOSYS or EPERM
 * where the kernel has no io_uring or refuses it, EINVAL where it does not know the call. */
#include <sys/socket.h>

enum uring_mode {
	URING_NONE,
	URING_INLINE, /* within io_uring_enter */
	URING_ASYNC,  /* by a worker thread */
	URING_SQPOLL, /* by the thread that polls the queue */
};

int uring_bind(enum uring_mode mode, int fd, const void *address, socklen_t size);
int uring_listen(enum uring_mode mode, int fd);
int uring_connect(enum uring_mode mode, int fd, const void *address, socklen_t size);
