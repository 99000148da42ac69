// SPDX-License-Identifier: Apache-2.0
/*
 * Misdeeds with ports: bound, listened on, or taken without bind() by listen() and connect().
 * FAMILY is ipv4, ipv6 (that alone), dual (an IPv6 socket that takes IPv4 too) or unspec (an IPv4
 * socket, bound by an address that does not say its family); ADDR is a number, or `any` (all that
 * the kernel takes with unspec), or `loopback`. bind and listen keep their sockets until `release`;
 * the answer's note has the port that resulted, which differs from the asked one where that is 0.
 */

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "deeds.h"
#include "net.h"
#include "text.h"

static int family_parse(const char *name, struct net_endpoint *ret)
{
	ret->unspec = strcmp(name, "unspec") == 0;
	ret->family = ret->unspec || strcmp(name, "ipv4") == 0 ? AF_INET : AF_INET6;
	ret->v6only = strcmp(name, "ipv6") == 0;
	return ret->family == AF_INET || ret->v6only || strcmp(name, "dual") == 0 ? 0 : -EINVAL;
}

static int endpoint_parse(int n_words, char *const words[], struct net_endpoint *ret,
			  unsigned int *ret_count)
{
	const char *address = words[3];
	int err;

	*ret = (struct net_endpoint){ 0 };
	*ret_count = 1;
	err = net_proto_parse(words[1], &ret->proto);
	if (err == 0)
		err = family_parse(words[2], ret);
	if (err == 0)
		err = text_uint(words[4], 65535, &ret->port);
	if (err == 0 && n_words > 5)
		err = text_uint(words[5], 1000000, ret_count);
	if (err < 0)
		return err;
	if (strcmp(address, "loopback") == 0)
		address = ret->family == AF_INET ? "127.0.0.1" : "::1";
	ret->address = strcmp(address, "any") == 0 ? NULL : address;
	return 0;
}

static int socket_keep(struct deeds *deeds, int *fd)
{
	if (deeds->n_sockets == DEEDS_SOCKETS_MAX)
		return -ENOSPC;
	deeds->sockets[deeds->n_sockets++] = TAKE_FD(*fd);
	return 0;
}

static void note_port(struct answer *answer, int fd)
{
	snprintf(answer->note, sizeof(answer->note), "port=%u", net_port(fd));
}

enum bind_flags {
	BIND_KEEP = 1,
	BIND_LISTEN = 2
};

static int bind_once(struct deeds *deeds, const struct net_endpoint *endpoint, unsigned int flags,
		     struct answer *answer)
{
	_cleanup_(closep) int fd = -1;
	int err;

	err = net_bind(endpoint, &fd);
	if (err < 0)
		return err;
	note_port(answer, fd);
	if ((flags & BIND_LISTEN) && listen(fd, 1) < 0)
		return -errno;
	return flags & BIND_KEEP ? socket_keep(deeds, &fd) : 0;
}

static void bind_many(struct deeds *deeds, int n_words, char *const words[], unsigned int flags,
		      struct answer *ret)
{
	struct net_endpoint endpoint;
	unsigned int count;
	int err;

	err = endpoint_parse(n_words, words, &endpoint, &count);
	if (err < 0) {
		answer_count(ret, err);
		return;
	}
	while (count--)
		answer_count(ret, bind_once(deeds, &endpoint, flags, ret));
}

void deed_bind(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	bind_many(deeds, n_words, words, BIND_KEEP, ret);
}

void deed_bind_close(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	bind_many(deeds, n_words, words, 0, ret);
}

void deed_listen(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	bind_many(deeds, n_words, words, BIND_KEEP | BIND_LISTEN, ret);
}

static int listen_unbound(struct deeds *deeds, char *const words[], struct answer *answer)
{
	struct net_endpoint endpoint = { 0 };
	_cleanup_(closep) int fd = -1;
	int err;

	err = net_proto_parse(words[1], &endpoint.proto);
	if (err == 0)
		err = family_parse(words[2], &endpoint);
	if (err == 0)
		err = net_socket(&endpoint, &fd);
	if (err < 0)
		return err;
	if (listen(fd, 1) < 0)
		return -errno;
	note_port(answer, fd);
	return socket_keep(deeds, &fd);
}

void deed_listen_unbound(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)n_words;
	answer_count(ret, listen_unbound(deeds, words, ret));
}

/* A connect that nobody answers has taken a local port all the same. */
static int connect_once(const struct net_endpoint *endpoint, struct answer *answer)
{
	_cleanup_(closep) int fd = -1;
	int err;

	err = net_socket(endpoint, &fd);
	if (err == 0)
		err = net_connect(fd, endpoint);
	if (fd >= 0)
		note_port(answer, fd);
	return err == -ECONNREFUSED ? 0 : err;
}

void deed_connect(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	struct net_endpoint endpoint;
	unsigned int count;
	int err;

	(void)deeds;
	err = endpoint_parse(n_words, words, &endpoint, &count);
	if (err < 0) {
		answer_count(ret, err);
		return;
	}
	while (count--)
		answer_count(ret, connect_once(&endpoint, ret));
}

void deed_release(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	(void)n_words;
	(void)words;
	deeds_fini(deeds);
	answer_count(ret, 0);
}
