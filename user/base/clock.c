// SPDX-License-Identifier: Apache-2.0
/*
 * evmon reckons in CLOCK_BOOTTIME, which nobody can set and which goes on in suspend; real time is
 * boot time plus an offset, taken when something is written down. So a charger that starts in 1970
 * and hears of NTP an hour later still has its alerts in their order.
 */
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/timex.h>
#include <time.h>

#include "base/file.h"

#define NS_PER_SECOND 1000000000LL

static int64_t clock_ns(clockid_t id)
{
	struct timespec now = { 0 };

	clock_gettime(id, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

uint64_t clock_boot_ns(void)
{
	return (uint64_t)clock_ns(CLOCK_BOOTTIME);
}

int clock_boot_id(char text[CLOCK_BOOT_ID_MAX])
{
	ssize_t n = file_read_into(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text,
				   CLOCK_BOOT_ID_MAX);

	if (n < 0)
		text[0] = '\0';
	return n < 0 ? (int)n : 0;
}

int64_t clock_offset_ns(void)
{
	int64_t before = clock_ns(CLOCK_BOOTTIME);
	int64_t real = clock_ns(CLOCK_REALTIME);
	int64_t after = clock_ns(CLOCK_BOOTTIME);

	return real - (before + (after - before) / 2);
}

void clock_format(uint64_t boot_ns, int64_t offset_ns, char text[CLOCK_TEXT_MAX])
{
	/* Both may be anything: wrap, as unsigned arithmetic does, and never overflow. */
	int64_t real_ns = (int64_t)(boot_ns + (uint64_t)offset_ns);
	int64_t within = real_ns % NS_PER_SECOND;
	time_t seconds = (time_t)(real_ns / NS_PER_SECOND);
	char date[CLOCK_TEXT_MAX] = "";
	struct tm tm = { 0 };

	if (within < 0) {
		within += NS_PER_SECOND;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, CLOCK_TEXT_MAX, "%.19s.%06uZ", date, (unsigned)(within / 1000) % 1000000U);
}

bool clock_synced(void)
{
	struct timex now = { .modes = 0 };

	return adjtimex(&now) >= 0 && !(now.status & STA_UNSYNC);
}
