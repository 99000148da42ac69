/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A policy in force, written as a file of its own: read again, it gives the same policy (the same
 * hash), whatever files it came from. Behind each value stands where it comes from.
 */
#include <stdio.h>

#include "policy/everest_config.h"
#include "policy/fields.h"

struct show {
	FILE *out;
	const struct policy *policy;
	const struct origins *origins;	      /* NULL: everything is built in */
	const struct everest_config *everest; /* what it adds to names; may be NULL */
	unsigned depth;
	char path[ORIGIN_KEY_MAX];
};

/* -ENOMEM. The file that `everest` was read from is the policy's. */
int policy_show(FILE *out, const struct policy *policy, const struct origins *origins,
		const struct everest_config *everest);

/* For field types. */
int show_mapping(struct show *show, const struct field *field, const void *base);
int show_bind(struct show *show, const struct field *field, const void *base);
int show_modules(struct show *show, const struct field *field, const void *base);
int show_usb_allow(struct show *show, const struct field *field, const void *base);
