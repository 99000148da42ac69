/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Linux capabilities by name, as linux/capability.h numbers them (6.18: 41 of them). */
#include <stdint.h>

enum {
	CAPABILITY_COUNT = 41
};

/* "CAP_NET_RAW"; NULL for a number that has no name here. */
const char *capability_name(unsigned number);
/* Case-insensitive, as cap_from_name(3): the number, or -EINVAL. */
int capability_from_name(const char *name);
