/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One line of the journal: is it wanted, and what does it look like to people. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "policy/rules.h"

struct json_object;

struct log_filter {
	unsigned sensors;	/* bit per enum evmon_sensor; 0: all */
	enum severity severity; /* this and what is worse */
	int64_t since_us;	/* of CLOCK_REALTIME; INT64_MIN: all */
};

/* All lines pass: they need not even be parsed. */
bool log_filter_empty(const struct log_filter *filter);
bool log_wanted(const struct log_filter *filter, struct json_object *line);

/* "critical" worst; what is no severity has no tint. */
enum tint severity_tint(const char *name);

void log_header(FILE *out, bool color);
/* Aligned columns; times are local. */
void log_print(FILE *out, struct json_object *line, bool color);
