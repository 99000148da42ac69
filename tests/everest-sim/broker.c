// SPDX-License-Identifier: Apache-2.0
/*
 * The connection to the MQTT broker that the manager and each module of EVerest hold.
 * It is a real one: connect(), then an MQTT 3.1.1 CONNECT without keep-alive and with a clean
 * session, so that a real broker counts one client for each process and never times it out. Nothing
 * is published and nothing read: no test looks at EVerest's own topics.
 *
 * The descriptor has no CLOEXEC on purpose: every real module inherits the manager's connection.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "broker.h"
#include "cleanup.h"

static int connect_unix(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closep) int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int connect_tcp(const char *host, unsigned int port, int *ret_fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((in_port_t)port) };
	_cleanup_(closep) int fd = -1;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		return -EINVAL;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int broker_connect(const struct broker *broker, int *ret_fd)
{
	/* CONNECT of 12 bytes: "MQTT", level 4, clean session, no keep-alive, no client id */
	static const unsigned char hello[] = {
		0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 0
	};
	_cleanup_(closep) int fd = -1;
	int err;

	if (broker->socket_path)
		err = connect_unix(broker->socket_path, &fd);
	else
		err = connect_tcp(broker->host, broker->port, &fd);
	if (err < 0)
		return err;
	if (send(fd, hello, sizeof(hello), MSG_NOSIGNAL) != (ssize_t)sizeof(hello))
		return errno ? -errno : -EIO;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
