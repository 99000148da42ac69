// SPDX-License-Identifier: Apache-2.0
/*
 * Calls that make the kernel check a capability, in earnest or in passing. Each is one system call,
 * of the calling thread alone, so that a test can say to the unit how many checks there are.
 */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "ask_creds.h"
#include "ask_sockets.h"

static int interface_ask(const char *name, unsigned long request)
{
	struct ifreq interface = { .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return errno;
	snprintf(interface.ifr_name, sizeof(interface.ifr_name), "%s", name);
	err = ioctl(fd, request, &interface) < 0 ? errno : 0;
	close(fd);
	return err;
}

static int ask_ifindex(const char *name)
{
	return interface_ask(name, SIOCGIFINDEX);
}

static int ask_ifup(const char *name)
{
	return interface_ask(name, SIOCSIFFLAGS);
}

static int ask_rmmod(const char *module)
{
	return syscall(SYS_delete_module, module, 0) < 0 ? errno : 0;
}

static int ask_setgid(const char *id)
{
	return syscall(SYS_setgid, strtol(id, NULL, 10)) < 0 ? errno : 0;
}

/* To have no capability any more. */
static int ask_capset(const char *none)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	(void)none;
	return syscall(SYS_capset, &header, data) < 0 ? errno : 0;
}

static int ask_read(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char byte;
	int err;

	if (fd < 0)
		return errno;
	err = read(fd, &byte, 1) < 0 ? errno : 0;
	close(fd);
	return err;
}

/* Who administers a network may write what is root's there: asked without a word to the audit. */
static int ask_writable(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Memory is counted, and who counts it asks for CAP_SYS_ADMIN: may the last of it be taken? */
static int ask_memory(const char *none)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)none;
	if (page == MAP_FAILED)
		return errno;
	munmap(page, 4096);
	return 0;
}

static int ask_hostname(const char *name)
{
	return sethostname(name, strlen(name)) < 0 ? errno : 0;
}

/* To run as the file's group. */
static int ask_chmod(const char *file)
{
	return chmod(file, 02711) < 0 ? errno : 0;
}

static int netlink_change(int fd)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg interface;
	} request = {
		.head = { .nlmsg_len = sizeof(request),
			  .nlmsg_type = RTM_NEWLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.interface = { .ifi_index = 1, .ifi_change = IFF_UP, .ifi_flags = IFF_UP },
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512];
	} answer;

	if (send(fd, &request, sizeof(request), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return errno;
	return -answer.error.error;
}

/* A change of lo by netlink: may who opened the socket, and may who asks? Opened with credentials
 * that are the caller's no more, though they are the same in each word. */
static int ask_behalf(const char *none)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return errno;
	err = ask_keepcaps(none);
	if (!err)
		err = netlink_change(fd);
	close(fd);
	return err;
}

int ask(const char *what, const char *argument)
{
	static const struct {
		const char *name;
		int (*ask)(const char *argument);
	} asks[] = {
		{ "ifindex", ask_ifindex },
		{ "ifup", ask_ifup },
		{ "rmmod", ask_rmmod },
		{ "setgid", ask_setgid },
		{ "setuid", ask_setuid },
		{ "capset", ask_capset },
		{ "read", ask_read },
		{ "memory", ask_memory },
		{ "writable", ask_writable },
		{ "hostname", ask_hostname },
		{ "chmod", ask_chmod },
		{ "behalf", ask_behalf },
		{ "setuid-turns", ask_setuid_turns },
		{ "setuid-crowd", ask_setuid_crowd },
		{ "seteuid", ask_seteuid },
		{ "seteuid-turns", ask_seteuid_turns },
		{ "seteuid-crowd", ask_seteuid_crowd },
		{ "ambient-lower", ask_ambient_lower },
		{ "ambient-raise", ask_ambient_raise },
		{ "ambient-turns", ask_ambient_turns },
		{ "keepcaps", ask_keepcaps },
		{ "receive", ask_receive },
		{ "getfd", ask_getfd },
		{ "supervised", ask_supervised },
		{ "listen", ask_listen },
	};

	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
		if (!strcmp(asks[i].name, what))
			return asks[i].ask(argument);
	return -1;
}
