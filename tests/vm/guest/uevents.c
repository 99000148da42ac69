// SPDX-License-Identifier: Apache-2.0
/*
 * Writes the kernel's uevents to stdout, a line each as it comes: "ACTION DEVPATH KEY=VALUE...",
 * with the keys that tests ask for, in the table's order. busybox's uevent starts a program for
 * each event, and one keyboard that comes and goes makes forty: emulated, that took longer than the
 * kernel took for the keyboard. "listening" on stderr says that nothing is missed from now on; what
 * the kernel had to drop all the same ends the program with a failure.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

enum {
	EVENT_MAX = 8192,
	BUFFER_BYTES = 16 << 20,
	GROUP_KERNEL = 1
};

static const char *const keys[] = { "SUBSYSTEM", "DEVTYPE", "PRODUCT", "TYPE",
				    "INTERFACE", "DRIVER",  "DEVNAME" };

static int uevents_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL };
	int bytes = BUFFER_BYTES;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return fd;
}

/* The value behind KEY=, or NULL: an event is "ACTION@PATH", then such strings, each with its NUL. */
static const char *value_of(const char *event, size_t size, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = strlen(event) + 1; i < size; i += strlen(event + i) + 1)
		if (!strncmp(event + i, key, length) && event[i + length] == '=')
			return event + i + length + 1;
	return NULL;
}

static bool event_print(const char *event, size_t size)
{
	const char *action = value_of(event, size, "ACTION"),
		   *path = value_of(event, size, "DEVPATH");

	if (!action || !path)
		return true;
	printf("%s %s", action, path);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = value_of(event, size, keys[i]);

		if (value)
			printf(" %s=%s", keys[i], value);
	}
	return putchar('\n') != EOF && fflush(stdout) == 0;
}

int main(void)
{
	char event[EVENT_MAX + 1];
	int fd = uevents_open();
	ssize_t n;

	if (fd < 0) {
		fprintf(stderr, "uevents: %s\n", strerror(-fd));
		return 1;
	}
	fprintf(stderr, "listening\n");
	while ((n = recv(fd, event, EVENT_MAX, 0)) >= 0) {
		event[n] = '\0';
		if (!event_print(event, (size_t)n))
			return 1;
	}
	perror("uevents");
	return 1;
}
