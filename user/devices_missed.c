// SPDX-License-Identifier: Apache-2.0
/*
 * Uevents are lost when evmon is late and the socket full, and sysfs shows only what is still
 * there. A hook on usbcore counts every device that was taken in; where it has more than evmon
 * noticed, the rest is told by the hook's own word: vendor, product, port and class, and of the
 * interfaces what was in use. Numbers and strings nobody has read.
 */
#include "devices_missed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/usb_judge.h"
#include "base/log.h"
#include "kernel/kept.h"
#include "kernel/usb_tally.h"
#include "pipeline.h"

/* As the device would have been, had it been read. */
static void device_of(const struct evmon_usb_key *key, const struct evmon_usb_tally *tally,
		      struct usb_device *device)
{
	*device = (struct usb_device){ .attached = true, .bus = key->bus };
	snprintf(device->port, sizeof(device->port), "%u-%.*s", key->bus, (int)sizeof(key->port),
		 key->port);
	snprintf(device->vendor, sizeof(device->vendor), "%04x", key->vendor);
	snprintf(device->product, sizeof(device->product), "%04x", key->product);
	snprintf(device->class, sizeof(device->class), "%02x", tally->class);
	device->truncated = tally->n_interfaces > EVMON_USB_INTERFACES;
	device->n_interfaces = MIN((size_t)tally->n_interfaces, (size_t)EVMON_USB_INTERFACES);
	for (size_t i = 0; i < device->n_interfaces; i++)
		snprintf(device->interfaces[i], sizeof(device->interfaces[i]), "%02x%02x%02x",
			 tally->interface[i][0], tally->interface[i][1], tally->interface[i][2]);
}

/* The hook's key of a device that sysfs named. */
static void key_of(const struct usb_device *device, struct evmon_usb_key *key)
{
	const char *port = strchr(device->port, '-');

	*key = (struct evmon_usb_key){ .vendor = (uint16_t)strtoul(device->vendor, NULL, 16),
				       .product = (uint16_t)strtoul(device->product, NULL, 16),
				       .bus = device->bus };
	if (port)
		memcpy(key->port, port + 1, MIN(strlen(port + 1), sizeof(key->port)));
}

static void noticed_keep(struct daemon *daemon, const struct evmon_usb_key *key,
			 const struct usb_device *device)
{
	int err = kept_usb_set(daemon->kernel, key, usb_noticed_count(daemon->noticed, device));

	if (err < 0)
		log_err_errno(err, "cannot keep what USB devices were noticed; a restart may tell "
				   "of them again");
}

static int on_known(const struct evmon_usb_key *key, const struct evmon_usb_tally *tally,
		    void *userdata)
{
	struct daemon *daemon = userdata;
	struct usb_device device;

	device_of(key, tally, &device);
	usb_noticed_recall(daemon->noticed, &device, kept_usb(daemon->kernel, key));
	return 0;
}

int devices_missed_start(struct daemon *daemon)
{
	int err = usb_noticed_new(&daemon->noticed);

	if (err >= 0)
		err = usb_tally_each(daemon->kernel, on_known, daemon);
	return err == -ENOTSUP ? 0 : err;
}

void devices_missed_not(struct daemon *daemon, const struct usb_device *device)
{
	struct evmon_usb_key key;

	usb_noticed_add(daemon->noticed, device);
	key_of(device, &key);
	noticed_keep(daemon, &key, device);
}

static int on_tally(const struct evmon_usb_key *key, const struct evmon_usb_tally *tally,
		    void *userdata)
{
	_cleanup_(freep) struct alert *alert = NULL;
	struct daemon *daemon = userdata;
	struct usb_device device;
	enum severity severity;
	enum evmon_rule rule;
	char identity[128];
	uint64_t before, missing;

	device_of(key, tally, &device);
	before = usb_noticed_count(daemon->noticed, &device);
	missing = usb_noticed_missing(daemon->noticed, &device, tally->count);
	if (usb_noticed_count(daemon->noticed, &device) != before)
		noticed_keep(daemon, key, &device);
	rule = usb_judge(daemon->policy, &device, &severity);
	if (!missing || rule == EVMON_RULE_NONE)
		return 0;
	alert = calloc(1, sizeof(*alert));
	if (!alert)
		return -ENOMEM;
	snprintf(identity, sizeof(identity), "missed %s %s:%s", device.port, device.vendor,
		 device.product);
	alert_from_usb(alert, &device, rule, severity, daemon->policy);
	alert_usb_missed(alert, missing, tally->last_ns);
	return pipeline_own(daemon, alert, identity);
}

int devices_missed_look(struct daemon *daemon)
{
	int err;

	if (!daemon->noticed)
		return 0;
	usb_noticed_look(daemon->noticed);
	err = usb_tally_each(daemon->kernel, on_tally, daemon);
	return err == -ENOTSUP ? 0 : err;
}
