/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Coverage's rows of USB, for the daemon and for `evmon coverage`. `may` is what
 * usb_sysfs_may_authorize() said. */
#include <stdbool.h>

#include "kernel/coverage.h"

/* err: what uevent_open() said. */
void usb_coverage_watch(struct coverage_row *row, int err);
/* What uevents cannot show; no bus is no fault, and said. */
void usb_coverage_bus(struct coverage_row *row, int may);
/* wanted: the policy denies. */
void usb_coverage_deny(struct coverage_row *row, int may, bool wanted);
