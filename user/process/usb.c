// SPDX-License-Identifier: Apache-2.0
/*
 * The set of attached devices, by port. The kernel announces a device ("add") before it has chosen
 * a configuration, and holds the device's lock from then until it says "bind"; sysfs makes readers
 * of strings wait for that lock. So "add" takes what can be read without waiting, and "bind", which
 * comes for every device, the unauthorised too (usb_generic_driver_probe returns 0 for them),
 * completes and reports it. That makes one report an attachment, and no timer. "bind" is announced
 * since 4.14; on older kernels a device is reported by the next rescan or by its going.
 *
 * A device is the same as before while bus, number and what it says it is are: numbers count up and
 * come again only after 127 others on the bus, or when the bus itself was made anew.
 */
#include "process/usb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "process/usb_sysfs.h"

enum {
	DEVICES_MAX = 256
};

struct entry {
	struct usb_device device;
	bool reported;
	bool seen; /* by the rescan that is running */
};

struct usb_devices {
	int sys_fd;
	struct entry *entries;
	size_t n, room;
	uint64_t overflow;
};

/* Whom to tell. */
struct report {
	struct usb_devices *devices;
	usb_device_fn fn;
	void *userdata;
};

int usb_devices_new_at(int sys_fd, struct usb_devices **ret_devices)
{
	struct usb_devices *devices = calloc(1, sizeof(*devices));

	if (!devices)
		return -ENOMEM;
	devices->sys_fd = sys_fd;
	*ret_devices = devices;
	return 0;
}

int usb_devices_new(struct usb_devices **ret_devices)
{
	_cleanup_(closep) int fd = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = usb_devices_new_at(fd, ret_devices);
	if (!err)
		TAKE_FD(fd);
	return err;
}

void usb_devices_free(struct usb_devices *devices)
{
	if (!devices)
		return;
	closep(&devices->sys_fd);
	free(devices->entries);
	free(devices);
}

static struct entry *entry_find(struct usb_devices *devices, const char *port)
{
	for (size_t i = 0; i < devices->n; i++)
		if (!strcmp(devices->entries[i].device.port, port))
			return &devices->entries[i];
	return NULL;
}

static bool same_device(const struct usb_device *a, const struct usb_device *b)
{
	return a->bus == b->bus && a->number == b->number && !strcmp(a->vendor, b->vendor) &&
	       !strcmp(a->product, b->product) && !strcmp(a->class, b->class);
}

/* NULL: the set is full, or there is no memory. */
static struct entry *entry_new(struct usb_devices *devices, const struct usb_device *device)
{
	if (devices->n == devices->room) {
		size_t room = MIN(MAX(2 * devices->room, 16), (size_t)DEVICES_MAX);
		struct entry *grown = NULL;

		if (room > devices->n)
			grown = realloc(devices->entries, room * sizeof(*grown));
		if (!grown) {
			devices->overflow++;
			return NULL;
		}
		devices->entries = grown;
		devices->room = room;
	}
	devices->entries[devices->n] = (struct entry){ .device = *device, .seen = true };
	return &devices->entries[devices->n++];
}

static int tell(const struct report *report, const struct usb_device *device, bool attached)
{
	struct usb_device told = *device;

	told.attached = attached;
	return report->fn(&told, report->userdata);
}

/* Takes the device out of the set, then tells of it: coming too, if nobody heard of that. */
static int entry_gone(const struct report *report, struct entry *entry)
{
	struct usb_devices *devices = report->devices;
	struct entry gone = *entry;
	int err = 0;

	*entry = devices->entries[--devices->n];
	if (!gone.reported)
		err = tell(report, &gone.device, true);
	return err ? err : tell(report, &gone.device, false);
}

static int entry_report(const struct report *report, struct entry *entry)
{
	if (entry->reported)
		return 0;
	usb_sysfs_strings(report->devices->sys_fd, &entry->device);
	entry->reported = true;
	return tell(report, &entry->device, true);
}

/* Ends what the set has at the port of `device`, unless it is the device itself. */
static int make_way(const struct report *report, const struct usb_device *device)
{
	struct entry *old = entry_find(report->devices, device->port);

	return old && !same_device(&old->device, device) ? entry_gone(report, old) : 0;
}

/* The device in the set; a stand-in of its own where the set is full. */
static struct entry *entry_get(const struct report *report, const struct usb_device *device,
			       struct entry *stand_in)
{
	struct entry *entry = entry_find(report->devices, device->port);

	if (!entry)
		entry = entry_new(report->devices, device);
	if (!entry) {
		*stand_in = (struct entry){ .device = *device };
		entry = stand_in;
	}
	return entry;
}

/* What the uevent itself says, and what sysfs adds while it still shows that very device. */
static int device_of_uevent(int sys_fd, const struct uevent *uevent, struct usb_device *ret_device)
{
	const char *port = strrchr(uevent->devpath, '/') + 1;
	struct usb_device device = { .bus = uevent->bus, .number = uevent->number };
	struct usb_device shown;

	if (!usb_port_valid(port))
		return -ENODEV;
	memcpy(device.port, port, strlen(port) + 1);
	memcpy(device.vendor, uevent->vendor, sizeof(device.vendor));
	memcpy(device.product, uevent->product, sizeof(device.product));
	memcpy(device.class, uevent->class, sizeof(device.class));
	if (!usb_sysfs_read(sys_fd, port, &shown) && same_device(&shown, &device))
		device = shown;
	*ret_device = device;
	return 0;
}

static int on_add(const struct report *report, const struct usb_device *device)
{
	int err = make_way(report, device);

	if (!err && !entry_find(report->devices, device->port))
		(void)entry_new(report->devices, device);
	return err;
}

static int on_bind(const struct report *report, const struct usb_device *device)
{
	struct entry stand_in;
	int err = make_way(report, device);

	return err ? err : entry_report(report, entry_get(report, device, &stand_in));
}

static int on_remove(const struct report *report, const struct usb_device *device)
{
	struct entry *entry = entry_find(report->devices, device->port);

	return entry && same_device(&entry->device, device) ? entry_gone(report, entry) : 0;
}

static const struct {
	const char *action;
	int (*handle)(const struct report *report, const struct usb_device *device);
} actions[] = {
	{ "add", on_add },
	{ "bind", on_bind },
	{ "remove", on_remove },
};

int usb_devices_uevent(struct usb_devices *devices, const struct uevent *uevent, usb_device_fn fn,
		       void *userdata)
{
	const struct report report = { .devices = devices, .fn = fn, .userdata = userdata };
	struct usb_device device;

	if (!uevent->device)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(actions[i].action, uevent->action) != 0)
			continue;
		if (device_of_uevent(devices->sys_fd, uevent, &device))
			return 0;
		return actions[i].handle(&report, &device);
	}
	return 0;
}

static int rescan_one(const struct report *report, const char *port)
{
	struct entry stand_in, *entry;
	struct usb_device device;
	int err;

	if (!usb_port_valid(port) || usb_sysfs_read(report->devices->sys_fd, port, &device))
		return 0;
	err = make_way(report, &device);
	if (err)
		return err;
	entry = entry_get(report, &device, &stand_in);
	entry->seen = true;
	return entry_report(report, entry);
}

static int rescan_all(const struct report *report)
{
	_cleanup_(closep) int fd = -1;
	_cleanup_(closedirp) DIR *dir = NULL;
	const struct dirent *name;
	int err = 0;

	fd = openat(report->devices->sys_fd, USB_SYSFS_DEVICES, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	TAKE_FD(fd);
	while (!err && (name = readdir(dir)))
		err = rescan_one(report, name->d_name);
	return err;
}

int usb_devices_rescan(struct usb_devices *devices, usb_device_fn fn, void *userdata)
{
	const struct report report = { .devices = devices, .fn = fn, .userdata = userdata };
	int err;

	for (size_t i = 0; i < devices->n; i++)
		devices->entries[i].seen = false;
	err = rescan_all(&report);
	/* The last entry takes the place of one that goes. */
	for (size_t i = devices->n; !err && i-- > 0;)
		if (!devices->entries[i].seen)
			err = entry_gone(&report, &devices->entries[i]);
	return err;
}

int usb_devices_each(const struct usb_devices *devices, usb_device_fn fn, void *userdata)
{
	int err = 0;

	for (size_t i = 0; i < devices->n && !err; i++)
		err = fn(&devices->entries[i].device, userdata);
	return err;
}

int usb_devices_sys(const struct usb_devices *devices)
{
	return devices->sys_fd;
}

uint64_t usb_devices_overflow(const struct usb_devices *devices)
{
	return devices->overflow;
}
