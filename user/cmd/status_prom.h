/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The status as Prometheus's text exposition, for node_exporter's textfile collector. */
#include <stdio.h>

struct json_object;

/* `status` is status.json's object; NULL: evmon does not run, which is `evmon_up 0`. */
void status_prom(FILE *out, struct json_object *status);
