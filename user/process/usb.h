/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * USB devices as sysfs shows them (/sys/bus/usb/devices), the baseline of the first start, and
 * the judgement, which is user space's for this sensor.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "event/uevent.h"
#include "policy/policy.h"

enum {
	USB_INTERFACES_MAX = 32,
	USB_TEXT_MAX = 127
};

struct usb_device {
	bool attached; /* else: this is its going */
	unsigned bus, number;
	char port[32];				/* "1-1.2"; root hubs "usb1" */
	char vendor[5], product[5], class[3];	/* lower-case hex */
	char interfaces[USB_INTERFACES_MAX][7]; /* class, subclass, protocol: "080650" */
	size_t n_interfaces;
	/* Strings from the device: hostile bytes. */
	char manufacturer[USB_TEXT_MAX], name[USB_TEXT_MAX], serial[USB_TEXT_MAX];
	bool truncated;
};

struct usb_devices; /* the set that is attached, by port */

int usb_devices_new(struct usb_devices **ret_devices);
void usb_devices_free(struct usb_devices *devices);
DEFINE_CLEANUP(struct usb_devices *, usb_devices_free);

typedef int (*usb_device_fn)(const struct usb_device *device, void *userdata);

/* A device is complete when its interfaces are bound or announced; this takes a uevent and calls
 * fn once per device that came (with its interfaces) or went. Root hubs are passed over. */
int usb_devices_uevent(struct usb_devices *devices, const struct uevent *uevent, usb_device_fn fn,
		       void *userdata);
/* Reads sysfs anew and calls fn for what came and went since. No bus at all is no error. */
int usb_devices_rescan(struct usb_devices *devices, usb_device_fn fn, void *userdata);

/* The baseline in the state directory: vendor, product, serial, port of the first start's devices.
 * load: -ENOENT at the very first start. */
struct usb_baseline;
int usb_baseline_load(int state_fd, struct usb_baseline **ret_baseline);
int usb_baseline_save(int state_fd, const struct usb_devices *devices);
bool usb_baseline_has(const struct usb_baseline *baseline, const struct usb_device *device);
void usb_baseline_free(struct usb_baseline *baseline);
DEFINE_CLEANUP(struct usb_baseline *, usb_baseline_free);

/* The rule that an attachment breaks and its severity; EVMON_RULE_NONE where the policy's allow
 * list has the device. hid before storage before other. */
enum evmon_rule usb_judge(const struct policy *policy, const struct usb_device *device,
			  enum severity *ret_severity);
