// SPDX-License-Identifier: Apache-2.0
/* The supervisor's ear is a socket of the test: what it hears, and what it does not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/notify.h"
#include "base/watchdog.h"

struct ear {
	int fd;
	char heard[64];
};

static int ear_open(void **state)
{
	static struct ear ear;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char pid[16];
	int n;

	n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "evmon-test-watchdog-%d",
		     (int)getpid());
	ear.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ear.fd < 0 ||
	    bind(ear.fd, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0)
		return -1;
	address.sun_path[0] = '@';
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	setenv("WATCHDOG_USEC", "40000000", 1);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	*state = &ear;
	return 0;
}

static int ear_close(void **state)
{
	struct ear *ear = *state;

	close(ear->fd);
	return 0;
}

/* The next word, or "" if none was said: a datagram is there when sendto() has returned. */
static const char *next(struct ear *ear)
{
	ssize_t n = recv(ear->fd, ear->heard, sizeof(ear->heard) - 1, 0);

	ear->heard[n < 0 ? 0 : n] = '\0';
	return ear->heard;
}

static void who_is_well_feeds_it(void **state)
{
	struct watchdog watchdog;

	watchdog_init(&watchdog);
	assert_int_equal(watchdog.asked_us, 40000000);
	assert_int_equal(watchdog.next_ns, 0);
	for (int i = 0; i < 3; i++) {
		uint64_t before = clock_boot_ns();

		watchdog_tell(&watchdog, true);
		assert_string_equal(next(*state), "WATCHDOG=1");
		assert_true(watchdog.next_ns >= before + 10000000000ULL);
		assert_true(watchdog.next_ns <= clock_boot_ns() + 10000000000ULL);
	}
	assert_string_equal(next(*state), "");
}

static void who_is_not_well_does_not_and_is_given_an_hour(void **state)
{
	struct watchdog watchdog;

	watchdog_init(&watchdog);
	watchdog_tell(&watchdog, false);
	assert_string_equal(next(*state), "WATCHDOG_USEC=3600000000");
	for (int i = 0; i < 500; i++) /* each word would begin another hour */
		watchdog_tell(&watchdog, false);
	assert_string_equal(next(*state), "");
	watchdog_tell(&watchdog, true);
	assert_string_equal(next(*state), "WATCHDOG_USEC=40000000");
	assert_string_equal(next(*state), "WATCHDOG=1");
	watchdog_tell(&watchdog, false);
	assert_string_equal(next(*state), "WATCHDOG_USEC=3600000000");
}

static void one_that_waits_longer_is_not_made_to_wait_less(void **state)
{
	struct watchdog watchdog;

	setenv("WATCHDOG_USEC", "7200000000", 1);
	watchdog_init(&watchdog);
	watchdog_tell(&watchdog, false);
	assert_string_equal(next(*state), "");
	watchdog_tell(&watchdog, true);
	assert_string_equal(next(*state), "WATCHDOG=1");
	setenv("WATCHDOG_USEC", "40000000", 1);
}

static void without_one_nothing_is_said(void **state)
{
	static const char *const usecs[] = { "", "0", "-1", "x", "10s", "99999999999999999999999" };
	struct watchdog watchdog;

	for (size_t i = 0; i < sizeof(usecs) / sizeof(usecs[0]); i++) {
		setenv("WATCHDOG_USEC", usecs[i], 1);
		watchdog_init(&watchdog);
		assert_int_equal(watchdog.next_ns, UINT64_MAX);
		watchdog_tell(&watchdog, true);
		watchdog_tell(&watchdog, false);
		assert_string_equal(next(*state), "");
	}
	setenv("WATCHDOG_USEC", "40000000", 1);
	setenv("WATCHDOG_PID", "1", 1); /* another's */
	watchdog_init(&watchdog);
	watchdog_tell(&watchdog, true);
	assert_string_equal(next(*state), "");
}

static void what_a_supervisor_is_told_arrives_whole(void **state)
{
	notify_supervisor("RELOADING=1\nMONOTONIC_USEC=17");
	assert_string_equal(next(*state), "RELOADING=1\nMONOTONIC_USEC=17");
	unsetenv("NOTIFY_SOCKET");
	notify_supervisor("READY=1");
	assert_string_equal(next(*state), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_well_feeds_it),
		cmocka_unit_test(who_is_not_well_does_not_and_is_given_an_hour),
		cmocka_unit_test(one_that_waits_longer_is_not_made_to_wait_less),
		cmocka_unit_test(without_one_nothing_is_said),
		cmocka_unit_test(what_a_supervisor_is_told_arrives_whole),
	};

	return cmocka_run_group_tests(tests, ear_open, ear_close);
}
