/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The closed list of rules: name, sensor, default severity; nothing about how they are found. */
#include <stdbool.h>

#include "evmon/types.h"

enum severity {
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
	SEVERITY_MAX
};

struct rule {
	const char *name; /* "bind.admin-panel" */
	enum evmon_sensor sensor;
	enum severity severity; /* where the policy has no word of its own */
	bool standing;		/* counts once per (rule, class, instance) and boot */
};

/* NULL for NONE, the internal rules and the vendor's. */
const struct rule *rule_get(enum evmon_rule rule);
/* The number of a rule by its name, or -EINVAL. */
int rule_from_name(const char *name);

/* It makes alerts: any, the vendor's as well, but for NONE and the canary's. */
bool rule_is_told(unsigned rule);

const char *severity_name(enum severity severity);
int severity_from_name(const char *name);
const char *sensor_name(enum evmon_sensor sensor);
int sensor_from_name(const char *name);
const char *subject_name(enum evmon_subject subject);
const char *verdict_name(enum evmon_verdict verdict);
