// SPDX-License-Identifier: Apache-2.0
/*
 * Rotation does not wait for delivery, but what it takes undelivered is told: the chain, from and
 * to seq, in the journal itself, so that it reaches whoever counts. It is written right behind the
 * line that made the journal rotate, and past the aggregate: a range must not wait for a window.
 *
 * Where nothing is published nothing is undelivered. What was removed then is told once a broker is
 * set.
 */
#include "undelivered.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "journal/lost.h"

static void describe(const struct lost *lost, char *text, size_t size)
{
	int n = snprintf(text, size,
			 "the %s lines %" PRIu64 " to %" PRIu64
			 " were removed from the full journal before they were delivered",
			 lost->chain, lost->from, lost->to);

	if (lost->cursor_err && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n,
			 ", or may have been: evmon-publish's cursor cannot be read (%s)",
			 strerror(-lost->cursor_err));
}

int undelivered_take(struct daemon *daemon, struct alert **ret_alert)
{
	_cleanup_(freep) struct alert *alert = NULL;
	char cursor_dir[PATH_MAX], detail[256];
	struct lost lost;
	int r;

	if (!daemon->mqtt_url[0])
		return 0;
	r = lost_cursor_dir(daemon->options->state_dir, cursor_dir);
	if (r < 0)
		return r;
	alert = calloc(1, sizeof(*alert));
	if (!alert)
		return -ENOMEM;
	r = lost_take(daemon->journal, cursor_dir, &lost);
	if (r <= 0)
		return r;
	describe(&lost, detail, sizeof(detail));
	log_warning("%s", detail);
	alert_from_self(alert, EVMON_RULE_SELF_LOST, daemon->policy, "delivery", detail);
	snprintf(alert->self.chain, sizeof(alert->self.chain), "%s", lost.chain);
	alert->self.from = lost.from;
	alert->self.to = lost.to;
	*ret_alert = TAKE_PTR(alert);
	return 1;
}
