/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The counters of status.json: their names there and what they mean. */
#include <stdbool.h>
#include <stddef.h>

struct status_counter {
	const char *name;
	const char *help;
	bool loss; /* 0 while all is well */
};

size_t status_counters(const struct status_counter **ret_counters);
