/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Coverage's row of refusing USB devices, for the daemon and for `evmon coverage`. */
#include <stdbool.h>

#include "kernel/coverage.h"

/* may: what usb_sysfs_may_authorize() said; wanted: the policy denies. */
void usb_coverage_deny(struct coverage_row *row, int may, bool wanted);
