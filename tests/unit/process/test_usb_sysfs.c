// SPDX-License-Identifier: Apache-2.0
/* Descriptors and strings are the device's own words: read to their bounds and not beyond. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "process/usb_sysfs.h"
#include "usb_help.h"

static void ports_have_one_form(void **state)
{
	static const char *const good[] = { "1-1", "2-1.4", "10-1.2.3.4.5.6" };
	static const char *const wrong[] = {
		"",	"usb1", "1-1:1.0", "1",
		"1-",	"-1",	"1-1.",	   "1-.1",
		"1--1", "..",	"1-1/x",   "1-1 ",
		"1-a",	"1.1",	"1-1..2",  "1-1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(usb_port_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(usb_port_valid(wrong[i]));
}

/* A device descriptor and n bytes behind it, no byte more. */
static void parse(const uint8_t *data, size_t n, struct usb_device *device)
{
	uint8_t *exact = malloc(18 + n);

	assert_non_null(exact);
	memset(exact, 0, 18);
	memcpy(exact + 18, data, n);
	memset(device, 0, sizeof(*device));
	usb_descriptors_parse(exact, 18 + n, device);
	free(exact);
}

#define INTERFACE(number, setting, class, sub, proto) 9, 4, number, setting, 0, class, sub, proto, 0
#define CONFIGURATION				      9, 2, 0, 0, 1, 1, 0, 0x80, 50
#define ENDPOINT				      7, 5, 0x81, 3, 8, 0, 10

static void all_configurations_and_settings_count(void **state)
{
	static const uint8_t data[] = {
		CONFIGURATION, INTERFACE(0, 0, 8, 6, 0x50), ENDPOINT, INTERFACE(0, 1, 8, 6, 0x62),
		CONFIGURATION, INTERFACE(0, 0, 3, 1, 1),    ENDPOINT,
	};
	struct usb_device device;

	(void)state;
	parse(data, sizeof(data), &device);
	assert_int_equal(device.n_interfaces, 3);
	assert_string_equal(device.interfaces[0], "080650");
	assert_string_equal(device.interfaces[1], "080662");
	assert_string_equal(device.interfaces[2], "030101");
	assert_false(device.truncated);
}

static void settings_of_one_meaning_are_one(void **state)
{
	static const uint8_t data[] = {
		CONFIGURATION,
		INTERFACE(0, 0, 255, 0, 0),
		INTERFACE(0, 1, 255, 0, 0),
		INTERFACE(1, 0, 255, 0, 0),
		CONFIGURATION,
		INTERFACE(1, 0, 255, 0, 0),
	};
	struct usb_device device;

	(void)state;
	parse(data, sizeof(data), &device);
	assert_int_equal(device.n_interfaces, 2);
}

static void malformed_descriptors_end_the_reading(void **state)
{
	static const uint8_t data[] = { CONFIGURATION, INTERFACE(0, 0, 3, 1, 1), 0, 4, 1, 0 };
	static const uint8_t brief[] = { 2, 4, 9, 4, 0, 0, 0, 3 };
	struct usb_device device;

	(void)state;
	parse(data, sizeof(data), &device);
	assert_int_equal(device.n_interfaces, 1);
	assert_true(device.truncated);
	parse(brief, sizeof(brief), &device);
	assert_int_equal(device.n_interfaces, 0);
	assert_true(device.truncated);
	for (size_t n = 0; n < sizeof(data); n++)
		parse(data, n, &device);
	usb_descriptors_parse(data, 0, &device);
	assert_int_equal(device.n_interfaces, 0);
}

/* A hundred harmless interfaces do not hide the one that matters. */
static void a_keyboard_is_found_in_a_crowd(void **state)
{
	uint8_t data[102][9];
	struct usb_device device;
	bool hid = false, storage = false;

	(void)state;
	for (uint8_t i = 0; i < 102; i++) {
		const uint8_t interface[9] = { INTERFACE(i, 0, 0xff, 0, 0) };

		memcpy(data[i], interface, 9);
	}
	data[70][5] = 8;
	data[101][5] = 3;
	parse(data[0], sizeof(data), &device);
	assert_int_equal(device.n_interfaces, USB_INTERFACES_MAX);
	assert_true(device.truncated);
	for (size_t i = 0; i < device.n_interfaces; i++) {
		hid |= !strcmp(device.interfaces[i], "030000");
		storage |= !strcmp(device.interfaces[i], "080000");
	}
	assert_true(hid && storage);
}

/* Forty keyboards first and a disk behind them, and the reverse. */
static void one_kind_does_not_push_out_the_other(void **state)
{
	static const uint8_t kinds[2][2] = { { 3, 8 }, { 8, 3 } };
	uint8_t data[41][9];
	struct usb_device device;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		bool late = false, early = false;

		for (uint8_t i = 0; i < 41; i++) {
			const uint8_t interface[9] = { INTERFACE(i, 0, kinds[k][i == 40], 1, i) };

			memcpy(data[i], interface, 9);
		}
		parse(data[0], sizeof(data), &device);
		for (size_t i = 0; i < device.n_interfaces; i++) {
			early |= device.interfaces[i][1] == '0' + kinds[k][0];
			late |= device.interfaces[i][1] == '0' + kinds[k][1];
		}
		assert_true(early && late);
	}
}

static void noise_stays_in_its_bounds(void **state)
{
	uint64_t seed = 0x5eed0007;
	uint8_t data[512];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = scratch_random(&seed) % sizeof(data);
		struct usb_device device;

		scratch_bytes(&seed, data, n);
		for (size_t i = 0; i + 1 < n; i += 9) {
			data[i] = (uint8_t)(scratch_random(&seed) % 16 ? 9 : data[i]);
			data[i + 1] = 4;
		}
		parse(data, n, &device);
		assert_true(device.n_interfaces <= USB_INTERFACES_MAX);
		for (size_t i = 0; i < device.n_interfaces; i++)
			assert_int_equal(strlen(device.interfaces[i]), 6);
	}
}

static const char *const none[] = { NULL };

static void strings_are_bytes_with_a_bound(void **state)
{
	struct usb_device device;
	struct scratch sys;
	char text[400];

	(void)state;
	scratch_make(&sys);
	usb_plug(&sys, "1-1", 5, "0951:1666", none);
	memset(text, 'l', sizeof(text));
	memcpy(text + 125, "\xc3\xa9", 2); /* would be cut in two */
	text[380] = '\n';
	scratch_write(&sys, "bus/usb/devices/1-1/serial", text, 381);
	scratch_text(&sys, "bus/usb/devices/1-1/manufacturer", "new\nline\x1b\xff\n\n");
	scratch_drop(&sys, "bus/usb/devices/1-1/product");
	assert_int_equal(usb_sysfs_read(sys.fd, "1-1", &device), 0);
	assert_false(device.truncated);
	assert_string_equal(device.serial, "");
	usb_sysfs_strings(sys.fd, &device);
	assert_string_equal(device.manufacturer, "new\nline\x1b\xff\n");
	assert_string_equal(device.name, "");
	assert_int_equal(strlen(device.serial), 125);
	assert_true(device.truncated);

	text[126] = '\n';
	memcpy(text + 124, "xy", 2);
	scratch_write(&sys, "bus/usb/devices/1-1/serial", text, 127);
	assert_int_equal(usb_sysfs_read(sys.fd, "1-1", &device), 0);
	usb_sysfs_strings(sys.fd, &device);
	assert_int_equal(strlen(device.serial), 126);
	assert_false(device.truncated);
	scratch_remove(&sys);
}

static void what_sysfs_never_shows_is_no_device(void **state)
{
	static const char *const wrong[][2] = {
		{ "devnum", "x\n" },	   { "devnum", "1" },	       { "devnum", "" },
		{ "devnum", "1000\n" },	   { "busnum", "-1\n" },       { "idVendor", "0951" },
		{ "idVendor", "951\n" },   { "idProduct", "16666\n" }, { "idProduct", "1666\nx" },
		{ "bDeviceClass", "0\n" }, { "bDeviceClass", "0G\n" },
	};
	struct usb_device device = { .bus = 99 };
	struct scratch sys;
	char path[128];

	(void)state;
	scratch_make(&sys);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		usb_plug(&sys, "1-1", 5, "0951:1666", none);
		assert_int_equal(usb_sysfs_read(sys.fd, "1-1", &device), 0);
		device.bus = 99;
		snprintf(path, sizeof(path), "bus/usb/devices/1-1/%s", wrong[i][0]);
		scratch_text(&sys, path, wrong[i][1]);
		assert_int_equal(usb_sysfs_read(sys.fd, "1-1", &device), -ENODEV);
		assert_int_equal(device.bus, 99);
	}
	assert_int_equal(usb_sysfs_read(sys.fd, "1-2", &device), -ENODEV);
	assert_int_equal(usb_sysfs_read(sys.fd, "..", &device), -ENODEV);
	scratch_remove(&sys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_have_one_form),
		cmocka_unit_test(all_configurations_and_settings_count),
		cmocka_unit_test(settings_of_one_meaning_are_one),
		cmocka_unit_test(malformed_descriptors_end_the_reading),
		cmocka_unit_test(a_keyboard_is_found_in_a_crowd),
		cmocka_unit_test(one_kind_does_not_push_out_the_other),
		cmocka_unit_test(noise_stays_in_its_bounds),
		cmocka_unit_test(strings_are_bytes_with_a_bound),
		cmocka_unit_test(what_sysfs_never_shows_is_no_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
