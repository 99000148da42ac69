// SPDX-License-Identifier: Apache-2.0
/*
 * Only the kernel's own uevents count, and what ran over is told. Root can send to any socket's
 * port, to the kernel's group, and since 4.18 have the kernel itself pass on what it made up, whose
 * sender then is port 0: there the credentials are the sender's still. It happens in a network
 * namespace of its own, so nobody else hears of it; who may not have one skips.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "base/macros.h"
#include "kernel/uevent.h"

#define FORGED                                                                            \
	"bind@/devices/usb1/1-1\0ACTION=bind\0DEVPATH=/devices/usb1/1-1\0SUBSYSTEM=usb\0" \
	"DEVTYPE=usb_device\0PRODUCT=627/1/0\0TYPE=0/0/0\0BUSNUM=1\0DEVNUM=9"

#define TRIGGER "/sys/devices/virtual/mem/null/uevent"

enum {
	BURST = 500
};

struct bench {
	int fd;	     /* evmon's */
	int witness; /* anybody's, which takes all */
	int sender;
	uint32_t port;
	unsigned n, forged;
};

static uint32_t port_of(int fd)
{
	struct sockaddr_nl address;
	socklen_t size = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	return address.nl_pid;
}

static int plain_socket(uint32_t groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	*state = bench;
	bench->fd = bench->witness = bench->sender = -1;
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	assert_int_equal(uevent_open(&bench->fd), 0);
	bench->port = port_of(bench->fd);
	bench->witness = plain_socket(1);
	bench->sender = plain_socket(0);
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	closep(&bench->fd);
	closep(&bench->witness);
	closep(&bench->sender);
	free(bench);
	return 0;
}

static struct bench *bench_of(void **state)
{
	struct bench *bench = *state;

	if (bench->fd < 0)
		skip();
	return bench;
}

static int on_datagram(const void *data, size_t size, void *userdata)
{
	struct bench *bench = userdata;

	assert_true(size > 0);
	bench->n++;
	bench->forged += size >= sizeof(FORGED) && !memcmp(data, FORGED, sizeof(FORGED));
	return 0;
}

static void sent(const struct bench *bench, uint32_t port, uint32_t groups)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups };

	assert_int_equal(sendto(bench->sender, FORGED, sizeof(FORGED), 0, (struct sockaddr *)&to,
				sizeof(to)),
			 sizeof(FORGED));
}

/* How many there are at the witness; those that somebody else caused are not counted. */
static unsigned witnessed(const struct bench *bench)
{
	char data[8192];
	unsigned count = 0;
	ssize_t size;

	while ((size = recv(bench->witness, data, sizeof(data), 0)) >= 0)
		count += (size_t)size >= sizeof(FORGED) && !memcmp(data, FORGED, sizeof(FORGED));
	assert_int_equal(errno, EAGAIN);
	return count;
}

static void nothing_is_taken(struct bench *bench)
{
	assert_int_equal(uevent_drain(bench->fd, on_datagram, bench), 0);
	assert_int_equal(bench->forged, 0);
}

static void one_sent_to_its_port_is_passed_over(void **state)
{
	struct bench *bench = bench_of(state);

	sent(bench, bench->port, 0);
	nothing_is_taken(bench);
}

static void one_sent_to_the_group_is_passed_over(void **state)
{
	struct bench *bench = bench_of(state);

	sent(bench, 0, 1);
	assert_int_equal(witnessed(bench), 1);
	nothing_is_taken(bench);
}

static void one_that_the_kernel_passes_on_is_passed_over(void **state)
{
	struct bench *bench = bench_of(state);
	struct {
		struct nlmsghdr header;
		char text[sizeof(FORGED)];
	} message = { .header = { .nlmsg_len = sizeof(message),
				  .nlmsg_type = NLMSG_MIN_TYPE,
				  .nlmsg_flags = NLM_F_REQUEST } };
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	memcpy(message.text, FORGED, sizeof(FORGED));
	message.header.nlmsg_len = NLMSG_HDRLEN + sizeof(FORGED);
	assert_int_equal(sendto(bench->sender, &message, message.header.nlmsg_len, 0,
				(struct sockaddr *)&to, sizeof(to)),
			 message.header.nlmsg_len);
	if (!witnessed(bench)) /* this kernel does not */
		skip();
	nothing_is_taken(bench);
}

static void the_kernels_own_is_taken(void **state)
{
	struct bench *bench = bench_of(state);
	int fd = open(TRIGGER, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, "change", 6);

	closep(&fd);
	if (n != 6)
		skip();
	assert_int_equal(uevent_drain(bench->fd, on_datagram, bench), 0);
	assert_true(bench->n >= 1);
}

static void what_ran_over_is_told_once(void **state)
{
	struct bench *bench = bench_of(state);
	int bytes = 1;

	/* Above the kernel's least there is room for a handful. */
	assert_int_equal(setsockopt(bench->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
	for (int i = 0; i < BURST; i++)
		sent(bench, 0, 1);
	assert_int_equal(uevent_drain(bench->fd, on_datagram, bench), 1);
	assert_int_equal(uevent_drain(bench->fd, on_datagram, bench), 0);
	assert_int_equal(bench->forged, 0);
	sent(bench, 0, 1);
	assert_int_equal(uevent_drain(bench->fd, on_datagram, bench), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_sent_to_its_port_is_passed_over),
		TEST(one_sent_to_the_group_is_passed_over),
		TEST(one_that_the_kernel_passes_on_is_passed_over),
		TEST(the_kernels_own_is_taken),
		TEST(what_ran_over_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
