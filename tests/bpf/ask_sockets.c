// SPDX-License-Identifier: Apache-2.0
/*
 * What came last is remembered for the next word; the actor ends with all that it has been given.
 */
#include "ask_sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

/* Into the caller's hands: a listener for getsid(), which nobody else of this process calls. */
static int supervisor_make(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

int ask_supervised(const char *none)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec data = { (char[]){ 0 }, 1 };
	const struct msghdr message = { .msg_iov = &data,
					.msg_iovlen = 1,
					.msg_control = control.bytes,
					.msg_controllen = sizeof(control.bytes) };
	int supervisor = supervisor_make();

	(void)none;
	if (supervisor < 0)
		return errno;
	memcpy(CMSG_DATA(&control.head), &supervisor, sizeof(supervisor));
	if (sendmsg(ACTOR_FD, &message, MSG_NOSIGNAL) < 0)
		return errno;
	came = (int)syscall(SYS_getsid, 0);
	return came < 0 ? errno : 0;
}
