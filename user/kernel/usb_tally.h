/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How often usbcore has taken in which device, by a hook of its own. */
#include "evmon/usb.h"
#include "kernel/kernel.h"

typedef int (*usb_tally_fn)(const struct evmon_usb_key *key, const struct evmon_usb_tally *tally,
			    void *userdata);

/* Calls fn for each key; an error of fn is passed up. -ENOTSUP: no hook counts here. */
int usb_tally_each(struct kernel *kernel, usb_tally_fn fn, void *userdata);
