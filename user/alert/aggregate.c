// SPDX-License-Identifier: Apache-2.0
/*
 * Few alerts, exact counts. For each key it is known how much of its count has been alerted; an
 * alert always carries what was counted since, so whatever is late, lost or folded, the sums
 * agree. A key is closed, or has a window: it is told at the window's end, if it grew, and the
 * window doubles; if not, it closes. A rule has a window too, of the base length, in which 64 keys
 * may be told by themselves; the rest join the alert that the rule's window ends with, and are on
 * their own again after it. The rule's windows count what is told, not what is open: a noise that
 * goes on leaves ever more room for what is new, as its own windows double.
 * What the kernel had no tally for is in its overflow entry, so that entry is read instead; what
 * nobody else counts is counted here (pending).
 */
#include "alert/aggregate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alert/compact.h"
#include "alert/growth.h"
#include "alert/keys.h"
#include "alert/message.h"

struct rule_window {
	uint64_t end_ns;
	unsigned used; /* keys told by themselves */
	bool folds;    /* some key waits for the shared alert */
};

struct aggregate {
	struct aggregate_config config;
	struct keys *keys;
	struct rule_window rule[EVMON_RULES];
	uint64_t deadline_ns;
	uint64_t now_ns;      /* of the call under way */
	struct alert scratch; /* an alert that is made here */
};

int aggregate_new(const struct aggregate_config *config, struct aggregate **ret_aggregate)
{
	_cleanup_(aggregate_freep) struct aggregate *a = NULL;
	int err;

	if (!config->window_ns || config->window_max_ns < config->window_ns)
		return -EINVAL;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->config = *config;
	err = keys_new(&a->keys);
	if (err)
		return err;
	*ret_aggregate = TAKE_PTR(a);
	return 0;
}

void aggregate_free(struct aggregate *aggregate)
{
	if (!aggregate)
		return;
	keys_free(aggregate->keys);
	free(aggregate);
}

uint64_t aggregate_deadline(const struct aggregate *aggregate)
{
	return aggregate->deadline_ns;
}

static void deadline_note(struct aggregate *a, uint64_t end_ns)
{
	if (!a->deadline_ns || end_ns < a->deadline_ns)
		a->deadline_ns = end_ns;
}

/* The kernel's count of the key, with what of it has been told already. */
static int entry_get(struct aggregate *a, const struct evmon_tally_key *key,
		     struct key_entry **ret_entry)
{
	int err = keys_get(a->keys, key, false, ret_entry);
	struct key_entry *e = *ret_entry;
	struct aggregate_told told;

	if (err || e->recalled || !a->config.told)
		return err;
	told = a->config.told(key, a->config.userdata);
	e->recalled = true;
	e->reported = told.count;
	e->last_ns = told.last_ns;
	return 0;
}

/* The next alert tells the growth; NULL: none does, or it has failed. */
static void entry_telling(const struct aggregate *a, const struct key_entry *e,
			  const struct growth *g)
{
	struct aggregate_keeping own = { .packed = e->kept, .size = e->kept_size };
	const struct aggregate_told before = { e->reported, e->last_ns };
	const struct aggregate_told after = { g ? g->kernel : e->reported,
					      g ? g->last_ns : e->last_ns };

	own.before =
		(struct aggregate_pending){ e->pending, e->pending_first_ns, e->pending_last_ns };
	if (!g)
		own.after = own.before;
	if (e->own && a->config.pending)
		a->config.pending(&e->key, &own, a->config.userdata);
	if (!e->own && a->config.telling)
		a->config.telling(&e->key, &before, &after, a->config.userdata);
}

static int growth_read(const struct aggregate *a, struct key_entry *e, struct growth *g)
{
	struct evmon_tally tally = { 0 };
	int err = 0;

	if (!e->own)
		err = a->config.read(&e->key, &tally, a->config.userdata);
	if (err && err != -ENOENT)
		return err;
	growth_of(e, &tally, g);
	return 0;
}

static int alert_send(const struct aggregate *a, struct alert *alert, const struct growth *g)
{
	alert->count = g->count;
	alert->first_ns = g->first_ns;
	alert->last_ns = g->last_ns;
	alert->time_ns = a->now_ns;
	return a->config.sink(alert, a->config.userdata);
}

static void entry_open(struct aggregate *a, struct key_entry *e, enum key_state state,
		       uint64_t window_ns, uint64_t end_ns)
{
	e->state = state;
	e->window_ns = window_ns;
	e->end_ns = end_ns;
	deadline_note(a, end_ns);
}

/* A key that the kernel never counted needs no memory of what was alerted. */
static void entry_close(struct aggregate *a, struct key_entry *e)
{
	e->state = KEY_CLOSED;
	keys_drop(a->keys, e);
	if (!e->reported && !e->pending)
		keys_remove(a->keys, e);
}

/* May one more key of the rule be told by itself? */
static bool rule_take(struct aggregate *a, unsigned rule)
{
	struct rule_window *w = &a->rule[rule];

	if (a->now_ns >= w->end_ns && !w->folds)
		*w = (struct rule_window){ .end_ns = a->now_ns + a->config.window_ns };
	if (w->used == AGGREGATE_KEYS_PER_RULE)
		return false;
	w->used++;
	return true;
}

static int entry_fold(struct aggregate *a, struct key_entry *e, const struct alert *alert,
		      uint64_t window_ns)
{
	struct rule_window *w = &a->rule[e->key.rule];
	int err = keys_keep(a->keys, e, alert);

	if (err) {
		entry_close(a, e);
		return err;
	}
	if (e->own)
		entry_telling(a, e, NULL);
	w->folds = true;
	entry_open(a, e, KEY_FOLDED, window_ns, w->end_ns);
	return 0;
}

/* Alerts what the key has grown by, alone or with others, and opens its window. */
static int entry_tell(struct aggregate *a, struct key_entry *e, struct alert *alert,
		      const struct growth *g, uint64_t window_ns)
{
	bool overflow = e->key.slot == EVMON_SLOT_OVERFLOW;
	int kept, err;

	if (!rule_take(a, e->key.rule))
		return entry_fold(a, e, alert, window_ns);
	kept = keys_keep(a->keys, e, alert);
	alert->count = g->count;
	if (overflow && (g->count > 1 || alert->object_partial))
		alert_fold(alert, g->count);
	entry_telling(a, e, g);
	err = alert_send(a, alert, g);
	if (!err)
		growth_reported(e, g->kernel, g->last_ns, a->now_ns);
	if (err || e->own)
		entry_telling(a, e, NULL);
	if (kept)
		entry_close(a, e);
	else
		entry_open(a, e, KEY_OPEN, window_ns, a->now_ns + window_ns);
	return err ? err : kept;
}

static int entry_end(struct aggregate *a, struct key_entry *e)
{
	uint64_t window_ns = MIN(2 * e->window_ns, a->config.window_max_ns);
	struct growth g;
	int err = growth_read(a, e, &g);

	if (err) {
		entry_open(a, e, e->state, e->window_ns, a->now_ns + a->config.window_ns);
		return err;
	}
	if (!g.count) {
		e->quiet_ns = a->now_ns;
		entry_close(a, e);
		return 0;
	}
	(void)compact_unpack(e->kept, e->kept_size, &a->scratch);
	alert_by(&a->scratch, &g.actor);
	/* Of what fell into an overflow entry since, nobody knows the object. */
	if (e->key.slot == EVMON_SLOT_OVERFLOW)
		a->scratch.object_partial = true;
	if (e->state == KEY_WAITING)
		window_ns = a->config.window_ns;
	return entry_tell(a, e, &a->scratch, &g, window_ns);
}

/* Adds one key to the shared alert, whose subject is the keys' if they have one in common. */
static void shared_add(struct aggregate *a, struct key_entry *e, const struct growth *g,
		       struct growth *sum, uint64_t *n)
{
	if (!*n)
		(void)compact_unpack(e->kept, e->kept_size, &a->scratch);
	else if (a->scratch.subject != e->subject)
		a->scratch.subject = EVMON_SUBJECT_MAX;
	*n += e->key.slot == EVMON_SLOT_OVERFLOW ? g->count : 1;
	sum->first_ns = sum->count ? MIN(sum->first_ns, g->first_ns) : g->first_ns;
	sum->last_ns = MAX(sum->last_ns, g->last_ns);
	sum->count += g->count;
	e->counted = true;
	e->seen = g->kernel;
	e->seen_last_ns = g->last_ns;
	entry_telling(a, e, g);
}

static bool entry_is_folded(const struct key_entry *e, unsigned rule, unsigned verdict)
{
	return e->state == KEY_FOLDED && e->key.rule == rule && e->key.verdict == verdict;
}

/* The shared alert of a rule and verdict; its keys have windows of their own from now on. */
static int shared_tell(struct aggregate *a, unsigned rule, unsigned verdict)
{
	struct growth sum = { 0 }, g;
	uint64_t n = 0;
	int err, read_err = 0;

	for (struct key_entry *e = NULL; (e = keys_next(a->keys, e));) {
		if (!entry_is_folded(e, rule, verdict))
			continue;
		e->counted = false;
		err = growth_read(a, e, &g);
		if (!err && g.count)
			shared_add(a, e, &g, &sum, &n);
		read_err = err ? err : read_err;
	}
	err = 0;
	if (n) {
		a->scratch.count = sum.count;
		alert_fold(&a->scratch, n);
		err = alert_send(a, &a->scratch, &sum);
	}
	for (struct key_entry *e = NULL; (e = keys_next(a->keys, e));) {
		if (!entry_is_folded(e, rule, verdict))
			continue;
		if (e->counted && !err)
			growth_reported(e, e->seen, e->seen_last_ns, a->now_ns);
		if (e->counted && (err || e->own))
			entry_telling(a, e, NULL);
		entry_open(a, e, KEY_OPEN, e->window_ns, a->now_ns + e->window_ns);
	}
	return err ? err : read_err;
}

static int rules_end(struct aggregate *a, bool all)
{
	int first_err = 0;

	for (unsigned rule = 0; rule < EVMON_RULES; rule++) {
		struct rule_window *w = &a->rule[rule];

		if (!w->folds || (!all && w->end_ns > a->now_ns))
			continue;
		for (unsigned verdict = 0; verdict < EVMON_VERDICT_MAX; verdict++) {
			int err = shared_tell(a, rule, verdict);

			first_err = first_err ? first_err : err;
		}
		*w = (struct rule_window){ 0 };
	}
	return first_err;
}

static int entries_end(struct aggregate *a, bool all)
{
	struct key_entry *next = keys_next(a->keys, NULL);
	int first_err = 0;

	while (next) {
		struct key_entry *e = next;
		bool open = e->state == KEY_OPEN || e->state == KEY_WAITING;
		int err = 0;

		next = keys_next(a->keys, e);
		if (open && (all || e->end_ns <= a->now_ns))
			err = entry_end(a, e);
		first_err = first_err ? first_err : err;
	}
	return first_err;
}

static void deadline_find(struct aggregate *a)
{
	a->deadline_ns = 0;
	for (struct key_entry *e = NULL; (e = keys_next(a->keys, e));)
		if (e->state != KEY_CLOSED)
			deadline_note(a, e->end_ns);
}

void aggregate_windows(struct aggregate *aggregate, uint64_t window_ns, uint64_t window_max_ns,
		       uint64_t now_ns)
{
	aggregate->config.window_ns = window_ns;
	aggregate->config.window_max_ns = window_max_ns;
	for (struct key_entry *e = NULL; (e = keys_next(aggregate->keys, e));)
		if (e->state == KEY_OPEN)
			e->end_ns = MIN(e->end_ns, now_ns + window_max_ns);
	deadline_find(aggregate);
}

int aggregate_tick(struct aggregate *aggregate, uint64_t now_ns, bool all)
{
	int err = 0, more;

	aggregate->now_ns = now_ns;
	/* At the end of all, what the keys grow by may still join the shared alerts. */
	if (!all)
		err = rules_end(aggregate, false);
	more = entries_end(aggregate, all);
	err = err ? err : more;
	if (all)
		more = rules_end(aggregate, true);
	deadline_find(aggregate);
	return err ? err : more;
}

/* Each call's first step: ends the windows that were due before it. */
static int tick_due(struct aggregate *a, uint64_t now_ns)
{
	a->now_ns = now_ns;
	if (!a->deadline_ns || now_ns < a->deadline_ns)
		return 0;
	return aggregate_tick(a, now_ns, false);
}

/* A violation of the key, already counted: tells it at once or leaves it to the window's end. */
static int entry_push(struct aggregate *a, struct key_entry *e, struct alert *alert,
		      const struct growth *g)
{
	if (e->state == KEY_OPEN || e->state == KEY_FOLDED) {
		int err = keys_keep(a->keys, e, alert);

		if (!err && e->own)
			entry_telling(a, e, NULL);
		return err;
	}
	if (!g->count)
		return 0;
	return entry_tell(a, e, alert, g, a->config.window_ns);
}

static int push_counted_here(struct aggregate *a, const struct evmon_tally_key *key, bool own,
			     struct alert *alert)
{
	struct evmon_tally_key overflow = key_overflow(key);
	const struct evmon_tally none = { 0 };
	struct key_entry *e;
	struct growth g;
	int err = keys_get(a->keys, key, own, &e);

	if (err == -ENOSPC)
		err = keys_get(a->keys, &overflow, true, &e);
	if (err)
		return err;
	growth_count(e, alert);
	growth_of(e, &none, &g);
	return entry_push(a, e, alert, &g);
}

int aggregate_push(struct aggregate *aggregate, struct alert *alert, uint64_t now_ns)
{
	struct aggregate *a = aggregate;
	struct evmon_tally_key key = alert->key;
	struct evmon_tally tally;
	struct key_entry *e;
	struct growth g;
	int err, due, unread;

	if (!rule_is_told(key.rule))
		return 0;
	due = tick_due(a, now_ns);
	unread = a->config.read(&key, &tally, a->config.userdata);
	if (unread == -ENOENT) {
		key = key_overflow(&key);
		unread = a->config.read(&key, &tally, a->config.userdata);
	}
	if (unread == -ENOENT) {
		err = push_counted_here(a, &alert->key, false, alert);
		return err ? err : due;
	}
	err = entry_get(a, &key, &e);
	if (err)
		return err == -ENOSPC ? push_counted_here(a, &key, true, alert) : err;
	if (unread)
		growth_assume(e, alert, &g);
	else
		growth_of(e, &tally, &g);
	err = entry_push(a, e, alert, &g);
	return err ? err : due;
}

int aggregate_push_own(struct aggregate *aggregate, struct alert *alert, const char *identity,
		       uint64_t now_ns)
{
	struct evmon_tally_key key = alert->key;
	int err, due;

	if (!rule_is_told(key.rule))
		return 0;
	due = tick_due(aggregate, now_ns);
	key_identify(&key, identity);
	err = push_counted_here(aggregate, &key, true, alert);
	return err ? err : due;
}

int aggregate_recall(struct aggregate *aggregate, const struct evmon_tally_key *key,
		     const struct aggregate_pending *pending, const void *packed, size_t size)
{
	struct key_entry *e;
	int err = compact_unpack(packed, size, &aggregate->scratch);

	if (!err)
		err = keys_get(aggregate->keys, key, true, &e);
	if (!err)
		err = keys_keep(aggregate->keys, e, &aggregate->scratch);
	if (err)
		return err;
	e->pending = pending->count;
	e->pending_first_ns = pending->first_ns;
	e->pending_last_ns = pending->last_ns;
	entry_open(aggregate, e, KEY_WAITING, 0, pending->last_ns);
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): what alert_from_tally() takes, and the time */
int aggregate_sweep(struct aggregate *aggregate, const struct evmon_tally_key *key,
		    const struct evmon_tally *tally, const struct modules *modules,
		    const struct policy *policy, uint64_t now_ns)
{
	struct aggregate *a = aggregate;
	struct key_entry *e;
	struct growth g;
	int err, due;

	if (!rule_is_told(key->rule) || !tally->count)
		return 0;
	due = tick_due(a, now_ns);
	err = entry_get(a, key, &e);
	if (err || e->state != KEY_CLOSED)
		return err ? err : due;
	growth_of(e, tally, &g);
	if (!g.count) {
		e->quiet_ns = now_ns;
		return due;
	}
	alert_from_tally(&a->scratch, key, tally, modules, policy);
	if (tally->record_ns && tally->record_ns + GROWTH_GRACE_NS > now_ns) {
		err = keys_keep(a->keys, e, &a->scratch);
		if (!err)
			entry_open(a, e, KEY_WAITING, 0, tally->record_ns + GROWTH_GRACE_NS);
	} else {
		err = entry_tell(a, e, &a->scratch, &g, a->config.window_ns);
	}
	return err ? err : due;
}
