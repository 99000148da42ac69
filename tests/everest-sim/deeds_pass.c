// SPDX-License-Identifier: Apache-2.0
/*
 * Sockets that were bound by one process and come to another: a service manager's socket
 * activation (descriptor 3, LISTEN_FDS), over a unix socket, or taken by a pidfd. All are TCP on
 * every address. What comes is kept until `release`. Whoever hands over keeps his own, and waits
 * until it is done.
 */

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "deeds.h"
#include "net.h"
#include "text.h"

enum {
	FIRST_FD = 3 /* sd_listen_fds(3) */
};

union fd_message {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int listener_make(const char *port, int *ret_fd)
{
	struct net_endpoint endpoint = { .proto = NET_TCP, .family = AF_INET };
	int err = text_uint(port, 65535, &endpoint.port);

	if (err == 0)
		err = net_bind(&endpoint, ret_fd);
	if (err == 0 && listen(*ret_fd, 1) < 0)
		err = -errno;
	return err;
}

static int keep(struct deeds *deeds, int *fd)
{
	if (deeds->n_sockets == DEEDS_SOCKETS_MAX)
		return -ENOSPC;
	deeds->sockets[deeds->n_sockets++] = TAKE_FD(*fd);
	return 0;
}

static _Noreturn void activated(int fd, char *const argv[])
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (setenv("LISTEN_FDS", "1", 1) < 0 || setenv("LISTEN_PID", pid, 1) < 0)
		_exit(126);
	/* A duplicate stays open over exec, the original would not. */
	if (fd == FIRST_FD)
		fd = dup(fd);
	if (fd < 0 || dup2(fd, FIRST_FD) < 0)
		_exit(126);
	execv(argv[0], argv);
	_exit(127);
}

static int activate(const char *port, char *const argv[])
{
	_cleanup_(closep) int fd = -1;
	int err = listener_make(port, &fd), status;
	pid_t pid;

	if (err < 0)
		return err;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		activated(fd, argv);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

void deed_activate(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)deeds, (void)n_words;
	answer_count(ret, activate(words[1], words + 2));
}

static int place_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

static int fd_send(int to, int fd)
{
	union fd_message control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
					       .cmsg_level = SOL_SOCKET,
					       .cmsg_type = SCM_RIGHTS } };
	struct iovec data = { (char[]){ 0 }, 1 };
	const struct msghdr message = { .msg_iov = &data,
					.msg_iovlen = 1,
					.msg_control = control.bytes,
					.msg_controllen = sizeof(control.bytes) };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(to, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int fd_receive(int from, int *ret_fd)
{
	union fd_message control;
	struct iovec data = { (char[]){ 0 }, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	if (message.msg_controllen < sizeof(control.head))
		return -EBADMSG;
	memcpy(ret_fd, CMSG_DATA(&control.head), sizeof(*ret_fd));
	return 0;
}

/* To the one who comes for it. */
static int hand(struct deeds *deeds, const char *path, const char *port)
{
	_cleanup_(closep) int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_(closep) int fd = -1;
	_cleanup_(closep) int peer = -1;
	struct sockaddr_un place;
	int err = door < 0 ? -errno : listener_make(port, &fd);

	if (err == 0)
		err = place_of(path, &place);
	if (err < 0)
		return err;
	umask(0);
	if (bind(door, (const struct sockaddr *)&place, sizeof(place)) < 0 || listen(door, 1) < 0)
		return -errno;
	peer = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	err = peer < 0 ? -errno : fd_send(peer, fd);
	return err < 0 ? err : keep(deeds, &fd);
}

void deed_hand(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)n_words;
	answer_count(ret, hand(deeds, words[1], words[2]));
}

static int take(struct deeds *deeds, const char *path)
{
	_cleanup_(closep) int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_(closep) int fd = -1;
	struct sockaddr_un place;
	int err = door < 0 ? -errno : place_of(path, &place);

	if (err < 0)
		return err;
	if (connect(door, (const struct sockaddr *)&place, sizeof(place)) < 0)
		return -errno;
	err = fd_receive(door, &fd);
	return err < 0 ? err : keep(deeds, &fd);
}

void deed_take(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)n_words;
	answer_count(ret, take(deeds, words[1]));
}

static int getfd(struct deeds *deeds, const char *pid_text, const char *fd_text)
{
	_cleanup_(closep) int pidfd = -1;
	_cleanup_(closep) int fd = -1;
	unsigned int pid, number;
	int err = text_uint(pid_text, 1 << 22, &pid);

	if (err == 0)
		err = text_uint(fd_text, 1 << 20, &number);
	if (err < 0)
		return err;
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (pidfd < 0)
		return -errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)number, 0);
	return fd < 0 ? -errno : keep(deeds, &fd);
}

void deed_getfd(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)n_words;
	answer_count(ret, getfd(deeds, words[1], words[2]));
}
