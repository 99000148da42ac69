// SPDX-License-Identifier: Apache-2.0
/*
 * The supervisor's watchdog is for what cannot help itself: a loop that hangs, a write that never
 * comes back, a process that was stopped. Those are not told here; they tell nothing, and are ended
 * in the time that the unit gives.
 *
 * A disk that refuses is another thing: the program runs, says so, and keeps what it can. It is
 * not fed then, for it does not do its job; but to be ended again and again would cost what it
 * keeps, and no restart mends a disk. So the supervisor is asked, once, to wait an hour instead:
 * long for a loop, and soon enough where a start anew does help, as with a directory that was
 * taken away.
 * systemd takes WATCHDOG_USEC= since version 236; one that does not knows its own patience.
 */
#include "base/watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/notify.h"

#define PATIENCE_US (3600 * 1000000ULL)

static uint64_t environment_number(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	unsigned long long value;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno || *end ? 0 : value;
}

void watchdog_init(struct watchdog *watchdog)
{
	uint64_t pid = environment_number("WATCHDOG_PID");

	*watchdog = (struct watchdog){ .next_ns = UINT64_MAX };
	if (!pid || pid == (uint64_t)getpid())
		watchdog->asked_us = environment_number("WATCHDOG_USEC");
	if (watchdog->asked_us)
		watchdog->next_ns = 0;
}

static void ask(uint64_t us)
{
	char text[48];

	snprintf(text, sizeof(text), "WATCHDOG_USEC=%" PRIu64, us);
	notify_supervisor(text);
}

void watchdog_tell(struct watchdog *watchdog, bool well)
{
	if (!watchdog->asked_us)
		return;
	if (!well && !watchdog->patient && watchdog->asked_us < PATIENCE_US) {
		ask(PATIENCE_US);
		watchdog->patient = true;
	} else if (well && watchdog->patient) {
		ask(watchdog->asked_us);
		watchdog->patient = false;
	}
	if (well)
		notify_supervisor("WATCHDOG=1");
	watchdog->next_ns = clock_boot_ns() + MIN(watchdog->asked_us, PATIENCE_US) / 4 * 1000;
}
