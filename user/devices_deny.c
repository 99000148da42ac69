// SPDX-License-Identifier: Apache-2.0
/*
 * Denial of USB devices. No hook can do it: drivers are bound before anybody is told. So where the
 * policy denies, a device that it does not allow is taken out of use by the kernel's own switch,
 * late; or it never was in use, where the bus waits to be told (authorized_default 0 or 2), and
 * evmon lets in what is allowed.
 *
 * Never taken out: root hubs, which are not in the set, and what the baseline has at that port, so
 * that a charger's own modem lives through a reset. Whatever the policy's action is otherwise,
 * nothing is written: who else decides on devices has his way.
 */
#include "devices_deny.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/usb_coverage.h"
#include "process/usb_sysfs.h"
#include "report.h"

static struct coverage_row *row_of(struct daemon *daemon)
{
	return &kernel_coverage(daemon->kernel)->rows[COVERAGE_USB_DENY];
}

void devices_cover(struct daemon *daemon)
{
	int may = usb_sysfs_may_authorize(usb_devices_sys(daemon->usb));

	usb_coverage_bus(&kernel_coverage(daemon->kernel)->rows[COVERAGE_USB], may);
	usb_coverage_deny(row_of(daemon), may, daemon->policy->usb_action == ACTION_DENY);
}

/* Coverage says what the last attempt showed. A device that has gone shows nothing. */
static void learn(struct daemon *daemon, const struct usb_device *device, int err)
{
	struct coverage_row *row = row_of(daemon);
	enum coverage_state state = err < 0 ? COVERAGE_BROKEN : COVERAGE_PROVEN;

	if (err == -ENODEV)
		return;
	if (err < 0)
		log_err_errno(err, "USB device at port %s: cannot write authorized", device->port);
	if (row->state == state || (err < 0 && row->state == COVERAGE_NONE))
		return;
	if (!row->n_hooks) /* the first bus came after the start */
		devices_cover(daemon);
	row->state = state;
	row->reason[0] = '\0';
	if (err < 0)
		snprintf(row->reason, sizeof(row->reason), "the last write failed: %s",
			 strerror(-err));
	report_status(daemon);
}

/* 1: written; 0: it was so already. */
static int bring(struct daemon *daemon, const struct usb_device *device, bool use)
{
	int sys_fd = usb_devices_sys(daemon->usb);
	int used = usb_sysfs_authorized(sys_fd, device);
	int err;

	if (used < 0 || used == use)
		return used < 0 ? used : 0;
	err = usb_sysfs_authorize(sys_fd, device, use);
	learn(daemon, device, err);
	return err < 0 ? err : 1;
}

struct usb_answer devices_answer(struct daemon *daemon, const struct usb_device *device,
				 enum evmon_rule rule)
{
	struct usb_answer answer = { .verdict = EVMON_VERDICT_ALERT };
	bool belongs = rule == EVMON_RULE_NONE ||
		       (daemon->baseline && usb_baseline_has(daemon->baseline, device));
	int done;

	if (daemon->policy->usb_action != ACTION_DENY)
		return answer;
	done = bring(daemon, device, belongs);
	if (belongs)
		return answer;
	if (done >= 0)
		answer.verdict = done ? EVMON_VERDICT_LATE : EVMON_VERDICT_DENIED;
	answer.asked = done < 0;
	answer.gone = done == -ENODEV;
	return answer;
}
