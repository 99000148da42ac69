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
/* The interfaces in `descriptors`, that is a device descriptor and configurations behind it. */
void usb_descriptors_parse(const uint8_t *data, size_t size, struct usb_device *device);
