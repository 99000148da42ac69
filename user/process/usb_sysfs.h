/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One USB device out of sysfs. */
#include "process/usb.h"

#define USB_SYSFS_DEVICES "bus/usb/devices"

/* "1-1.2": bus, then a port number a hub. Root hubs ("usb1") and interfaces are not. */
bool usb_port_valid(const char *name);
/* Everything but the strings; never waits for the device. -ENODEV: it is not there (any more). */
int usb_sysfs_read(int sys_fd, const char *port, struct usb_device *ret_device);
/* Its strings, while it is still the same device; waits for the device's lock, which the kernel
 * holds while it configures the device. What can't be read stays empty. */
void usb_sysfs_strings(int sys_fd, struct usb_device *device);
/* The folder of that very device; -ENODEV. */
int usb_sysfs_open(int sys_fd, const struct usb_device *device);
/* Whether the kernel uses the device (`authorized`): 1 or 0; -ENODEV: it has gone. */
int usb_sysfs_authorized(int sys_fd, const struct usb_device *device);
/* Lets the kernel use it or not; waits for the device's lock. -EACCES, -EROFS...: no right. */
int usb_sysfs_authorize(int sys_fd, const struct usb_device *device, bool use);
/* May `authorized` of devices be written? Told by the root hubs', to which nothing is written.
 * -ENODEV: no bus; above 0: some bus lets new devices be used at once (`authorized_default`), so
 * that a refusal comes late; 0: every bus waits, at least for what is not built in. */
int usb_sysfs_may_authorize(int sys_fd);
/* The interfaces in `descriptors`, that is a device descriptor and configurations behind it. */
void usb_descriptors_parse(const uint8_t *data, size_t size, struct usb_device *device);
