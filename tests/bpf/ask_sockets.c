// SPDX-License-Identifier: Apache-2.0
/*
 * What came last is remembered for the next word; the actor ends with all that it has been given.
 */
#include "ask_sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actor.h"

static int came = -1;

int ask_receive(const char *none)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };

	(void)none;
	if (recvmsg(ACTOR_FD, &message, MSG_CMSG_CLOEXEC) < 0)
		return errno;
	if (message.msg_controllen < sizeof(control.head))
		return EBADMSG;
	memcpy(&came, CMSG_DATA(&control.head), sizeof(came));
	return 0;
}

int ask_getfd(const char *place)
{
	char *colon;
	long pid = strtol(place, &colon, 10);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return errno;
	came = (int)syscall(SYS_pidfd_getfd, pidfd, (int)strtol(colon + 1, NULL, 10), 0);
	return came < 0 ? errno : 0;
}

int ask_listen(const char *none)
{
	(void)none;
	return listen(came, 1) < 0 ? errno : 0;
}
