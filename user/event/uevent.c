// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's announcement of a device (lib/kobject_uevent.c). The words come from the kernel, yet
 * DEVPATH leads into sysfs and is used to open files there, so it must be a clean absolute path.
 * Nothing is skipped in silence: one malformed pair, or a key twice, spoils the whole message.
 *
 * Messages that somebody made by writing to a `uevent` file (udevadm trigger; SYNTH_UUID, since
 * 4.13) tell of nothing that happened and count as another subsystem's.
 */
#include "event/uevent.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

enum pair_key {
	KEY_ACTION,
	KEY_DEVPATH,
	KEY_SUBSYSTEM,
	KEY_DEVTYPE,
	KEY_PRODUCT,
	KEY_TYPE,
	KEY_BUSNUM,
	KEY_DEVNUM,
	KEY_SYNTH_UUID,
	KEY_MAX
};

static const char *const key_names[KEY_MAX] = {
	[KEY_ACTION] = "ACTION",   [KEY_DEVPATH] = "DEVPATH", [KEY_SUBSYSTEM] = "SUBSYSTEM",
	[KEY_DEVTYPE] = "DEVTYPE", [KEY_PRODUCT] = "PRODUCT", [KEY_TYPE] = "TYPE",
	[KEY_BUSNUM] = "BUSNUM",   [KEY_DEVNUM] = "DEVNUM",   [KEY_SYNTH_UUID] = "SYNTH_UUID",
};

/* Values point into the datagram, whose last byte is a NUL. */
struct pairs {
	const char *value[KEY_MAX];
};

static int pairs_take(struct pairs *pairs, const char *pair)
{
	const char *equals = strchr(pair, '=');

	if (!equals || equals == pair)
		return -EBADMSG;
	for (int key = 0; key < KEY_MAX; key++) {
		size_t n = strlen(key_names[key]);

		if ((size_t)(equals - pair) != n || memcmp(pair, key_names[key], n) != 0)
			continue;
		if (pairs->value[key])
			return -EBADMSG;
		pairs->value[key] = equals + 1;
	}
	return 0;
}

/* "ACTION@DEVPATH" says what the pairs say again. */
static bool header_agrees(const char *header, const struct pairs *pairs)
{
	const char *at = strchr(header, '@');
	const char *action = pairs->value[KEY_ACTION];
	const char *devpath = pairs->value[KEY_DEVPATH];

	if (!at || !action || !devpath || !pairs->value[KEY_SUBSYSTEM])
		return false;
	return (size_t)(at - header) == strlen(action) &&
	       !memcmp(header, action, (size_t)(at - header)) && !strcmp(at + 1, devpath);
}

static int pairs_parse(const char *data, size_t size, struct pairs *ret_pairs)
{
	struct pairs pairs = { 0 };

	if (!size || data[size - 1])
		return -EBADMSG;
	for (size_t at = strlen(data) + 1; at < size; at += strlen(data + at) + 1) {
		int err = pairs_take(&pairs, data + at);

		if (err)
			return err;
	}
	if (!header_agrees(data, &pairs))
		return -EBADMSG;
	*ret_pairs = pairs;
	return 0;
}

/* Absolute, no empty component, no "." and no "..". */
static bool path_is_clean(const char *path)
{
	if (*path != '/')
		return false;
	while (*path) {
		size_t n = strcspn(++path, "/");

		if (!n || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += n;
	}
	return true;
}

static int copy_action(const char *action, char to[16])
{
	size_t n = strspn(action, "abcdefghijklmnopqrstuvwxyz");

	if (!n || n > 15 || action[n])
		return -EBADMSG;
	memcpy(to, action, n + 1);
	return 0;
}

static int copy_path(const char *path, char to[UEVENT_PATH_MAX])
{
	size_t n = strlen(path);

	if (n >= UEVENT_PATH_MAX || !path_is_clean(path))
		return -EBADMSG;
	memcpy(to, path, n + 1);
	return 0;
}

/* A number of the base that ends at `end`, at most max; moves *at behind the end's character. */
static int take_number(const char **at, int base, char end, unsigned long max, unsigned *ret_number)
{
	unsigned long number;
	char *stop;

	/* strtoul() would take signs and blanks. */
	if (!isxdigit((unsigned char)**at))
		return -EBADMSG;
	errno = 0;
	number = strtoul(*at, &stop, base);
	if (errno || stop == *at || *stop != end || number > max)
		return -EBADMSG;
	*at = end ? stop + 1 : stop;
	*ret_number = (unsigned)number;
	return 0;
}

/* PRODUCT is "%x/%x/%x", vendor, product, release; TYPE is "%d/%d/%d", the device's class first. */
static int decode_ids(const struct pairs *pairs, struct uevent *uevent)
{
	const char *product = pairs->value[KEY_PRODUCT], *type = pairs->value[KEY_TYPE];
	unsigned number[6];

	if (!product || !type || take_number(&product, 16, '/', 0xffff, &number[0]) ||
	    take_number(&product, 16, '/', 0xffff, &number[1]) ||
	    take_number(&product, 16, '\0', 0xffff, &number[2]) ||
	    take_number(&type, 10, '/', 0xff, &number[3]) ||
	    take_number(&type, 10, '/', 0xff, &number[4]) ||
	    take_number(&type, 10, '\0', 0xff, &number[5]))
		return -EBADMSG;
	snprintf(uevent->vendor, sizeof(uevent->vendor), "%04x", number[0] & 0xffff);
	snprintf(uevent->product, sizeof(uevent->product), "%04x", number[1] & 0xffff);
	snprintf(uevent->class, sizeof(uevent->class), "%02x", number[3] & 0xff);
	return 0;
}

static int decode_place(const struct pairs *pairs, struct uevent *uevent)
{
	const char *bus = pairs->value[KEY_BUSNUM], *number = pairs->value[KEY_DEVNUM];

	if (!bus || !number || take_number(&bus, 10, '\0', 999, &uevent->bus) ||
	    take_number(&number, 10, '\0', 999, &uevent->number))
		return -EBADMSG;
	return uevent->bus && uevent->number ? 0 : -EBADMSG;
}

/* usb_device and usb_interface; the subsystem has others that are no hardware of their own. */
static bool is_usb(const struct pairs *pairs, bool *ret_device)
{
	const char *type = pairs->value[KEY_DEVTYPE];

	if (strcmp(pairs->value[KEY_SUBSYSTEM], "usb") != 0 || pairs->value[KEY_SYNTH_UUID] ||
	    !type)
		return false;
	*ret_device = !strcmp(type, "usb_device");
	return *ret_device || !strcmp(type, "usb_interface");
}

int uevent_decode(const void *data, size_t size, struct uevent *ret_uevent)
{
	struct uevent uevent = { 0 };
	struct pairs pairs;

	if (pairs_parse(data, size, &pairs))
		return -EBADMSG;
	if (!is_usb(&pairs, &uevent.device))
		return 1;
	if (copy_action(pairs.value[KEY_ACTION], uevent.action) ||
	    copy_path(pairs.value[KEY_DEVPATH], uevent.devpath) || decode_ids(&pairs, &uevent) ||
	    (uevent.device && decode_place(&pairs, &uevent)))
		return -EBADMSG;
	*ret_uevent = uevent;
	return 0;
}

bool uevent_is_module(const void *data, size_t size, const char *module)
{
	static const char head[] = "add@/module/";
	size_t n = sizeof(head) - 1, length = strlen(module);

	return size > n + length && !memcmp(data, head, n) &&
	       !memcmp((const char *)data + n, module, length + 1);
}
