/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What kernel_config.c reads and config_needs.c asks; nobody else's. */
#include <stddef.h>

struct config_option {
	const char *name, *value; /* value "": not set */
};

struct kernel_config {
	char *text; /* owned; options point into it */
	size_t size;
	struct config_option *options; /* owned */
	size_t n, room;
	char release[65], machine[65]; /* of the kernel it says it is of; empty: it does not */
};
