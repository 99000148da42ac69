// SPDX-License-Identifier: Apache-2.0
/*
 * What sysfs says of one device. The directory is opened once: if the device is pulled out and
 * another one takes its port, reads fail instead of mixing the two.
 *
 * Interfaces come from `descriptors`, which the kernel keeps in memory and shows without a lock,
 * for all configurations and whether or not the device may be used (drivers/usb/core/sysfs.c), and
 * not from the directories of the interfaces, which appear later and only for what is in use. The
 * kernel has cut the blocks of each configuration at the first malformed descriptor
 * (usb_parse_configuration), so the whole is one row of descriptors, each with its length first.
 */
#include "process/usb_sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"

enum {
	DESCRIPTORS_MAX = 128 << 10, /* the file shows 18 + 65535 bytes at most */
	DEVICE_BYTES = 18,
	TYPE_INTERFACE = 4,
	INTERFACE_BYTES = 9,
	ATTRIBUTE_MAX = 512 /* a string is at most 126 UTF-16 units, 378 bytes of UTF-8 */
};

#define CLASS_HID     "03"
#define CLASS_STORAGE "08"

bool usb_port_valid(const char *name)
{
	size_t n = strspn(name, "0123456789");

	if (!n || name[n] != '-' || strlen(name) >= sizeof(((struct usb_device *)0)->port))
		return false;
	do {
		name += n + 1;
		n = strspn(name, "0123456789");
	} while (n && name[n] == '.');
	return n && !name[n];
}

static bool offers_class(const struct usb_device *device, const char *class)
{
	for (size_t i = 0; i < device->n_interfaces; i++)
		if (!strncmp(device->interfaces[i], class, 2))
			return true;
	return false;
}

/* HID and storage decide the judgement: the first of either finds a place in a full list. If the
 * list holds nothing but the other one, its last entry is not the only one of its kind. */
static void interface_add(struct usb_device *device, const char text[7])
{
	size_t at = USB_INTERFACES_MAX - 1;

	if (device->n_interfaces < USB_INTERFACES_MAX) {
		memcpy(device->interfaces[device->n_interfaces++], text, 7);
		return;
	}
	device->truncated = true;
	if ((strncmp(text, CLASS_HID, 2) != 0 && strncmp(text, CLASS_STORAGE, 2) != 0) ||
	    offers_class(device, text))
		return;
	while (at && (!strncmp(device->interfaces[at], CLASS_HID, 2) ||
		      !strncmp(device->interfaces[at], CLASS_STORAGE, 2)))
		at--;
	memcpy(device->interfaces[at ? at : USB_INTERFACES_MAX - 1], text, 7);
}

/* The same interface with the same meaning was there before, in another setting or configuration.
 * Numbers are kept by place; beyond the last place only meanings count. */
static bool interface_known(const struct usb_device *device, const uint8_t *numbers, uint8_t number,
			    const char text[7])
{
	for (size_t i = 0; i < device->n_interfaces; i++)
		if (numbers[i] == number && !strcmp(device->interfaces[i], text))
			return true;
	return false;
}

void usb_descriptors_parse(const uint8_t *data, size_t size, struct usb_device *device)
{
	uint8_t numbers[USB_INTERFACES_MAX] = { 0 };
	size_t length;

	device->n_interfaces = 0;
	for (size_t at = DEVICE_BYTES; at < size; at += length) {
		const uint8_t *d = data + at;
		char text[7];

		length = d[0];
		if (length < 2 || length > size - at) {
			device->truncated = true;
			return;
		}
		if (d[1] != TYPE_INTERFACE || length < INTERFACE_BYTES)
			continue;
		snprintf(text, sizeof(text), "%02x%02x%02x", d[5], d[6], d[7]);
		if (interface_known(device, numbers, d[2], text))
			continue;
		if (device->n_interfaces < USB_INTERFACES_MAX)
			numbers[device->n_interfaces] = d[2];
		interface_add(device, text);
	}
}

static int read_hex(int dir_fd, const char *name, char *to, size_t digits)
{
	char text[16];
	ssize_t n = file_read_into(dir_fd, name, text, sizeof(text));

	if (n < 0)
		return -ENODEV;
	if (strspn(text, "0123456789abcdef") != digits || strcmp(text + digits, "\n") != 0)
		return -ENODEV;
	memcpy(to, text, digits);
	to[digits] = '\0';
	return 0;
}

static int read_number(int dir_fd, const char *name, unsigned *ret_number)
{
	char text[16];
	size_t digits;

	if (file_read_into(dir_fd, name, text, sizeof(text)) < 0)
		return -ENODEV;
	digits = strspn(text, "0123456789");
	if (!digits || digits > 3 || strcmp(text + digits, "\n") != 0)
		return -ENODEV;
	*ret_number = (unsigned)strtoul(text, NULL, 10);
	return 0;
}

static int device_open(int sys_fd, const char *port)
{
	char path[sizeof(USB_SYSFS_DEVICES) + sizeof(((struct usb_device *)0)->port)];

	snprintf(path, sizeof(path), USB_SYSFS_DEVICES "/%.31s", port);
	return openat(sys_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int usb_sysfs_read(int sys_fd, const char *port, struct usb_device *ret_device)
{
	_cleanup_(closep) int fd = device_open(sys_fd, port);
	_cleanup_(freep) char *descriptors = NULL;
	struct usb_device device = { .attached = true };
	size_t size;

	if (fd < 0 || !usb_port_valid(port))
		return -ENODEV;
	memcpy(device.port, port, strlen(port) + 1);
	if (read_number(fd, "busnum", &device.bus) || read_number(fd, "devnum", &device.number) ||
	    read_hex(fd, "idVendor", device.vendor, 4) ||
	    read_hex(fd, "idProduct", device.product, 4) ||
	    read_hex(fd, "bDeviceClass", device.class, 2))
		return -ENODEV;
	if (!file_read(fd, "descriptors", DESCRIPTORS_MAX, &descriptors, &size))
		usb_descriptors_parse((const uint8_t *)descriptors, size, &device);
	*ret_device = device;
	return 0;
}

int usb_sysfs_open(int sys_fd, const struct usb_device *device)
{
	_cleanup_(closep) int fd = -1;
	unsigned number;

	if (!usb_port_valid(device->port))
		return -ENODEV;
	fd = device_open(sys_fd, device->port);
	if (fd < 0 || read_number(fd, "devnum", &number) || number != device->number)
		return -ENODEV;
	return TAKE_FD(fd);
}

/* A string and the newline that sysfs puts behind it; there may be more in the string itself. */
static void read_text(int dir_fd, const char *name, char to[USB_TEXT_MAX], bool *ret_truncated)
{
	char text[ATTRIBUTE_MAX];
	ssize_t n = file_read_into(dir_fd, name, text, sizeof(text));
	size_t kept;

	if (n <= 0)
		return;
	if (text[n - 1] == '\n')
		n--;
	kept = escape_cut(text, strnlen(text, (size_t)n), USB_TEXT_MAX - 1);
	if (kept < (size_t)n)
		*ret_truncated = true;
	memcpy(to, text, kept);
	to[kept] = '\0';
}

void usb_sysfs_strings(int sys_fd, struct usb_device *device)
{
	_cleanup_(closep) int fd = usb_sysfs_open(sys_fd, device);

	if (fd < 0)
		return;
	read_text(fd, "manufacturer", device->manufacturer, &device->truncated);
	read_text(fd, "product", device->name, &device->truncated);
	read_text(fd, "serial", device->serial, &device->truncated);
}
