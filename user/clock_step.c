// SPDX-License-Identifier: Apache-2.0
/*
 * Alerts carry real time and boot time. When the clock is set, the one jumps and the other goes on,
 * so who reads the journal can date what came before by the difference; that is what is told, once
 * for each step. The kernel says that the clock was set by cancelling a timer that waits for it;
 * what adjusts it bit by bit (adjtime, NTP's slewing) is no step, nor is less than a second.
 */
#include "clock_step.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline.h"

#define NS_PER_SECOND 1000000000LL

/* As far away as a timer can wait: 2262, or 2038 where a board's time ends then. */
#define NEVER_S ((time_t)(sizeof(time_t) > 4 ? INT64_MAX / NS_PER_SECOND - 1 : INT32_MAX))

static int timer_set(int fd)
{
	const struct itimerspec never = { .it_value = { .tv_sec = NEVER_S } };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 ?
		       -errno :
		       0;
}

static int step_tell(struct daemon *daemon, int64_t before_ns, int64_t now_ns)
{
	char before[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX], detail[160];
	int64_t step_ns = now_ns - before_ns;
	uint64_t boot_ns = clock_boot_ns();

	clock_format(boot_ns, before_ns, before);
	clock_format(boot_ns, now_ns, now);
	snprintf(detail, sizeof(detail), "from %s to %s, %s by %lld.%03lld s", before, now,
		 step_ns < 0 ? "back" : "forward", llabs(step_ns) / NS_PER_SECOND,
		 llabs(step_ns) % NS_PER_SECOND / 1000000);
	log_notice("the clock was set %s", detail);
	return pipeline_self(daemon, EVMON_RULE_SELF_CLOCK_STEP, "clock", detail);
}

static int on_clock(int fd, uint32_t events, void *userdata)
{
	struct daemon *daemon = userdata;
	int64_t before_ns = daemon->clock_offset_ns;
	uint64_t expired;
	int err;

	(void)events;
	if (read(fd, &expired, sizeof(expired)) < 0 && errno == EAGAIN)
		return 0;
	/* First, so that a step which comes now is not missed. */
	err = timer_set(fd);
	if (err < 0)
		return err;
	daemon->clock_offset_ns = clock_offset_ns();
	if (llabs(daemon->clock_offset_ns - before_ns) < NS_PER_SECOND)
		return 0;
	return step_tell(daemon, before_ns, daemon->clock_offset_ns);
}

int clock_step_watch(struct daemon *daemon)
{
	int err;

	daemon->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (daemon->clock_fd < 0)
		return -errno;
	err = timer_set(daemon->clock_fd);
	daemon->clock_offset_ns = clock_offset_ns();
	return err < 0 ? err : loop_add_fd(daemon->loop, daemon->clock_fd, on_clock, daemon, NULL);
}
