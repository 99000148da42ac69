// SPDX-License-Identifier: Apache-2.0
/*
 * No hook refuses a USB device; the kernel's own switch in sysfs does. Whether evmon has the right
 * to it is seen without writing anything; that it works is proven by the first device that is
 * refused or let in.
 */
#include "cmd/usb_coverage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NO_BUS	 "no USB bus here"
#define NOT_SEEN "not seen without usb-tally: a device that came and went while uevents were lost"
#define LATE	 "late: a device is in use until evmon refuses it (authorized_default)"

void usb_coverage_watch(struct coverage_row *row, int err)
{
	char reason[COVERAGE_REASON_MAX];

	if (err < 0) {
		snprintf(reason, sizeof(reason), "open the netlink socket: %s", strerror(-err));
		coverage_reject(row, EVMON_HOOK_UEVENT, reason);
		return;
	}
	row->hooks[0] = EVMON_HOOK_UEVENT;
	row->n_hooks = 1;
	row->state = COVERAGE_UNPROVEN;
}

void usb_coverage_bus(struct coverage_row *row, int may)
{
	if (row->n_hooks)
		row->limits = may == -ENODEV ? NO_BUS : NOT_SEEN;
}

void usb_coverage_deny(struct coverage_row *row, int may, bool wanted)
{
	char reason[COVERAGE_REASON_MAX];
	bool proven = row->state == COVERAGE_PROVEN;

	memset(row, 0, sizeof(*row));
	if (may < 0) {
		snprintf(reason, sizeof(reason),
			 may == -ENODEV ? NO_BUS :
					  "cannot write a device's authorized in sysfs: %s",
			 strerror(-may));
		coverage_reject(row, EVMON_HOOK_UEVENT, reason);
		return;
	}
	row->hooks[0] = EVMON_HOOK_UEVENT;
	row->n_hooks = 1;
	row->limits = may > 0 ? LATE : NULL;
	row->state = !wanted ? COVERAGE_READY : proven ? COVERAGE_PROVEN : COVERAGE_UNPROVEN;
}
