/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One aligned line for terminals: --trace's columns, and log's. Hostile bytes are escaped. */
#include <stdbool.h>
#include <stdio.h>

#include "alert/alert.h"

/* "TIME PID UID MODULE SENSOR VERDICT RULE DETAIL", coloured on request. */
void text_header(FILE *out, bool color);
void text_alert(FILE *out, const struct alert *alert, int64_t offset_ns, bool color);
/* What the object is in words: "tcp 0.0.0.0:8849", "CAP_NET_RAW used", a path. */
int text_object(const struct alert *alert, char *buffer, size_t size);
