// SPDX-License-Identifier: Apache-2.0
/* The tree has what evmon reads of the real one, in the same form. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "usb_help.h"

static void attribute(const struct scratch *sys, const char *port, const char *name,
		      const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "bus/usb/devices/%s/%s", port, name);
	scratch_text(sys, path, text);
}

void usb_plug(const struct scratch *sys, const char *port, unsigned number, const char *ids,
	      const char *const interfaces[])
{
	uint8_t descriptors[4096] = { 18, 1 };
	char text[64], path[PATH_MAX];
	size_t n = 18;

	snprintf(text, sizeof(text), "%u\n", number);
	attribute(sys, port, "devnum", text);
	attribute(sys, port, "busnum", "1\n");
	snprintf(text, sizeof(text), "%.4s\n", ids);
	attribute(sys, port, "idVendor", text);
	snprintf(text, sizeof(text), "%.4s\n", ids + 5);
	attribute(sys, port, "idProduct", text);
	attribute(sys, port, "bDeviceClass", "00\n");
	attribute(sys, port, "manufacturer", "maker\n");
	attribute(sys, port, "product", "thing\n");
	attribute(sys, port, "serial", "serial\n");
	memcpy(descriptors + n, "\x09\x02\xff\xff\x01\x01\x00\x80\x32", 9);
	n += 9;
	for (uint8_t i = 0; *interfaces; i++, interfaces++) {
		uint8_t interface[9] = { 9, 4, i };
		unsigned class;

		assert_int_equal(sscanf(*interfaces, "%x", &class), 1);
		interface[5] = (uint8_t)(class >> 16);
		interface[6] = (uint8_t)(class >> 8);
		interface[7] = (uint8_t) class;
		memcpy(descriptors + n, interface, 9);
		memcpy(descriptors + n + 9, "\x07\x05\x81\x03\x08\x00\x0a", 7); /* an endpoint */
		n += 16;
	}
	snprintf(path, sizeof(path), "bus/usb/devices/%s/descriptors", port);
	scratch_write(sys, path, descriptors, n);
}

void usb_unplug(const struct scratch *sys, const char *port)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "bus/usb/devices/%s", port);
	scratch_drop(sys, path);
}

struct uevent usb_uevent(const char *action, const char *port, unsigned number, const char *ids)
{
	struct uevent uevent = { .device = true, .bus = 1, .number = number, .class = "00" };

	snprintf(uevent.action, sizeof(uevent.action), "%s", action);
	snprintf(uevent.devpath, sizeof(uevent.devpath), "/devices/pci0000:00/usb1/%s", port);
	snprintf(uevent.vendor, sizeof(uevent.vendor), "%.4s", ids);
	snprintf(uevent.product, sizeof(uevent.product), "%.4s", ids + 5);
	return uevent;
}
