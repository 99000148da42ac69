/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "maps.bpf.h"

#include "evmon/usb.h"

/* Attachments of USB devices. Written by usb.bpf.c, read by user space. When full: stats.usb_full,
 * and those devices are known by their uevents alone. */
struct evmon_usb_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EVMON_USB_KEYS);
	__type(key, struct evmon_usb_key);
	__type(value, struct evmon_usb_tally);
};
extern struct evmon_usb_map evmon_usb SEC(".maps");
