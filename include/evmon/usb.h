/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * USB devices that usbcore has taken in, counted by usb.bpf.c; one reader: kernel/usb_tally.c. The
 * usb sensor itself goes by uevents; this says of how many attachments there were some.
 */
#include "evmon/types.h"

enum {
	EVMON_USB_KEYS = 256, /* those beyond are counted together, in stats.usb_full */
	EVMON_USB_PORT = 16,  /* devpath of include/linux/usb.h: "1.2", the NUL included */
	EVMON_USB_INTERFACES = 4,
};

struct evmon_usb_key {
	__u16 vendor; /* host order, as is the product */
	__u16 product;
	__u32 bus;
	char port[EVMON_USB_PORT]; /* below the bus */
};

/* What the last device of the key said it is, beside their number. */
struct evmon_usb_tally {
	__u64 count;
	__u64 last_ns; /* CLOCK_BOOTTIME */
	__u8 class;
	__u8 n_interfaces;			 /* of its active configuration; 0: it has none */
	__u8 interface[EVMON_USB_INTERFACES][3]; /* class, subclass, protocol */
	__u8 pad[2];
};

_Static_assert(sizeof(struct evmon_usb_key) == 24, "usb key");
_Static_assert(sizeof(struct evmon_usb_tally) == 32, "usb tally");
