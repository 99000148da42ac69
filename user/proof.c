// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks are proven at the start, after a reload and then hourly: what ran once may have been taken
 * away since. So may what is pinned, which only the next daemon would miss; that is put back. The
 * state is told where it changes.
 */
#include "proof.h"

#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "kernel/canary.h"
#include "pipeline.h"
#include "report.h"

#define CANARY_NS (3600 * 1000000000ULL)

static int state_tell(struct daemon *daemon)
{
	const struct coverage *coverage = kernel_coverage(daemon->kernel);
	char reason[DAEMON_REASON_MAX];

	report_status(daemon);
	if (coverage_degraded(coverage, reason, sizeof(reason))) {
		daemon->proven = false;
		log_warning("degraded: %s", reason);
		return pipeline_self(daemon, EVMON_RULE_SELF_DEGRADED, "coverage", reason);
	}
	if (coverage_unproven(coverage, reason, sizeof(reason)))
		log_warning("protecting: %s", reason);
	else if (!daemon->proven)
		log_notice("protecting: all sensors are proven by the canary");
	daemon->proven = true;
	return 0;
}

static int on_canary(int fd, uint32_t events, void *userdata)
{
	struct daemon *daemon = userdata;
	char why[KERNEL_REASON_MAX];
	int err = canary_finish(daemon->kernel, daemon->canary);

	(void)fd;
	(void)events;
	daemon->canary = 0;
	loop_remove(daemon->loop, TAKE_PTR(daemon->canary_end));
	if (err >= 0 && kernel_pins_mend(daemon->kernel, why))
		err = pipeline_self(daemon, EVMON_RULE_SELF_TAMPERED, "pins", why);
	return err < 0 ? err : state_tell(daemon);
}

int proof_look(struct daemon *daemon)
{
	int err;

	if (daemon->canary || clock_boot_ns() < daemon->canary_next_ns)
		return 0;
	err = canary_start(daemon->kernel, &daemon->canary);
	daemon->canary_next_ns = clock_boot_ns() + CANARY_NS;
	if (err < 0)
		return err;
	return loop_add_pid(daemon->loop, daemon->canary, on_canary, daemon, &daemon->canary_end);
}

int proof_end(struct daemon *daemon)
{
	if (!daemon->canary || kill(daemon->canary, SIGKILL) < 0)
		return 0;
	return canary_finish(daemon->kernel, daemon->canary);
}
