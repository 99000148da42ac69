// SPDX-License-Identifier: Apache-2.0
/*
 * USB's attachments come as uevents, from the kernel alone. The very first start writes down what
 * is attached (the baseline: whoever assembles a charger starts it once); a later start tells
 * what was not there then. When datagrams were lost, sysfs says what came and went meanwhile.
 */
#include "devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/usb_judge.h"
#include "base/log.h"
#include "kernel/uevent.h"
#include "pipeline.h"
#include "report.h"

static int device_alert(struct daemon *daemon, const struct usb_device *device,
			enum evmon_rule rule, enum severity severity)
{
	_cleanup_(freep) struct alert *alert = calloc(1, sizeof(*alert));
	char identity[256];

	if (!alert)
		return -ENOMEM;
	snprintf(identity, sizeof(identity), "%s %s:%s %s", device->port, device->vendor,
		 device->product, device->serial);
	alert_from_usb(alert, device, rule, severity, daemon->policy);
	return pipeline_own(daemon, alert, identity);
}

static int on_hotplug(const struct usb_device *device, void *userdata)
{
	struct daemon *daemon = userdata;
	enum severity severity;
	enum evmon_rule rule = usb_judge(daemon->policy, device, &severity);

	if (!device->attached || rule == EVMON_RULE_NONE)
		return 0;
	return device_alert(daemon, device, rule, severity);
}

static int on_present(const struct usb_device *device, void *userdata)
{
	struct daemon *daemon = userdata;
	enum severity severity;

	if (!daemon->baseline || usb_baseline_has(daemon->baseline, device) ||
	    usb_judge(daemon->policy, device, &severity) == EVMON_RULE_NONE)
		return 0;
	return device_alert(daemon, device, EVMON_RULE_USB_NEW_AT_START, severity);
}

static int count_device(const struct usb_device *device, void *userdata)
{
	unsigned *n = userdata;

	*n += device->attached;
	return 0;
}

/* The first start: what is attached now is what belongs there. */
static int baseline_make(struct daemon *daemon)
{
	char detail[128];
	unsigned n = 0;
	int err = usb_devices_rescan(daemon->usb, count_device, &n);

	if (err >= 0)
		err = usb_baseline_save(daemon->state_fd, daemon->usb);
	if (err < 0)
		return err;
	snprintf(detail, sizeof(detail), "%u USB device%s attached at the first start", n,
		 n == 1 ? "" : "s");
	return pipeline_self(daemon, EVMON_RULE_SELF_USB_BASELINE, "usb baseline", detail);
}

int devices_start(struct daemon *daemon)
{
	struct coverage_row *row = &kernel_coverage(daemon->kernel)->rows[COVERAGE_USB];
	char reason[COVERAGE_REASON_MAX];
	int err = uevent_open(&daemon->uevent_fd);

	if (err < 0) {
		snprintf(reason, sizeof(reason), "netlink: %s", strerror(-err));
		coverage_reject(row, EVMON_HOOK_UEVENT, reason);
	} else {
		row->hooks[0] = EVMON_HOOK_UEVENT;
		row->n_hooks = 1;
		row->state = COVERAGE_UNPROVEN;
		err = loop_add_fd(daemon->loop, daemon->uevent_fd, devices_event, daemon, NULL);
	}
	if (err >= 0)
		err = usb_devices_new(&daemon->usb);
	if (err < 0)
		return err;
	err = usb_baseline_load(daemon->state_fd, &daemon->baseline);
	if (err == -ENOENT)
		return baseline_make(daemon);
	if (err < 0)
		log_err_errno(err, "%s/usb-baseline: cannot read, so no device is compared with it",
			      daemon->options->state_dir);
	return usb_devices_rescan(daemon->usb, on_present, daemon);
}

static int on_datagram(const void *data, size_t size, void *userdata)
{
	struct daemon *daemon = userdata;
	struct coverage_row *row = &kernel_coverage(daemon->kernel)->rows[COVERAGE_USB];
	struct uevent uevent;

	if (uevent_decode(data, size, &uevent) != 0)
		return 0;
	if (row->state != COVERAGE_PROVEN) {
		row->state = COVERAGE_PROVEN;
		report_status(daemon);
	}
	return usb_devices_uevent(daemon->usb, &uevent, on_hotplug, daemon);
}

int devices_event(int fd, uint32_t events, void *userdata)
{
	struct daemon *daemon = userdata;
	int lost = uevent_drain(fd, on_datagram, daemon);

	(void)events;
	if (lost <= 0)
		return lost;
	daemon->counters.uevents_lost += (uint64_t)lost;
	return usb_devices_rescan(daemon->usb, on_hotplug, daemon);
}
