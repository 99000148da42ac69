// SPDX-License-Identifier: Apache-2.0
/*
 * USB's attachments come as uevents, from the kernel alone. The very first start writes down what
 * is attached (the baseline: whoever assembles a charger starts it once); a later start tells
 * what was not there then. When datagrams were lost, sysfs says what has come and gone since; what
 * did both in between the hook's count shows (devices_missed.c), or nobody, and that is said.
 */
#include "devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/usb_judge.h"
#include "base/log.h"
#include "cmd/usb_coverage.h"
#include "devices_deny.h"
#include "devices_missed.h"
#include "held.h"
#include "kernel/kmod.h"
#include "kernel/uevent.h"
#include "pipeline.h"
#include "report.h"

static int device_alert(struct daemon *daemon, const struct usb_device *device,
			enum evmon_rule rule, enum severity severity, struct usb_answer answer)
{
	_cleanup_(freep) struct alert *alert = calloc(1, sizeof(*alert));
	char identity[256];

	if (!alert)
		return -ENOMEM;
	snprintf(identity, sizeof(identity), "%s %s:%s %s %s", device->port, device->vendor,
		 device->product, verdict_name(answer.verdict), device->serial);
	alert_from_usb(alert, device, rule, severity, daemon->policy);
	alert_usb_verdict(alert, answer.verdict, answer.asked);
	if (answer.gone)
		alert_usb_gone(alert);
	return pipeline_own(daemon, alert, identity);
}

static int on_hotplug(const struct usb_device *device, void *userdata)
{
	struct daemon *daemon = userdata;
	enum severity severity;
	enum evmon_rule rule = usb_judge(daemon->policy, device, &severity);
	struct usb_answer answer;

	if (!device->attached)
		return 0;
	devices_missed_not(daemon, device);
	answer = devices_answer(daemon, device, rule);
	if (rule == EVMON_RULE_NONE)
		return 0;
	return device_alert(daemon, device, rule, severity, answer);
}

static int on_present(const struct usb_device *device, void *userdata)
{
	struct daemon *daemon = userdata;
	enum severity severity;
	enum evmon_rule rule = usb_judge(daemon->policy, device, &severity);
	struct usb_answer answer;

	if (!device->attached)
		return 0;
	usb_noticed_present(daemon->noticed, device);
	if (!daemon->baseline)
		return 0;
	answer = devices_answer(daemon, device, rule);
	if (rule == EVMON_RULE_NONE || usb_baseline_has(daemon->baseline, device))
		return 0;
	return device_alert(daemon, device, EVMON_RULE_USB_NEW_AT_START, severity, answer);
}

/* Who was refused before has been told. */
static int on_policy(const struct usb_device *found, void *userdata)
{
	struct daemon *daemon = userdata;
	struct usb_device device = *found;
	enum severity severity;
	enum evmon_rule rule = usb_judge(daemon->policy, &device, &severity);
	struct usb_answer answer = devices_answer(daemon, &device, rule);

	device.attached = true;
	if (rule == EVMON_RULE_NONE || (answer.verdict != EVMON_VERDICT_LATE && !answer.asked))
		return 0;
	return device_alert(daemon, &device, rule, severity, answer);
}

static bool usb_differs(const struct policy *a, const struct policy *b)
{
	return a->usb_action != b->usb_action || a->n_usb_allow != b->n_usb_allow ||
	       (a->n_usb_allow &&
		memcmp(a->usb_allow, b->usb_allow, a->n_usb_allow * sizeof(*a->usb_allow)) != 0);
}

int devices_follow(struct daemon *daemon, const struct policy *before)
{
	const struct policy *now = daemon->policy;

	if (!daemon->usb || !usb_differs(before, now))
		return 0;
	devices_cover(daemon);
	if (now->usb_action != ACTION_DENY)
		return 0;
	return usb_devices_each(daemon->usb, on_policy, daemon);
}

static int count_device(const struct usb_device *device, void *userdata)
{
	unsigned *n = userdata;

	*n += device->attached;
	return 0;
}

/* Where devices wait to be let in, those of the first start are. */
static int on_first(const struct usb_device *device, void *userdata)
{
	struct daemon *daemon = userdata;

	usb_noticed_present(daemon->noticed, device);
	(void)devices_answer(daemon, device, EVMON_RULE_NONE);
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
	err = usb_baseline_load(daemon->state_fd, &daemon->baseline);
	if (err >= 0)
		err = usb_devices_each(daemon->usb, on_first, daemon);
	if (err < 0)
		return err;
	snprintf(detail, sizeof(detail), "%u USB device%s attached at the first start", n,
		 n == 1 ? "" : "s");
	return pipeline_self(daemon, EVMON_RULE_SELF_USB_BASELINE, "usb baseline", detail);
}

int devices_start(struct daemon *daemon)
{
	struct coverage_row *row = &kernel_coverage(daemon->kernel)->rows[COVERAGE_USB];
	int err = uevent_open(&daemon->uevent_fd);

	usb_coverage_watch(row, err);
	if (err >= 0)
		err = loop_add_fd(daemon->loop, daemon->uevent_fd, devices_event, daemon, NULL);
	if (err >= 0)
		err = usb_devices_new(&daemon->usb);
	if (err >= 0)
		err = devices_missed_start(daemon);
	if (err < 0)
		return err;
	devices_cover(daemon);
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

	if (uevent_is_module(data, size, "sctp"))
		return held_of_sctp(daemon);
	if (uevent_is_module(data, size, "usbcore"))
		(void)kernel_kmod_attach(daemon->kernel, KMOD_USB);
	if (uevent_decode(data, size, &uevent) != 0)
		return 0;
	if (row->state != COVERAGE_PROVEN) {
		row->state = COVERAGE_PROVEN;
		devices_cover(daemon); /* the bus may be new */
		report_status(daemon);
	}
	return usb_devices_uevent(daemon->usb, &uevent, on_hotplug, daemon);
}

/* What is attached now is known again. */
static int tell_lost(struct daemon *daemon, unsigned times)
{
	bool counted = kernel_coverage(daemon->kernel)->rows[COVERAGE_USB_TALLY].n_hooks;
	char detail[192];

	daemon->counters.uevents_lost += times;
	snprintf(detail, sizeof(detail),
		 "the kernel dropped uevents %u time%s: what is attached was read anew, a device "
		 "that came and went in between is %s",
		 times, times == 1 ? "" : "s", counted ? "told within 20 s" : "not known");
	return pipeline_self(daemon, EVMON_RULE_SELF_LOST, "uevents", detail);
}

int devices_event(int fd, uint32_t events, void *userdata)
{
	struct daemon *daemon = userdata;
	int lost = uevent_drain(fd, on_datagram, daemon);
	int err;

	(void)events;
	if (lost <= 0)
		return lost;
	err = usb_devices_rescan(daemon->usb, on_hotplug, daemon);
	return err < 0 ? err : tell_lost(daemon, (unsigned)lost);
}
