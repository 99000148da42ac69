// SPDX-License-Identifier: Apache-2.0
/*
 * Coverage as data: what was chosen, what was tried and why it does not serve. Deciding is
 * kernel.c's, proving is canary.c's; this file only knows the words and what follows from states.
 */
#include "kernel/coverage.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"

enum role_kind {
	OPTIONAL,
	NEEDED, /* without it evmon is degraded */
	DENIES
};

static const struct {
	const char *name;
	enum evmon_sensor sensor;
	enum role_kind kind;
} roles[COVERAGE_ROLE_MAX] = {
	[COVERAGE_TREE] = { "tree", EVMON_SENSOR_SELF, NEEDED },
	[COVERAGE_SNAPSHOT] = { "snapshot", EVMON_SENSOR_SELF, NEEDED },
	[COVERAGE_UNIT] = { "unit", EVMON_SENSOR_SELF, OPTIONAL },
	[COVERAGE_LISTENERS] = { "listeners", EVMON_SENSOR_BIND, OPTIONAL },
	[COVERAGE_BIND] = { "bind", EVMON_SENSOR_BIND, NEEDED },
	[COVERAGE_BIND_MPTCP] = { "bind-mptcp", EVMON_SENSOR_BIND, OPTIONAL },
	[COVERAGE_BIND_AUTO] = { "bind-auto", EVMON_SENSOR_BIND, OPTIONAL },
	[COVERAGE_BIND_SCTP] = { "bind-sctp", EVMON_SENSOR_BIND, OPTIONAL },
	[COVERAGE_BIND_DENY] = { "bind-deny", EVMON_SENSOR_BIND, DENIES },
	[COVERAGE_HELD] = { "held", EVMON_SENSOR_BIND, OPTIONAL },
	[COVERAGE_CAPABILITY] = { "capability", EVMON_SENSOR_CAPABILITY, NEEDED },
	[COVERAGE_CAPABILITY_DENY] = { "capability-deny", EVMON_SENSOR_CAPABILITY, DENIES },
	[COVERAGE_EXEC] = { "exec", EVMON_SENSOR_EXEC, NEEDED },
	[COVERAGE_EXEC_DENY] = { "exec-deny", EVMON_SENSOR_EXEC, DENIES },
	[COVERAGE_CREDENTIALS] = { "credentials", EVMON_SENSOR_EXEC, OPTIONAL },
	[COVERAGE_USB_TALLY] = { "usb-tally", EVMON_SENSOR_USB, OPTIONAL },
	[COVERAGE_USB] = { "usb", EVMON_SENSOR_USB, NEEDED },
	[COVERAGE_USB_DENY] = { "usb-deny", EVMON_SENSOR_USB, OPTIONAL },
};

static const char *const states[] = {
	[COVERAGE_NONE] = "none",     [COVERAGE_POSSIBLE] = "possible",
	[COVERAGE_READY] = "ready",   [COVERAGE_UNPROVEN] = "unproven",
	[COVERAGE_PROVEN] = "proven", [COVERAGE_BROKEN] = "broken",
};

const char *coverage_role_name(enum coverage_role role)
{
	return roles[role].name;
}

const char *coverage_state_name(enum coverage_state state)
{
	return states[state];
}

enum evmon_sensor coverage_role_sensor(enum coverage_role role)
{
	return roles[role].sensor;
}

bool coverage_role_denies(enum coverage_role role)
{
	return roles[role].kind == DENIES;
}

void coverage_reject(struct coverage_row *row, enum evmon_hook hook, const char *reason)
{
	struct coverage_tried *tried;

	if (row->n_tried == COVERAGE_TRIED)
		return;
	tried = &row->tried[row->n_tried++];
	tried->hook = hook;
	snprintf(tried->reason, sizeof(tried->reason), "%s", reason);
}

bool coverage_degraded(const struct coverage *coverage, char *reason, size_t size)
{
	for (unsigned i = 0; i < COVERAGE_ROLE_MAX; i++) {
		const struct coverage_row *row = &coverage->rows[i];

		if (roles[i].kind != NEEDED ||
		    (row->state != COVERAGE_NONE && row->state != COVERAGE_BROKEN))
			continue;
		if (row->state == COVERAGE_BROKEN)
			snprintf(reason, size, "%s: %s is attached and does not run", roles[i].name,
				 hook_name(row->hooks[0]));
		else if (row->n_tried)
			snprintf(reason, size, "%s: no hook works here (%s: %s)", roles[i].name,
				 hook_name(row->tried[0].hook), row->tried[0].reason);
		else
			snprintf(reason, size, "%s: no hook works here", roles[i].name);
		return true;
	}
	return false;
}

bool coverage_unproven(const struct coverage *coverage, char *reason, size_t size)
{
	for (unsigned i = 0; i < COVERAGE_ROLE_MAX; i++) {
		const struct coverage_row *row = &coverage->rows[i];

		if (roles[i].kind != NEEDED || row->state != COVERAGE_UNPROVEN || !row->reason[0])
			continue;
		snprintf(reason, size, "%s is not proven: %s", roles[i].name, row->reason);
		return true;
	}
	return false;
}

bool coverage_blind(const struct coverage *coverage)
{
	for (unsigned i = COVERAGE_BIND; i < COVERAGE_ROLE_MAX; i++) {
		enum coverage_state state = coverage->rows[i].state;

		if (roles[i].kind == NEEDED && state != COVERAGE_NONE && state != COVERAGE_BROKEN)
			return false;
	}
	return true;
}
