/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What EVerest's config says against the page or the policy: the rules of the sensor `config`. */
#include "policy/everest_config.h"
#include "policy/policy.h"

struct config_finding {
	enum evmon_rule rule;
	char what[128];	  /* the setting, or the module: "slac (EvseSlac)" */
	char detail[384]; /* what is wrong with it; `what` is the subject */
};

/* Below 0 it ends the search, with this result. */
typedef int (*config_finding_fn)(const struct config_finding *finding, void *userdata);

/*
 * Each finding once, settings before modules, modules in the config's order: the same config and
 * policy give the same findings. The severity is the rule's. 0, or what the function returned.
 */
int config_lint(const struct everest_config *config, const struct policy *policy,
		config_finding_fn fn, void *userdata);
