// SPDX-License-Identifier: Apache-2.0
/*
 * USB's source on every tier. Any process may send netlink messages to a group it can guess, so a
 * datagram counts only if its sender is port 0, the kernel, and no process's credentials.
 */
#include "kernel/uevent.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "base/macros.h"

enum {
	RECEIVE_BYTES = 1024 * 1024,
	DATAGRAM_MAX = 8192
};

int uevent_open(int *ret_fd)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	_cleanup_(closep) int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	int bytes = RECEIVE_BYTES, on = 1;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool from_kernel(struct msghdr *message, const struct sockaddr_nl *sender)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct ucred cred;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		return sender->nl_pid == 0 && cred.pid == 0 && cred.uid == 0;
	}
	return false;
}

/* The length of one datagram; 0: its sender is not the kernel. */
static ssize_t receive(int fd, void *buffer, size_t size)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8)));
	struct sockaddr_nl sender = { 0 };
	struct iovec part = { .iov_base = buffer, .iov_len = size };
	struct msghdr message = { .msg_name = &sender,
				  .msg_namelen = sizeof(sender),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &message, 0);

	if (n < 0)
		return -errno;
	return from_kernel(&message, &sender) && !(message.msg_flags & MSG_TRUNC) ? n : 0;
}

int uevent_drain(int fd, uevent_fn fn, void *userdata)
{
	char datagram[DATAGRAM_MAX];
	int lost = 0, err = 0;

	while (err >= 0) {
		ssize_t n = receive(fd, datagram, sizeof(datagram));

		if (n == -EAGAIN)
			return lost;
		if (n == -ENOBUFS)
			lost++;
		else if (n < 0)
			err = (int)n;
		else if (n > 0)
			err = fn(datagram, (size_t)n, userdata);
	}
	return err;
}
