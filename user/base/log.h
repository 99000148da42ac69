/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Words to the operator, on stderr; under systemd with "<N>" priority prefixes ($JOURNAL_STREAM).
 * Only main, daemon, pipeline, cmd/, publish/ and kernel/ log above debug.
 */
#include <stdbool.h>

#include "base/macros.h"

enum log_level {
	LOG_ERROR = 3,
	LOG_WARNING = 4,
	LOG_NOTICE = 5,
	LOG_INFORMATION = 6,
	LOG_DETAIL = 7
};

/* Messages above the level are dropped; $EVMON_DEBUG=1 lets LOG_DETAIL through. One line each;
 * bytes that could harm a terminal are escaped. */
void log_at(enum log_level level, const char *format, ...) _printf_(2, 3);
/* As log_at at LOG_ERROR, with ": <what errno says>"; err is -errno or errno; returns -abs(err). */
int log_err_errno(int err, const char *format, ...) _printf_(2, 3);

#define log_err(...)	 log_at(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_at(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)	 log_at(LOG_INFORMATION, __VA_ARGS__)
#define log_debug(...)	 log_at(LOG_DETAIL, __VA_ARGS__)
