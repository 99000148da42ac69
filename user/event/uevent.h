/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One kernel uevent datagram (lib/kobject_uevent.c: "ACTION@DEVPATH\0KEY=VALUE\0..."), USB only. */
#include <stdbool.h>
#include <stddef.h>

enum {
	UEVENT_PATH_MAX = 512
};

struct uevent {
	char action[16];		      /* "add", "remove", "change", "bind", "unbind" */
	char devpath[UEVENT_PATH_MAX];	      /* "/devices/...", no ".." in it */
	bool device;			      /* DEVTYPE usb_device; else usb_interface */
	unsigned bus, number;		      /* BUSNUM, DEVNUM; 0 for interfaces */
	char vendor[5], product[5], class[3]; /* of PRODUCT and TYPE, lower-case hex, zero-filled */
};

/* 0: one of USB's; 1: well-formed, of another subsystem, or one that was asked for by writing to a
 * `uevent` file; -EBADMSG: not a uevent. */
int uevent_decode(const void *data, size_t size, struct uevent *ret_uevent);
/* It says that this module of the kernel has been loaded, or it was made to say so. */
bool uevent_is_module(const void *data, size_t size, const char *module);
