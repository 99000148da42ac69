/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the daemon tells others in its runtime directory: status.json, publish.conf and
 * listeners-at-start.jsonl, all replaced by rename. */
#include "daemon.h"

/* State, coverage, counters, the journal's heads (schema evmon.status/1). */
void report_status(struct daemon *daemon);
/* Who has which socket bound, at the start (schema evmon.listener/1, a line for each). */
int report_listeners(struct daemon *daemon);
/* The effective mqtt settings for evmon-publish. */
int report_publish_conf(struct daemon *daemon);
/* Goes with the daemon. */
void report_remove(struct daemon *daemon);
