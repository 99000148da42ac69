/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the daemon tells others in its runtime directory: status.json and publish.conf, both
 * replaced by rename. */
#include "daemon.h"

/* State, coverage, counters, the journal's heads (schema evmon.status/1). */
void report_status(struct daemon *daemon);
/* The effective mqtt settings for evmon-publish. */
int report_publish_conf(struct daemon *daemon);
/* Goes with the daemon. */
void report_remove(struct daemon *daemon);
