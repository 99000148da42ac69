// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A second witness of USB: how often usbcore took in a device, by vendor, product and port. The
 * sensor goes by uevents, which may be lost; user space compares (devices_missed.c) and tells what
 * came and went meanwhile. Nothing is judged here and no record is made. It runs in the kernel's
 * worker of hubs, so nobody is to be blamed.
 *
 *   fexit/usb_new_device    tiers A and B: usbcore built in, or a module with BTF (kmod.c)
 */
#include "maps.bpf.h"

#include <bpf/bpf_tracing.h>

#include "usb.bpf.h"

static __always_inline void interface_read(struct evmon_usb_tally *tally,
					   const struct usb_interface *interface, int i)
{
	const struct usb_host_interface *setting = interface ? interface->cur_altsetting : NULL;

	if (!setting)
		return;
	tally->interface[i][0] = setting->desc.bInterfaceClass;
	tally->interface[i][1] = setting->desc.bInterfaceSubClass;
	tally->interface[i][2] = setting->desc.bInterfaceProtocol;
}

/* Chosen by the generic driver within usb_new_device(); none where a device waits to be let in. */
static __always_inline void interfaces_read(struct evmon_usb_tally *tally,
					    const struct usb_device *device)
{
	const struct usb_host_config *config = device->actconfig;

	if (!config)
		return;
	tally->n_interfaces = config->desc.bNumInterfaces;
	if (tally->n_interfaces > 0)
		interface_read(tally, config->interface[0], 0);
	if (tally->n_interfaces > 1)
		interface_read(tally, config->interface[1], 1);
	if (tally->n_interfaces > 2)
		interface_read(tally, config->interface[2], 2);
	if (tally->n_interfaces > 3)
		interface_read(tally, config->interface[3], 3);
}

SEC("?fexit/usb_new_device")
int BPF_PROG(fexit_usb_new_device, struct usb_device *device, int ret)
{
	struct evmon_usb_tally now = { .count = 1 }, *tally;
	struct evmon_usb_key key = {};

	if (ret || !device->parent) /* a root hub has none */
		return 0;
	key.vendor = device->descriptor.idVendor;
	key.product = device->descriptor.idProduct;
	key.bus = device->bus->busnum;
	__builtin_memcpy(key.port, device->devpath, sizeof(key.port));
	now.last_ns = bpf_ktime_get_boot_ns();
	now.class = device->descriptor.bDeviceClass;
	interfaces_read(&now, device);
	/* One worker of hubs at a time takes in the devices of a port. */
	tally = bpf_map_lookup_elem(&evmon_usb, &key);
	if (tally)
		now.count += tally->count;
	if (map_error(bpf_map_update_elem(&evmon_usb, &key, &now, BPF_ANY)))
		stats_count(usb_full);
	return 0;
}
