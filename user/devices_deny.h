/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* action: deny for USB, by the kernel's switch in sysfs. */
#include "daemon.h"

/* What was done about a device that is attached. */
struct usb_answer {
	enum evmon_verdict verdict; /* ALERT: nothing, DENIED: never in use, LATE: taken out */
	bool asked;		    /* the policy denies, and it could not be done */
	bool gone;		    /* since the device had gone */
};

/* Lets in what the policy allows (rule NONE) and what the baseline has, takes out the rest; touches
 * nothing where the policy does not deny. */
struct usb_answer devices_answer(struct daemon *daemon, const struct usb_device *device,
				 enum evmon_rule rule);
/* Coverage's rows, anew: whether there is a bus, and whether a device can be refused. */
void devices_cover(struct daemon *daemon);
