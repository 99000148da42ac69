// SPDX-License-Identifier: Apache-2.0
/*
 * Internet sockets of the protocols that evmon tells apart, made and bound for habits and misdeeds
 * alike. SO_REUSEADDR is set always: EVerest's ISO 15118 modules share UDP 15118 by it, and a test
 * may bind one port a thousand times.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "net.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262 /* Linux 5.6; absent from older C libraries */
#endif

static const struct {
	const char *name;
	int type;
	int protocol;
} protos[NET_PROTO_MAX] = {
	[NET_TCP] = { "tcp", SOCK_STREAM, IPPROTO_TCP },
	[NET_UDP] = { "udp", SOCK_DGRAM, IPPROTO_UDP },
	[NET_UDPLITE] = { "udplite", SOCK_DGRAM, IPPROTO_UDPLITE },
	[NET_MPTCP] = { "mptcp", SOCK_STREAM, IPPROTO_MPTCP },
	[NET_SCTP] = { "sctp", SOCK_STREAM, IPPROTO_SCTP },
};

int net_proto_parse(const char *name, enum net_proto *ret)
{
	for (int i = 0; i < NET_PROTO_MAX; i++) {
		if (strcmp(name, protos[i].name) == 0) {
			*ret = (enum net_proto)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int endpoint_address(const struct net_endpoint *e, struct sockaddr_storage *ret,
			    socklen_t *ret_size)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (e->family == AF_INET) {
		in->sin_family = e->unspec ? AF_UNSPEC : AF_INET;
		in->sin_port = htons((in_port_t)e->port);
		*ret_size = sizeof(*in);
		return e->address && inet_pton(AF_INET, e->address, &in->sin_addr) != 1 ? -EINVAL :
											  0;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((in_port_t)e->port);
	*ret_size = sizeof(*in6);
	return e->address && inet_pton(AF_INET6, e->address, &in6->sin6_addr) != 1 ? -EINVAL : 0;
}

static int option_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

int net_socket(const struct net_endpoint *e, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	int err;

	fd = socket(e->family, protos[e->proto].type | SOCK_CLOEXEC, protos[e->proto].protocol);
	if (fd < 0)
		return -errno;
	err = option_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (err == 0 && e->family == AF_INET6)
		err = option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, e->v6only);
	if (err < 0)
		return err;
	if (e->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, e->device,
				    (socklen_t)strlen(e->device)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int net_bind(const struct net_endpoint *e, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	struct sockaddr_storage address;
	socklen_t size;
	int err;

	err = endpoint_address(e, &address, &size);
	if (err == 0)
		err = net_socket(e, &fd);
	if (err < 0)
		return err;
	if (bind(fd, (const struct sockaddr *)&address, size) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int net_connect(int fd, const struct net_endpoint *e)
{
	struct sockaddr_storage address;
	socklen_t size;
	int err;

	err = endpoint_address(e, &address, &size);
	if (err < 0)
		return err;
	return connect(fd, (const struct sockaddr *)&address, size) < 0 ? -errno : 0;
}

unsigned int net_port(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return 0;
	if (address.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&address)->sin_port);
	return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
}
