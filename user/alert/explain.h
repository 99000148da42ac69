/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the rules of the closed list mean to whoever reads an alert. */
#include "policy/rules.h"

/* Whole lines, each ending in a newline. */
struct explanation {
	const char *means;
	const char *matters;
	const char *todo;
};

/* NULL for what is not in the closed list. */
const struct explanation *explanation_get(enum evmon_rule rule);
/* For a rule of the vendor's own. */
const struct explanation *explanation_vendor(void);
