// SPDX-License-Identifier: Apache-2.0
/*
 * The ways by which a socket gets a port: by itself, by MPTCP and SCTP, by the system calls of
 * 64 and of 32 bits, by io_uring's three modes, with the options that change which port results.
 * Each is a call made here by hand, so that none depends on a library that may choose another.
 */
#include "way.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"
#include "uring.h"

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#define SCTP_SOCKOPT_BINDX_ADD 100
#define SYSCALL32_SOCKETCALL   102
#define SYSCALL32_BIND	       361
#define SOCKETCALL_BIND	       2

struct way {
	const char *how, *options, *proto, *address;
	unsigned port;
	uint32_t netns; /* the socket's own */
};

static bool has(const struct way *way, const char *option)
{
	size_t n = strlen(option);

	for (const char *at = strstr(way->options, option); at; at = strstr(at + n, option))
		if ((at == way->options || at[-1] == ',') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static socklen_t address_of(const struct way *way, unsigned port, union address *address)
{
	memset(address, 0, sizeof(*address));
	if (strchr(way->address, ':')) {
		address->six.sin6_family = AF_INET6;
		address->six.sin6_port = htons((uint16_t)port);
		inet_pton(AF_INET6, way->address, &address->six.sin6_addr);
		return sizeof(address->six);
	}
	address->four.sin_family = has(way, "unspec") ? AF_UNSPEC : AF_INET;
	address->four.sin_port = htons((uint16_t)port);
	inet_pton(AF_INET, way->address, &address->four.sin_addr);
	return sizeof(address->four);
}

static int socket_of(const struct way *way)
{
	static const struct {
		const char *name;
		int type, protocol;
	} protos[] = {
		{ "tcp", SOCK_STREAM, IPPROTO_TCP },	    { "udp", SOCK_DGRAM, IPPROTO_UDP },
		{ "udplite", SOCK_DGRAM, IPPROTO_UDPLITE }, { "sctp", SOCK_STREAM, IPPROTO_SCTP },
		{ "mptcp", SOCK_STREAM, IPPROTO_MPTCP },
	};
	int family = strchr(way->address, ':') ? AF_INET6 : AF_INET;

	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++)
		if (!strcmp(way->proto, protos[i].name))
			return socket(family, protos[i].type | SOCK_CLOEXEC, protos[i].protocol);
	errno = EINVAL;
	return -1;
}

/* A socket of a namespace where the caller is not. */
static int socket_elsewhere(struct way *way)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd;
	struct stat there;

	if (here < 0 || unshare(CLONE_NEWNET) < 0 || stat("/proc/thread-self/ns/net", &there) < 0)
		return -1;
	way->netns = (uint32_t)there.st_ino;
	fd = socket_of(way);
	if (setns(here, CLONE_NEWNET) < 0)
		return -1;
	close(here);
	return fd;
}

static int options_set(const struct way *way, int fd)
{
	uint32_t range = (way->port + 1) << 16 | way->port;
	int on = 1;

	if (has(way, "reuseport") && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		return errno;
	if (has(way, "device") && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) < 0)
		return errno;
	if (has(way, "noport") &&
	    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0)
		return errno;
	if (has(way, "only6") && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return errno;
	if (has(way, "range") &&
	    setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof(range)) < 0)
		return errno;
	return 0;
}

#ifdef __x86_64__
/* A system call of the 32-bit table; what it is given must lie in the low 4 GiB. */
static int syscall32(long number, unsigned long a, unsigned long b, unsigned long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result < 0 ? -(int)result : 0;
}

static int bind32(const struct way *way, int fd, const union address *address, socklen_t size)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	uint32_t *args = (uint32_t *)(void *)low;

	if (low == MAP_FAILED)
		return errno;
	memcpy(low + 64, address, size);
	if (!has(way, "socketcall"))
		return syscall32(SYSCALL32_BIND, (unsigned long)fd, (uintptr_t)low + 64, size);
	args[0] = (uint32_t)fd;
	args[1] = (uint32_t)(uintptr_t)low + 64;
	args[2] = size;
	return syscall32(SYSCALL32_SOCKETCALL, SOCKETCALL_BIND, (uintptr_t)low, 0);
}
#else
static int bind32(const struct way *way, int fd, const union address *address, socklen_t size)
{
	(void)way, (void)fd, (void)address, (void)size;
	return ENOSYS;
}
#endif

static enum uring_mode uring_mode(const struct way *way)
{
	if (has(way, "uring"))
		return URING_INLINE;
	if (has(way, "uring-async"))
		return URING_ASYNC;
	return has(way, "uring-sqpoll") ? URING_SQPOLL : URING_NONE;
}

static int do_bind(const struct way *way, int fd, unsigned port)
{
	union address address;
	socklen_t size = address_of(way, port, &address);

	if (has(way, "int80") || has(way, "socketcall"))
		return bind32(way, fd, &address, size);
	if (uring_mode(way))
		return uring_bind(uring_mode(way), fd, &address, size);
	return bind(fd, &address.any, size) < 0 ? errno : 0;
}

static int do_listen(const struct way *way, int fd)
{
	if (uring_mode(way))
		return uring_listen(uring_mode(way), fd);
	return listen(fd, 8) < 0 ? errno : 0;
}

/* To port 9, where nobody need answer: the port of one's own is there by then. */
static int do_connect(const struct way *way, int fd)
{
	union address address;
	socklen_t size = address_of(way, 9, &address);

	if (uring_mode(way))
		return uring_connect(uring_mode(way), fd, &address, size);
	return connect(fd, &address.any, size) < 0 ? errno : 0;
}

static int do_sendto(const struct way *way, int fd)
{
	union address address;
	socklen_t size = address_of(way, 9, &address);

	return sendto(fd, "", 1, 0, &address.any, size) < 0 ? errno : 0;
}

static int do_bindx(const struct way *way, int fd, unsigned port)
{
	const struct way another = { .address = "127.0.0.3", .options = "-" };
	union address address;
	char list[16 * sizeof(address)];
	socklen_t size = address_of(way, port, &address);

	memcpy(list, &address, size);
	if (has(way, "list")) {
		socklen_t more = address_of(&another, port, &address);

		memcpy(list + size, &address, more);
		size += more;
	}
	/* "long": nine of an interface that is not there before it; "six": five. */
	for (int i = has(way, "long") ? 9 : has(way, "six") ? 5 : 0; i > 0; i--) {
		const struct way far = { .address = "192.0.2.9", .options = "-" };
		socklen_t more = address_of(&far, port, &address);

		memmove(list + more, list, size);
		memcpy(list, &address, more);
		size += more;
	}
	return setsockopt(fd, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD, list, size) < 0 ? errno : 0;
}

static int steps(const struct way *way, int fd)
{
	const char *how = way->how;
	int err = 0;

	if (!strncmp(how, "bind0", 5))
		err = do_bind(way, fd, 0);
	else if (!strncmp(how, "bindx0", 6))
		err = do_bindx(way, fd, 0);
	else if (!strncmp(how, "bindx", 5))
		err = do_bindx(way, fd, way->port);
	else if (!strncmp(how, "bind", 4))
		err = do_bind(way, fd, way->port);
	if (!err && strstr(how, "listen"))
		err = do_listen(way, fd);
	if (!err && strstr(how, "connect"))
		err = do_connect(way, fd);
	if (!err && strstr(how, "sendto"))
		err = do_sendto(way, fd);
	return err;
}

int way_go(char **words)
{
	struct way way = { words[0], words[1], words[2], words[3], .port = 0 };
	struct actor_report r = { .tgid = (uint32_t)getpid(), .tid = (uint32_t)gettid() };
	union address got = { .six.sin6_port = 0 };
	socklen_t size = sizeof(got);
	struct stat here;
	int fd;

	way.port = (unsigned)strtoul(words[4], NULL, 10);
	if (stat("/proc/thread-self/ns/net", &here) < 0)
		return -errno;
	way.netns = (uint32_t)here.st_ino;
	fd = has(&way, "netns") ? socket_elsewhere(&way) : socket_of(&way);
	r.result = fd < 0 ? errno : options_set(&way, fd);
	if (!r.result)
		r.result = steps(&way, fd);
	if (fd >= 0 && getsockname(fd, &got.any, &size) == 0)
		r.port = ntohs(got.six.sin6_port);
	r.ppid = (uint32_t)getppid();
	r.netns = way.netns;
	return write(ACTOR_FD, &r, sizeof(r)) == sizeof(r) ? 0 : -errno;
}
