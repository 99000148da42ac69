/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A stand-in for /sys with USB devices in it, and the uevents that go with them. */
#include "event/uevent.h"
#include "scratch.h"

/* A device in sysfs: port, numbers, ids and class as text, interfaces as "030101" each, up to a
 * NULL; strings "maker", "thing" and "serial". */
void usb_plug(const struct scratch *sys, const char *port, unsigned number, const char *ids,
	      const char *const interfaces[]);
void usb_unplug(const struct scratch *sys, const char *port);
/* A uevent of a device: ids "0951:1666". */
struct uevent usb_uevent(const char *action, const char *port, unsigned number, const char *ids);
