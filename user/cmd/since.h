/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Points in time as journalctl(1) takes them, in microseconds of CLOCK_REALTIME. */
#include <stdint.h>

/* "2026-11-22 12:00:00" and parts of it, the form of alerts ("2026-11-22T12:00:00.000123Z"), "-1h",
 * "90min ago", "yesterday", "today", "tomorrow", "now", "@SECONDS". Local time, unless it ends in
 * "Z" or "UTC". -EINVAL. */
int since_parse(const char *text, int64_t now_us, int64_t *ret_us);
