/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A policy out of EVerest's config: what it means on this charger, and never more than `page`. */
#include <stdio.h>

#include "policy/everest_config.h"
#include "policy/policy.h"

struct from_everest {
	const struct everest_config *config;
	const char *path;   /* of the config, as it was found */
	const char *prefix; /* NULL: /usr */
	const struct everest_start *start;
	const struct policy *page; /* what may be granted: the built-in policy */
};

/* Text that is a policy file; the same input gives the same bytes. -E2BIG: the modules that need a
 * list are more than a policy may have. */
int policy_from_everest(FILE *out, const struct from_everest *from);
