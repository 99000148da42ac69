// SPDX-License-Identifier: Apache-2.0
/* Each attachment is told once, complete; each going once; whatever order things come in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/usb.h"
#include "usb_help.h"

#define KEYBOARD "0627:0001"
#define STICK	 "46f4:0001"

static const char *const keyboard[] = { "030101", NULL };
static const char *const stick[] = { "080650", NULL };

struct bench {
	struct scratch sys;
	struct usb_devices *devices;
	struct usb_device told[16];
	size_t n;
	int fail;
};

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	scratch_make(&bench->sys);
	assert_int_equal(usb_devices_new_at(dup(bench->sys.fd), &bench->devices), 0);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	usb_devices_free(bench->devices);
	scratch_remove(&bench->sys);
	free(bench);
	return 0;
}

static int on_device(const struct usb_device *device, void *userdata)
{
	struct bench *bench = userdata;

	assert_true(bench->n < 16);
	bench->told[bench->n++] = *device;
	return bench->fail;
}

static void uevent(struct bench *bench, const char *action, const char *port, unsigned number,
		   const char *ids)
{
	struct uevent u = usb_uevent(action, port, number, ids);

	assert_int_equal(usb_devices_uevent(bench->devices, &u, on_device, bench), 0);
}

static void rescan(struct bench *bench)
{
	assert_int_equal(usb_devices_rescan(bench->devices, on_device, bench), 0);
}

/* What was told since the last time, as "+1-1/5 -1-2/6". */
static void told(struct bench *bench, const char *expected)
{
	char text[512] = "";
	size_t n = 0;

	for (size_t i = 0; i < bench->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%c%s/%u", i ? " " : "",
				      bench->told[i].attached ? '+' : '-', bench->told[i].port,
				      bench->told[i].number);
	assert_string_equal(text, expected);
	bench->n = 0;
}

static void a_hotplug_is_told_once_at_bind(void **state)
{
	struct bench *bench = *state;
	const struct usb_device *device = &bench->told[0];

	rescan(bench);
	usb_plug(&bench->sys, "1-1.2", 5, STICK, stick);
	uevent(bench, "add", "1-1.2", 5, STICK);
	told(bench, "");
	uevent(bench, "bind", "1-1.2", 5, STICK);
	assert_int_equal(device->bus, 1);
	assert_string_equal(device->vendor, "46f4");
	assert_string_equal(device->product, "0001");
	assert_string_equal(device->class, "00");
	assert_int_equal(device->n_interfaces, 1);
	assert_string_equal(device->interfaces[0], "080650");
	assert_string_equal(device->manufacturer, "maker");
	assert_string_equal(device->name, "thing");
	assert_string_equal(device->serial, "serial");
	assert_false(device->truncated);
	told(bench, "+1-1.2/5");
	/* Again by a driver that came later, by a rescan, by other actions. */
	uevent(bench, "unbind", "1-1.2", 5, STICK);
	uevent(bench, "bind", "1-1.2", 5, STICK);
	uevent(bench, "add", "1-1.2", 5, STICK);
	uevent(bench, "change", "1-1.2", 5, STICK);
	rescan(bench);
	told(bench, "");
	usb_unplug(&bench->sys, "1-1.2");
	uevent(bench, "remove", "1-1.2", 5, STICK);
	assert_string_equal(device->serial, "serial");
	told(bench, "-1-1.2/5");
	uevent(bench, "remove", "1-1.2", 5, STICK);
	rescan(bench);
	told(bench, "");
}

static void interfaces_and_root_hubs_are_passed_over(void **state)
{
	struct bench *bench = *state;
	struct uevent u = usb_uevent("bind", "1-1:1.0", 5, STICK);

	u.device = false;
	assert_int_equal(usb_devices_uevent(bench->devices, &u, on_device, bench), 0);
	uevent(bench, "bind", "usb1", 1, "1d6b:0002");
	usb_plug(&bench->sys, "usb1", 1, "1d6b:0002", stick);
	scratch_text(&bench->sys, "bus/usb/devices/1-0:1.0/bInterfaceClass", "09\n");
	rescan(bench);
	told(bench, "");
}

static void one_that_went_before_bind_is_told_with_what_is_known(void **state)
{
	struct bench *bench = *state;

	usb_plug(&bench->sys, "1-1", 5, KEYBOARD, keyboard);
	uevent(bench, "add", "1-1", 5, KEYBOARD);
	usb_unplug(&bench->sys, "1-1");
	uevent(bench, "remove", "1-1", 5, KEYBOARD);
	assert_string_equal(bench->told[0].interfaces[0], "030101");
	assert_string_equal(bench->told[0].serial, "");
	told(bench, "+1-1/5 -1-1/5");
}

static void one_that_sysfs_never_showed_is_told_from_the_uevent(void **state)
{
	struct bench *bench = *state;

	uevent(bench, "add", "1-1", 5, KEYBOARD);
	uevent(bench, "bind", "1-1", 5, KEYBOARD);
	assert_string_equal(bench->told[0].vendor, "0627");
	assert_string_equal(bench->told[0].product, "0001");
	assert_int_equal(bench->told[0].n_interfaces, 0);
	told(bench, "+1-1/5");
}

/* The first is out and the second in its place before anybody looked. */
static void a_successor_in_the_port_lends_nothing(void **state)
{
	struct bench *bench = *state;

	usb_plug(&bench->sys, "1-1", 6, STICK, stick);
	uevent(bench, "add", "1-1", 5, KEYBOARD);
	uevent(bench, "bind", "1-1", 5, KEYBOARD);
	assert_string_equal(bench->told[0].vendor, "0627");
	assert_string_equal(bench->told[0].serial, "");
	assert_int_equal(bench->told[0].n_interfaces, 0);
	uevent(bench, "remove", "1-1", 5, KEYBOARD);
	uevent(bench, "add", "1-1", 6, STICK);
	uevent(bench, "bind", "1-1", 6, STICK);
	assert_string_equal(bench->told[2].interfaces[0], "080650");
	told(bench, "+1-1/5 -1-1/5 +1-1/6");
	/* A late word of the first does not end the second. */
	uevent(bench, "remove", "1-1", 5, KEYBOARD);
	told(bench, "");
}

static void a_lost_remove_is_made_up_for(void **state)
{
	struct bench *bench = *state;

	uevent(bench, "bind", "1-1", 5, KEYBOARD);
	uevent(bench, "add", "1-1", 6, KEYBOARD);
	uevent(bench, "bind", "1-1", 6, KEYBOARD);
	told(bench, "+1-1/5 -1-1/5 +1-1/6");
}

static void a_rescan_tells_the_difference(void **state)
{
	struct bench *bench = *state;

	usb_plug(&bench->sys, "1-1", 2, KEYBOARD, keyboard);
	rescan(bench);
	assert_string_equal(bench->told[0].name, "thing");
	told(bench, "+1-1/2");
	usb_plug(&bench->sys, "1-2", 3, STICK, stick);
	rescan(bench);
	told(bench, "+1-2/3");
	usb_unplug(&bench->sys, "1-1");
	rescan(bench);
	told(bench, "-1-1/2");
	usb_unplug(&bench->sys, "1-2");
	usb_plug(&bench->sys, "1-2", 4, KEYBOARD, keyboard);
	rescan(bench);
	told(bench, "-1-2/3 +1-2/4");
	/* The bus was made anew and counts from the same number. */
	usb_unplug(&bench->sys, "1-2");
	usb_plug(&bench->sys, "1-2", 4, STICK, stick);
	rescan(bench);
	assert_string_equal(bench->told[1].interfaces[0], "080650");
	told(bench, "-1-2/4 +1-2/4");
	/* The driver is unloaded: no bus at all. */
	scratch_drop(&bench->sys, "bus");
	rescan(bench);
	told(bench, "-1-2/4");
	rescan(bench);
	told(bench, "");
}

static void a_rescan_completes_what_was_only_announced(void **state)
{
	struct bench *bench = *state;

	usb_plug(&bench->sys, "1-1", 2, KEYBOARD, keyboard);
	uevent(bench, "add", "1-1", 2, KEYBOARD);
	uevent(bench, "add", "1-3", 3, STICK); /* gone already */
	rescan(bench);
	told(bench, "+1-1/2 +1-3/3 -1-3/3");
	uevent(bench, "bind", "1-1", 2, KEYBOARD);
	told(bench, "");
}

static void an_error_of_the_listener_is_passed_up(void **state)
{
	struct bench *bench = *state;
	struct uevent u = usb_uevent("bind", "1-1", 5, STICK);

	bench->fail = -EIO;
	assert_int_equal(usb_devices_uevent(bench->devices, &u, on_device, bench), -EIO);
	usb_plug(&bench->sys, "1-2", 6, STICK, stick);
	assert_int_equal(usb_devices_rescan(bench->devices, on_device, bench), -EIO);
	assert_int_equal(usb_devices_each(bench->devices, on_device, bench), -EIO);
}

static int count(const struct usb_device *device, void *userdata)
{
	(void)device;
	++*(unsigned *)userdata;
	return 0;
}

static void a_full_set_still_tells(void **state)
{
	struct bench *bench = *state;
	unsigned n = 0, known = 0;
	char port[32];

	for (unsigned i = 1; i <= 300; i++) {
		struct uevent u;

		snprintf(port, sizeof(port), "1-%u", i);
		u = usb_uevent("bind", port, i, STICK);
		assert_int_equal(usb_devices_uevent(bench->devices, &u, count, &n), 0);
	}
	assert_int_equal(n, 300);
	assert_int_equal(usb_devices_overflow(bench->devices), 44);
	assert_int_equal(usb_devices_each(bench->devices, count, &known), 0);
	assert_int_equal(known, 256);
}

/* The set and the tree agree after any row of deeds, and tellings alternate for each port. */
static void any_row_of_deeds_adds_up(void **state)
{
	struct bench *bench = *state;
	uint64_t seed = 0x5eed0006;
	unsigned number[4] = { 0 }, next = 2;
	bool open[4] = { false };
	char port[4][8];

	for (int i = 0; i < 4; i++)
		snprintf(port[i], sizeof(port[i]), "1-%d", i + 1);
	for (int round = 0; round < 2000; round++) {
		unsigned i = scratch_random(&seed) % 4, lost = scratch_random(&seed) % 4 == 0;

		if (!number[i]) {
			number[i] = next = next % 127 + 1;
			usb_plug(&bench->sys, port[i], number[i], STICK, stick);
			if (!lost) {
				uevent(bench, "add", port[i], number[i], STICK);
				uevent(bench, "bind", port[i], number[i], STICK);
			}
		} else {
			usb_unplug(&bench->sys, port[i]);
			if (!lost)
				uevent(bench, "remove", port[i], number[i], STICK);
			number[i] = 0;
		}
		if (lost)
			rescan(bench);
		for (size_t k = 0; k < bench->n; k++) {
			unsigned at = (unsigned)(bench->told[k].port[2] - '1');

			assert_int_equal(bench->told[k].attached, !open[at]);
			open[at] = bench->told[k].attached;
		}
		bench->n = 0;
		for (int k = 0; k < 4; k++)
			assert_int_equal(open[k], number[k] != 0);
	}
}

static void the_machines_own_sysfs_can_be_read(void **state)
{
	struct usb_devices *devices = NULL;
	unsigned n = 0;

	(void)state;
	assert_int_equal(usb_devices_new(&devices), 0);
	assert_int_equal(usb_devices_rescan(devices, count, &n), 0);
	assert_int_equal(usb_devices_overflow(devices), 0);
	usb_devices_free(devices);
	usb_devices_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hotplug_is_told_once_at_bind),
		TEST(interfaces_and_root_hubs_are_passed_over),
		TEST(one_that_went_before_bind_is_told_with_what_is_known),
		TEST(one_that_sysfs_never_showed_is_told_from_the_uevent),
		TEST(a_successor_in_the_port_lends_nothing),
		TEST(a_lost_remove_is_made_up_for),
		TEST(a_rescan_tells_the_difference),
		TEST(a_rescan_completes_what_was_only_announced),
		TEST(an_error_of_the_listener_is_passed_up),
		TEST(a_full_set_still_tells),
		TEST(any_row_of_deeds_adds_up),
		cmocka_unit_test(the_machines_own_sysfs_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
