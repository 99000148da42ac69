// SPDX-License-Identifier: Apache-2.0
/*
 * One table for both forms of the status. A counter that the daemon writes and that is not here is
 * shown by --json only.
 */
#include "cmd/status_counters.h"

#include "base/macros.h"

static const struct status_counter counters[] = {
	{ "alerts", "Alerts written to the journal since the start", false },
	{ "records", "Records taken from the kernel's ring buffers", false },
	{ "alerts_lost", "Records that did not fit the alert ring; tallies have their count",
	  true },
	{ "bulk_lost", "Records that did not fit the bulk ring; tallies have their count", true },
	{ "missed", "Events that the kernel kept from a program, for another task was in it",
	  true },
	{ "bad_records", "Records that were not as this version writes them", true },
	{ "unjudged", "Executions that had ended before they could be judged", true },
	{ "tallies_full", "Violations counted in their rule's overflow entry", true },
	{ "tasks_full", "Tasks of the tree that found the task map full", true },
	{ "slots_full", "Module instances that found no slot of their own", true },
	{ "uevents_lost", "Times that the kernel dropped uevents", true },
	{ "usb_full", "Times that a USB device found no room for a count of its own", true },
	{ "mirror_sent", "Alerts that journald took", false },
	{ "mirror_lost", "Alerts that journald did not take at once", true },
	{ "standing", "Later occurrences of standing findings", false },
	{ "root_capabilities", "Capability checks by root tasks of the tree, not judged", false },
	{ "denied_ignored", "Denied checks that the policy ignores", false },
	{ "denied_probes", "Denied checks that refused nothing, not judged", false },
	{ "on_behalf", "Capability checks for another's credentials, not judged", false },
	{ "userns", "Capability checks in user namespaces, told by capability.userns", false },
	{ "pending", "Judgements withheld until the task's module is known", false },
};

size_t status_counters(const struct status_counter **ret_counters)
{
	*ret_counters = counters;
	return ARRAY_SIZE(counters);
}
