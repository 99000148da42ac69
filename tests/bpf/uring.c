// SPDX-License-Identifier: Apache-2.0
/*
 * io_uring by its three system calls alone: one ring and one request a call, and its answer waited
 * for. The numbers of newer requests are written out, since headers of older systems lack them.
 */
#include "uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	OP_CONNECT = 16,
	OP_BIND = 56, /* Linux 6.11 */
	OP_LISTEN = 57,
};

struct ring {
	struct io_uring_params params;
	int fd;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

static void *ring_map(const struct ring *r, size_t size, off_t offset)
{
	void *at =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, offset);

	return at == MAP_FAILED ? NULL : at;
}

static int ring_open(struct ring *r, enum uring_mode mode)
{
	const struct io_uring_params *p = &r->params;

	memset(r, 0, sizeof(*r));
	if (mode == URING_SQPOLL)
		r->params.flags = IORING_SETUP_SQPOLL;
	r->fd = (int)syscall(SYS_io_uring_setup, 1, &r->params);
	if (r->fd < 0)
		return errno;
	r->sq = ring_map(r, p->sq_off.array + p->sq_entries * sizeof(uint32_t), IORING_OFF_SQ_RING);
	r->cq = ring_map(r, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
			 IORING_OFF_CQ_RING);
	r->sqes = ring_map(r, p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	return r->sq && r->cq && r->sqes ? 0 : ENOMEM;
}

static uint32_t *ring_word(char *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring + offset);
}

static int ring_call(struct ring *r, enum uring_mode mode)
{
	const struct io_uring_params *p = &r->params;
	unsigned flags = IORING_ENTER_GETEVENTS;
	const struct io_uring_cqe *cqe;
	long n;

	if (mode == URING_ASYNC)
		r->sqes[0].flags = IOSQE_ASYNC;
	if (mode == URING_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	*ring_word(r->sq, p->sq_off.array) = 0;
	__atomic_store_n(ring_word(r->sq, p->sq_off.tail), 1, __ATOMIC_SEQ_CST);
	do {
		n = syscall(SYS_io_uring_enter, r->fd, 1, 1, flags, NULL, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if (!__atomic_load_n(ring_word(r->cq, p->cq_off.tail), __ATOMIC_ACQUIRE))
		return EIO;
	cqe = (const struct io_uring_cqe *)(const void *)(r->cq + p->cq_off.cqes);
	return cqe->res < 0 ? -cqe->res : 0;
}

static int request(enum uring_mode mode, const struct io_uring_sqe *sqe)
{
	struct ring r;
	int err = ring_open(&r, mode);

	if (err)
		return err;
	*r.sqes = *sqe;
	err = ring_call(&r, mode);
	close(r.fd);
	return err;
}

int uring_bind(enum uring_mode mode, int fd, const void *address, socklen_t size)
{
	const struct io_uring_sqe sqe = { .opcode = OP_BIND,
					  .fd = fd,
					  .addr = (uintptr_t)address,
					  .off = size };

	return request(mode, &sqe);
}

int uring_listen(enum uring_mode mode, int fd)
{
	const struct io_uring_sqe sqe = { .opcode = OP_LISTEN, .fd = fd, .len = 8 };

	return request(mode, &sqe);
}

int uring_connect(enum uring_mode mode, int fd, const void *address, socklen_t size)
{
	const struct io_uring_sqe sqe = { .opcode = OP_CONNECT,
					  .fd = fd,
					  .addr = (uintptr_t)address,
					  .off = size };

	return request(mode, &sqe);
}
