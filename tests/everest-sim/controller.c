// SPDX-License-Identifier: Apache-2.0
/*
 * The stand-in for the admin panel's backend: listens on every address of both families, as
 * libwebsockets does when no interface is named, without authentication. Its argv is the one word
 * "MT.EVEREST"; its port, and the word that it is up, go over the datagram socket that is its
 * stdin. Whoever connects is hung up on. A port that can't be had is told on stderr and borne:
 * several of these trees may run on one machine.
 */

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "cleanup.h"
#include "net.h"
#include "text.h"
#include "threads.h"

static int listener_open(int family, unsigned int port)
{
	struct net_endpoint endpoint = { .proto = NET_TCP,
					 .family = family,
					 .v6only = true,
					 .port = port };
	int fd;
	int err;

	err = net_bind(&endpoint, &fd);
	if (err == 0 && listen(fd, 16) < 0) {
		err = -errno;
		close(fd);
	}
	if (err < 0) {
		fprintf(stderr, "controller: cannot listen on port %u of %s: %s\n", port,
			family == AF_INET ? "ipv4" : "ipv6", strerror(-err));
		return -1;
	}
	return fd;
}

static int port_receive(unsigned int *ret)
{
	char text[16];
	ssize_t n = recv(STDIN_FILENO, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return text_uint(text, 65535, ret);
}

static void client_refuse(int listener)
{
	_cleanup_(closep) int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		fprintf(stderr, "controller: accept: %m\n");
}

int main(void)
{
	struct pollfd fds[2];
	unsigned int port;
	int err;

	err = port_receive(&port);
	if (err == 0)
		err = threads_start_idle(1);
	if (err < 0) {
		fprintf(stderr, "controller: no port on stdin: %s\n", strerror(-err));
		return 1;
	}
	if (socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) < 0)
		fprintf(stderr, "controller: netlink: %m\n");
	fds[0] = (struct pollfd){ .fd = listener_open(AF_INET, port), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = listener_open(AF_INET6, port), .events = POLLIN };
	if (send(STDIN_FILENO, "ready", 5, MSG_NOSIGNAL) < 0)
		fprintf(stderr, "controller: cannot tell the manager: %m\n");
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < 2; i++)
			if (fds[i].revents)
				client_refuse(fds[i].fd);
	}
}
