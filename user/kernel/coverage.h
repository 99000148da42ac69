/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which sensor is served by which hook on this kernel, how well, and why not better. */
#include <stdbool.h>
#include <stddef.h>

#include "policy/hook_names.h"

enum {
	COVERAGE_HOOKS = 3,
	COVERAGE_TRIED = 4,
	COVERAGE_REASON_MAX = 160
};

/* What hooks are chosen for. */
enum coverage_role {
	COVERAGE_TREE,
	COVERAGE_SNAPSHOT,
	COVERAGE_UNIT,
	COVERAGE_LISTENERS,
	COVERAGE_BIND,
	COVERAGE_BIND_MPTCP,
	COVERAGE_BIND_AUTO,
	COVERAGE_BIND_SCTP, /* of a module: chosen when that is there, see sctp.h */
	COVERAGE_BIND_DENY,
	COVERAGE_HELD,
	COVERAGE_CAPABILITY,
	COVERAGE_CAPABILITY_DENY,
	COVERAGE_EXEC,
	COVERAGE_EXEC_DENY,
	COVERAGE_CREDENTIALS,
	COVERAGE_USB_TALLY, /* of a module, too */
	COVERAGE_USB,
	COVERAGE_USB_DENY, /* no hook: `authorized` in sysfs */
	COVERAGE_ROLE_MAX
};

enum coverage_state {
	COVERAGE_NONE,	   /* no hook works here */
	COVERAGE_POSSIBLE, /* a kernel's configuration allows it; not tried */
	COVERAGE_READY,	   /* works here by trial; used only where it is needed */
	COVERAGE_UNPROVEN, /* attached, not seen to run yet */
	COVERAGE_PROVEN,   /* attached, and the canary came through */
	COVERAGE_BROKEN,   /* attached, and the canary did not come through */
};

struct coverage_tried {
	enum evmon_hook hook;
	char reason[COVERAGE_REASON_MAX]; /* why it does not serve */
};

struct coverage_row {
	enum coverage_state state;
	enum evmon_hook hooks[COVERAGE_HOOKS];
	size_t n_hooks;
	const char *limits;		  /* what these hooks cannot see; NULL: nothing known */
	char reason[COVERAGE_REASON_MAX]; /* why the canary could not prove it; empty: it could */
	struct coverage_tried tried[COVERAGE_TRIED]; /* better ones that do not serve here */
	size_t n_tried;
};

struct coverage {
	char release[65], machine[65]; /* uname */
	char lsm[256];		       /* /sys/kernel/security/lsm; empty: not readable */
	struct coverage_row rows[COVERAGE_ROLE_MAX];
};

/* "bind", "bind-deny", ... */
const char *coverage_role_name(enum coverage_role role);
/* "proven" ... */
const char *coverage_state_name(enum coverage_state state);
/* The sensor that a role serves; SELF for tree, snapshot and unit, which serve all. */
enum evmon_sensor coverage_role_sensor(enum coverage_role role);
/* Its hooks refuse: they are attached only where a rule denies. */
bool coverage_role_denies(enum coverage_role role);
/* A sensor without a working hook, or whose hook is broken; the first such role's reason. */
bool coverage_degraded(const struct coverage *coverage, char *reason, size_t size);
/* A sensor that evmon needs and whose hook the canary could not come by; the first one's reason. */
bool coverage_unproven(const struct coverage *coverage, char *reason, size_t size);
/* No sensor works. */
bool coverage_blind(const struct coverage *coverage);
void coverage_reject(struct coverage_row *row, enum evmon_hook hook, const char *reason);
