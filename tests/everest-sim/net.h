/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

enum net_proto {
	NET_TCP,
	NET_UDP,
	NET_UDPLITE,
	NET_MPTCP,
	NET_SCTP,
	NET_PROTO_MAX
};

/* address: in numbers, or NULL for all of them. v6only counts for AF_INET6. */
struct net_endpoint {
	enum net_proto proto;
	int family;
	bool v6only;
	bool unspec; /* AF_INET, bound by an address of family AF_UNSPEC */
	const char *address;
	unsigned int port;
	const char *device; /* NULL: any */
};

/* A protocol from its name: 0 or -EINVAL. */
int net_proto_parse(const char *name, enum net_proto *ret);

/* A socket of that kind, CLOEXEC, with SO_REUSEADDR: 0 or -errno. */
int net_socket(const struct net_endpoint *endpoint, int *ret_fd);

/* The same, bound. */
int net_bind(const struct net_endpoint *endpoint, int *ret_fd);

/* Connects fd to the endpoint: 0 or -errno. */
int net_connect(int fd, const struct net_endpoint *endpoint);

/* The local port of fd; 0 where it has none. */
unsigned int net_port(int fd);
