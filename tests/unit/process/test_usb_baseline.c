// SPDX-License-Identifier: Apache-2.0
/* What the first start saw is known again, exactly, and nothing else is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "process/usb.h"
#include "usb_help.h"

#define FILE_NAME "usb-baseline"
#define HEAD	  "evmon usb baseline 1\n"

static const char *const stick[] = { "080650", NULL };

static int ignore(const struct usb_device *device, void *userdata)
{
	if (userdata)
		*(struct usb_device *)userdata = *device;
	return 0;
}

static void devices_are_known_again(void **state)
{
	_cleanup_(usb_devices_freep) struct usb_devices *devices = NULL;
	_cleanup_(usb_baseline_freep) struct usb_baseline *baseline = NULL;
	struct usb_device device, other;
	struct scratch scratch;
	struct stat st;

	(void)state;
	scratch_make(&scratch);
	assert_int_equal(usb_baseline_load(scratch.fd, &baseline), -ENOENT);
	usb_plug(&scratch, "1-1", 2, "0951:1666", stick);
	scratch_text(&scratch, "bus/usb/devices/1-1/serial", "tab\there\\n\nline \xff\n");
	assert_int_equal(usb_devices_new_at(dup(scratch.fd), &devices), 0);
	assert_int_equal(usb_devices_rescan(devices, ignore, &device), 0);
	assert_int_equal(usb_baseline_save(scratch.fd, devices), 0);
	assert_int_equal(fstatat(scratch.fd, FILE_NAME, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	assert_int_equal(usb_baseline_load(scratch.fd, &baseline), 0);
	assert_true(usb_baseline_has(baseline, &device));
	device.number = 77; /* a new number after each boot */
	assert_true(usb_baseline_has(baseline, &device));
#define OTHER(field, value)                                              \
	do {                                                             \
		other = device;                                          \
		snprintf(other.field, sizeof(other.field), "%s", value); \
		assert_false(usb_baseline_has(baseline, &other));        \
	} while (0)
	OTHER(port, "1-2");
	OTHER(vendor, "0952");
	OTHER(product, "1667");
	OTHER(serial, "tab\there\\n\nline ");
	OTHER(serial, "");
#undef OTHER
	scratch_remove(&scratch);
}

static void no_device_is_a_baseline_too(void **state)
{
	_cleanup_(usb_devices_freep) struct usb_devices *devices = NULL;
	_cleanup_(usb_baseline_freep) struct usb_baseline *baseline = NULL;
	struct usb_device device = { .port = "1-1" };
	struct scratch scratch;

	(void)state;
	scratch_make(&scratch);
	assert_int_equal(usb_devices_new_at(dup(scratch.fd), &devices), 0);
	assert_int_equal(usb_devices_rescan(devices, ignore, NULL), 0);
	assert_int_equal(usb_baseline_save(scratch.fd, devices), 0);
	assert_int_equal(usb_baseline_load(scratch.fd, &baseline), 0);
	assert_false(usb_baseline_has(baseline, &device));
	scratch_remove(&scratch);
}

static void a_damaged_file_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"evmon usb baseline 2\n",
		"evmon usb baseline 1",
		HEAD "1-1\t0951\t1666\tserial", /* cut */
		HEAD "1-1\t0951\t1666\n",	/* a field less */
		HEAD "usb1\t0951\t1666\tx\n",
		HEAD "1-1\t951\t1666\tx\n",
		HEAD "1-1\t0951\t1666\t\\\n",	 /* half an escape */
		HEAD "1-1\t0951\t1666\t\\x00\n", /* no string has it */
		HEAD "\n",
	};
	struct usb_baseline *baseline = NULL;
	struct scratch scratch;
	char long_line[2048];

	(void)state;
	scratch_make(&scratch);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		scratch_text(&scratch, FILE_NAME, wrong[i]);
		assert_int_equal(usb_baseline_load(scratch.fd, &baseline), -EBADMSG);
	}
	scratch_write(&scratch, FILE_NAME, HEAD "\0", sizeof(HEAD));
	assert_int_equal(usb_baseline_load(scratch.fd, &baseline), -EBADMSG);
	memset(long_line, 's', sizeof(long_line));
	memcpy(long_line, HEAD "1-1\t0951\t1666\t", sizeof(HEAD) + 13);
	long_line[sizeof(long_line) - 1] = '\n';
	scratch_write(&scratch, FILE_NAME, long_line, sizeof(long_line));
	assert_int_equal(usb_baseline_load(scratch.fd, &baseline), -EBADMSG);
	assert_null(baseline);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_are_known_again),
		cmocka_unit_test(no_device_is_a_baseline_too),
		cmocka_unit_test(a_damaged_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
