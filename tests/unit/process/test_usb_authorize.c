// SPDX-License-Identifier: Apache-2.0
/* The switch is read and written for that very device alone, and never a root hub's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/file.h"
#include "process/usb_sysfs.h"
#include "usb_help.h"

#define DEVICES "bus/usb/devices/"

static const char *const stick[] = { "080650", NULL };

static int setup(void **state)
{
	struct scratch *sys = calloc(1, sizeof(*sys));

	assert_non_null(sys);
	scratch_make(sys);
	*state = sys;
	return 0;
}

static int teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static void file_is(const struct scratch *sys, const char *path, const char *text)
{
	char buffer[32];

	assert_true(file_read_into(sys->fd, path, buffer, sizeof(buffer)) >= 0);
	assert_string_equal(buffer, text);
}

static void bus(const struct scratch *sys, const char *fallback)
{
	scratch_text(sys, DEVICES "usb1/authorized", "1\n");
	scratch_text(sys, DEVICES "usb1/authorized_default", fallback);
}

static struct usb_device plugged(const struct scratch *sys)
{
	struct usb_device device;

	usb_plug(sys, "1-2", 7, "0951:1666", stick);
	scratch_text(sys, DEVICES "1-2/authorized", "1\n");
	assert_int_equal(usb_sysfs_read(sys->fd, "1-2", &device), 0);
	return device;
}

static void it_is_taken_out_and_let_in(void **state)
{
	struct scratch *sys = *state;
	struct usb_device device = plugged(sys);

	assert_int_equal(usb_sysfs_authorized(sys->fd, &device), 1);
	assert_int_equal(usb_sysfs_authorize(sys->fd, &device, false), 0);
	file_is(sys, DEVICES "1-2/authorized", "0\n");
	assert_int_equal(usb_sysfs_authorized(sys->fd, &device), 0);
	assert_int_equal(usb_sysfs_authorize(sys->fd, &device, true), 0);
	file_is(sys, DEVICES "1-2/authorized", "1\n");
}

/* Another device has taken the port: it is not the one that was judged. */
static void its_successor_is_not_touched(void **state)
{
	struct scratch *sys = *state;
	struct usb_device device = plugged(sys);

	scratch_text(sys, DEVICES "1-2/devnum", "8\n");
	assert_int_equal(usb_sysfs_authorized(sys->fd, &device), -ENODEV);
	assert_int_equal(usb_sysfs_authorize(sys->fd, &device, false), -ENODEV);
	file_is(sys, DEVICES "1-2/authorized", "1\n");
	usb_unplug(sys, "1-2");
	assert_int_equal(usb_sysfs_authorize(sys->fd, &device, false), -ENODEV);
}

static void a_root_hub_is_not_touched(void **state)
{
	struct scratch *sys = *state;
	struct usb_device device = { .bus = 1, .number = 1, .port = "usb1" };

	bus(sys, "1\n");
	scratch_text(sys, DEVICES "usb1/devnum", "1\n");
	assert_int_equal(usb_sysfs_authorized(sys->fd, &device), -ENODEV);
	assert_int_equal(usb_sysfs_authorize(sys->fd, &device, false), -ENODEV);
	file_is(sys, DEVICES "usb1/authorized", "1\n");
}

static void a_bus_says_whether_refusal_is_late(void **state)
{
	struct scratch *sys = *state;

	assert_int_equal(usb_sysfs_may_authorize(sys->fd), -ENODEV);
	bus(sys, "0\n");
	assert_int_equal(usb_sysfs_may_authorize(sys->fd), 0);
	bus(sys, "2\n");
	assert_int_equal(usb_sysfs_may_authorize(sys->fd), 0);
	bus(sys, "1\n");
	assert_int_equal(usb_sysfs_may_authorize(sys->fd), 1);
	/* One bus that does not wait is enough. */
	scratch_text(sys, DEVICES "usb2/authorized", "1\n");
	scratch_text(sys, DEVICES "usb2/authorized_default", "0\n");
	assert_int_equal(usb_sysfs_may_authorize(sys->fd), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_taken_out_and_let_in, setup, teardown),
		cmocka_unit_test_setup_teardown(its_successor_is_not_touched, setup, teardown),
		cmocka_unit_test_setup_teardown(a_root_hub_is_not_touched, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bus_says_whether_refusal_is_late, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
