// SPDX-License-Identifier: Apache-2.0
/*
 * Sends a uevent that the kernel did not make: "forge port PORT | group | kernel, ACTION PORT-PATH".
 * port: to one socket; group: to all that listen to the kernel; kernel: to the kernel, which passes
 * it on to that group as its own (since 4.18). It tells of a keyboard on bus 99.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

enum {
	TEXT_MAX = 1024
};

/* As the kernel writes it: "ACTION@PATH", then the pairs, a NUL behind each; its length. */
static size_t event_make(char *text, size_t size, const char *action, const char *path)
{
	int n = snprintf(text, size,
			 "%s@%s%cACTION=%s%cDEVPATH=%s%cSUBSYSTEM=usb%cDEVTYPE=usb_device%c"
			 "PRODUCT=627/1/0%cTYPE=3/1/1%cBUSNUM=099%cDEVNUM=009",
			 action, path, 0, action, 0, path, 0, 0, 0, 0, 0, 0);

	return n < 0 || (size_t)n >= size ? 0 : (size_t)n + 1;
}

static int event_send(const struct sockaddr_nl *to, bool kernel, const char *text, size_t n)
{
	struct {
		struct nlmsghdr header;
		char text[TEXT_MAX];
	} message = { .header = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + n),
				  .nlmsg_type = NLMSG_MIN_TYPE,
				  .nlmsg_flags = NLM_F_REQUEST } };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	const char *from = kernel ? (const char *)&message : message.text;
	size_t size = kernel ? message.header.nlmsg_len : n;

	memcpy(message.text, text, n);
	if (fd < 0 ||
	    sendto(fd, from, size, 0, (const struct sockaddr *)to, sizeof(*to)) != (ssize_t)size) {
		perror("forge");
		return 1;
	}
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	char text[TEXT_MAX];
	size_t n;

	if (argc < 4)
		return 2;
	if (!strcmp(argv[1], "port"))
		to.nl_pid = (uint32_t)strtoul(argv[2], NULL, 10);
	else if (!strcmp(argv[1], "group"))
		to.nl_groups = 1;
	n = event_make(text, sizeof(text), argv[argc - 2], argv[argc - 1]);
	return n ? event_send(&to, !strcmp(argv[1], "kernel"), text, n) : 2;
}
