/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * USB devices as the kernel announces them and sysfs shows them, the set of those that are
 * attached, and the baseline of the first start. The judgement is alert/usb_judge.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "event/uevent.h"

enum {
	USB_INTERFACES_MAX = 32,
	USB_TEXT_MAX = 127
};

struct usb_device {
	bool attached; /* else: this is its going */
	unsigned bus, number;
	char port[32];			      /* "1-1.2" */
	char vendor[5], product[5], class[3]; /* lower-case hex */
	/* What the device offers, in all its configurations and settings, as class, subclass and
	 * protocol ("080650"): also what is not in use now, and also of a device that the kernel
	 * was told not to use. When there are too many, HID and storage are kept. */
	char interfaces[USB_INTERFACES_MAX][7];
	size_t n_interfaces;
	/* Strings from the device: hostile bytes. */
	char manufacturer[USB_TEXT_MAX], name[USB_TEXT_MAX], serial[USB_TEXT_MAX];
	bool truncated; /* a string was cut, or there are more interfaces */
};

struct usb_devices; /* the set that is attached, by port; at most 256 */

int usb_devices_new(struct usb_devices **ret_devices);
/* The same beside another sysfs: sys_fd, a directory like /sys, is taken over on success. */
int usb_devices_new_at(int sys_fd, struct usb_devices **ret_devices);
void usb_devices_free(struct usb_devices *devices);
DEFINE_CLEANUP(struct usb_devices *, usb_devices_free);

typedef int (*usb_device_fn)(const struct usb_device *device, void *userdata);

/* Takes a uevent and calls fn once per device that came (when the kernel has bound it, which is
 * when nobody holds its lock and its strings can be read) or went; for one that went before it was
 * bound, twice. Root hubs are passed over, and so is the going of a device that is not in the set:
 * a rescan has told of it. An error of fn is passed up. */
int usb_devices_uevent(struct usb_devices *devices, const struct uevent *uevent, usb_device_fn fn,
		       void *userdata);
/* Reads sysfs anew and calls fn for what came and went since. No bus at all is no error. After
 * ENOBUFS the socket is to be read empty first, so that no older uevent comes after the rescan. */
int usb_devices_rescan(struct usb_devices *devices, usb_device_fn fn, void *userdata);
/* Calls fn for each device that is attached; stops at an error, which is passed up. */
int usb_devices_each(const struct usb_devices *devices, usb_device_fn fn, void *userdata);
/* The sysfs that it reads; stays the set's. */
int usb_devices_sys(const struct usb_devices *devices);
/* How many devices found the set full: reported, but not remembered. */
uint64_t usb_devices_overflow(const struct usb_devices *devices);

/* The baseline in the state directory: vendor, product, serial, port of the first start's devices.
 * load: -ENOENT at the very first start, -EBADMSG: the file is no baseline. */
struct usb_baseline;
int usb_baseline_load(int state_fd, struct usb_baseline **ret_baseline);
int usb_baseline_save(int state_fd, const struct usb_devices *devices);
bool usb_baseline_has(const struct usb_baseline *baseline, const struct usb_device *device);
void usb_baseline_free(struct usb_baseline *baseline);
DEFINE_CLEANUP(struct usb_baseline *, usb_baseline_free);
