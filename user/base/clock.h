/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Boot time orders and measures; real time is only written down. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CLOCK_TEXT_MAX = 32,
	CLOCK_BOOT_ID_MAX = 37
};

/* CLOCK_BOOTTIME in nanoseconds. */
uint64_t clock_boot_ns(void);
/* The kernel's name for this boot. On error empty. */
int clock_boot_id(char text[CLOCK_BOOT_ID_MAX]);
/* CLOCK_REALTIME less CLOCK_BOOTTIME, now; changes when the clock is set. */
int64_t clock_offset_ns(void);
/* "2026-11-22T12:00:00.000123Z" of a boot time, by the offset given. */
void clock_format(uint64_t boot_ns, int64_t offset_ns, char text[CLOCK_TEXT_MAX]);
/* The kernel says that something keeps the clock right (adjtimex, no STA_UNSYNC). */
bool clock_synced(void);
