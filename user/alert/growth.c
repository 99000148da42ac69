// SPDX-License-Identifier: Apache-2.0
/*
 * The arithmetic of counts and intervals. A count that has been alerted is never alerted again,
 * and one that has not been is never forgotten: `reported` and `pending` change in growth_reported
 * only, when the alert is out. An interval's bounds are true ones: no violation of the growth is
 * before `first` or after `last`, though `first` may be early where nobody saw the first of them.
 */
#include "alert/growth.h"

#include <string.h>

/* The violation after the last one that was alerted came at the earliest when the count was last
 * seen unchanged; a hook reads the clock a little before it counts. */
static uint64_t earliest_ns(const struct key_entry *e, const struct evmon_tally *tally)
{
	uint64_t quiet = e->quiet_ns > GROWTH_GRACE_NS ? e->quiet_ns - GROWTH_GRACE_NS : 0;

	if (tally->count - e->reported == 1)
		return tally->last_ns;
	if (!e->reported)
		return tally->first_ns;
	return MIN(MAX(e->last_ns, quiet), tally->last_ns);
}

void growth_of(struct key_entry *e, const struct evmon_tally *tally, struct growth *ret_growth)
{
	struct growth *g = ret_growth;

	memset(g, 0, sizeof(*g));
	g->kernel = tally->count;
	if (tally->count < e->reported)
		e->reported = 0; /* another tally than the one that was alerted */
	if (tally->count > e->reported) {
		g->count = tally->count - e->reported;
		g->first_ns = earliest_ns(e, tally);
		g->last_ns = tally->last_ns;
		g->actor = tally->actor;
	}
	if (!e->pending)
		return;
	g->first_ns = g->count ? MIN(g->first_ns, e->pending_first_ns) : e->pending_first_ns;
	g->last_ns = MAX(g->last_ns, e->pending_last_ns);
	g->count += e->pending;
}

void growth_assume(const struct key_entry *e, const struct alert *alert, struct growth *ret_growth)
{
	*ret_growth = (struct growth){ .count = 1,
				       .kernel = e->reported + 1,
				       .first_ns = alert->first_ns,
				       .last_ns = alert->last_ns };
}

void growth_count(struct key_entry *e, const struct alert *alert)
{
	if (!e->pending)
		e->pending_first_ns = alert->first_ns;
	e->pending += alert->count;
	e->pending_last_ns = MAX(e->pending_last_ns, alert->last_ns);
}

void growth_reported(struct key_entry *e, uint64_t kernel, uint64_t last_ns, uint64_t now_ns)
{
	e->reported = kernel;
	e->pending = 0;
	e->last_ns = last_ns;
	e->quiet_ns = now_ns;
}
