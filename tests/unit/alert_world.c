// SPDX-License-Identifier: Apache-2.0
/* The fake kernel that aggregation is tested against; see alert_world.h. */
#include "alert_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fake *fake_find(struct world *w, const struct evmon_tally_key *key)
{
	for (size_t i = 0; i < w->n_fakes; i++)
		if (!memcmp(&w->fakes[i].key, key, sizeof(*key)))
			return &w->fakes[i];
	return NULL;
}

/* Every deed that was not told yet is in this alert, and within its bounds. */
static void fake_told(const struct world *w, struct fake *fake, const struct alert *alert)
{
	fake->alerted += alert->count;
	assert_true(fake->alerted <= fake->tally.count);
	fake->loose |= w->faults && alert->count != fake->n_times;
	if (fake->loose)
		return;
	assert_int_equal(alert->count, fake->n_times);
	for (size_t i = 0; i < fake->n_times; i++) {
		assert_true(fake->time[i] >= alert->first_ns);
		assert_true(fake->time[i] <= alert->last_ns);
	}
	fake->n_times = 0;
}

static int on_alert(struct alert *alert, void *userdata)
{
	struct world *w = userdata;
	struct fake *fake = alert->folded ? NULL : fake_find(w, &alert->key);
	struct seen *seen = &w->seen[w->n_seen];

	if (w->life == DIES_BEFORE || w->life == DEAD) {
		w->life = DEAD;
		return -EIO;
	}
	if (w->sink_err)
		return w->sink_err;
	w->seq++;
	if (w->life == DIES_AFTER)
		w->life = DEAD;
	assert_true(alert->count > 0);
	assert_true(alert->first_ns <= alert->last_ns);
	assert_int_equal(alert->time_ns, w->now_ns);
	assert_true(w->n_seen < ALERTS);
	w->n_seen++;
	*seen = (struct seen){ .at_ns = w->now_ns,
			       .count = alert->count,
			       .first_ns = alert->first_ns,
			       .last_ns = alert->last_ns,
			       .folded = alert->folded,
			       .key = alert->key,
			       .pid = alert->has_process ? alert->process.pid : 0,
			       .has_module = alert->has_module };
	memcpy(seen->message, alert->message, sizeof(seen->message));
	w->alerted[alert->rule] += alert->count;
	w->folded[alert->rule] |= alert->folded;
	if (fake && !w->folded[alert->rule])
		fake_told(w, fake, alert);
	else if (fake)
		fake->alerted += alert->count;
	return 0;
}

static int on_read(const struct evmon_tally_key *key, struct evmon_tally *ret_tally, void *userdata)
{
	struct world *w = userdata;
	struct fake *fake = fake_find(w, key);

	if (w->read_err)
		return w->read_err;
	if (key->slot == EVMON_SLOT_OVERFLOW && w->has_overflow) {
		*ret_tally = w->overflow;
		return 0;
	}
	if (!fake)
		return -ENOENT;
	*ret_tally = fake->tally;
	return 0;
}

static void on_telling(const struct evmon_tally_key *key, const struct aggregate_told *before,
		       const struct aggregate_told *after, void *userdata)
{
	struct world *w = userdata;
	struct fake *fake = fake_find(w, key);

	if (!fake || w->life == DEAD)
		return;
	fake->kept.before = *before;
	fake->kept.after = *after;
	fake->kept.seq = after->count == before->count ? 0 : w->seq + 1;
}

static struct aggregate_told on_told(const struct evmon_tally_key *key, void *userdata)
{
	const struct fake *fake = fake_find(userdata, key);

	return fake ? fake->kept.before : (struct aggregate_told){ 0 };
}

static struct fake_own *own_find(struct world *w, const struct evmon_tally_key *key)
{
	for (size_t i = 0; i < w->n_own; i++)
		if (!memcmp(&w->own[i].key, key, sizeof(*key)))
			return &w->own[i];
	if (w->n_own == OWN)
		return NULL;
	w->own[w->n_own].key = *key;
	return &w->own[w->n_own++];
}

static void on_pending(const struct evmon_tally_key *key, const struct aggregate_keeping *keeping,
		       void *userdata)
{
	struct world *w = userdata;
	struct fake_own *own = w->life == DEAD ? NULL : own_find(w, key);

	if (!own)
		return;
	own->before = keeping->before;
	own->after = keeping->after;
	own->seq = own->after.count == own->before.count ? 0 : w->seq + 1;
	own->size = keeping->size;
	assert_true(own->size <= sizeof(own->packed));
	if (own->size)
		memcpy(own->packed, keeping->packed, own->size);
}

static void own_recall(struct world *w, struct fake_own *own)
{
	if (own->seq && own->seq <= w->seq)
		own->before = own->after;
	own->seq = 0;
	if (own->before.count)
		assert_int_equal(aggregate_recall(w->aggregate, &own->key, &own->before,
						  own->packed, own->size),
				 0);
}

static struct aggregate *aggregate_make(struct world *w)
{
	struct aggregate_config config = { .window_ns = WINDOW,
					   .window_max_ns = WINDOW_MAX,
					   .sink = on_alert,
					   .read = on_read,
					   .telling = on_telling,
					   .told = on_told,
					   .pending = on_pending,
					   .userdata = w };
	struct aggregate *aggregate;

	assert_int_equal(aggregate_new(&config, &aggregate), 0);
	return aggregate;
}

/* As kept_settle() does: what is out is told, what is not is not. */
void take_over(struct world *w)
{
	for (size_t i = 0; i < w->n_fakes; i++) {
		struct fake *fake = &w->fakes[i];

		if (fake->kept.seq && fake->kept.seq <= w->seq)
			fake->kept.before = fake->kept.after;
		fake->kept.seq = 0;
	}
	aggregate_free(w->aggregate);
	w->aggregate = aggregate_make(w);
	w->life = ALIVE;
	for (size_t i = 0; i < w->n_own; i++)
		own_recall(w, &w->own[i]);
}

int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	void *stage;

	assert_non_null(w);
	assert_int_equal(stage_open(&stage), 0);
	w->stage = stage;
	w->alert = calloc(1, sizeof(*w->alert));
	assert_non_null(w->alert);
	w->now_ns = 1000 * SECOND;
	w->aggregate = aggregate_make(w);
	*state = w;
	return 0;
}

int world_close(void **state)
{
	struct world *w = *state;
	void *stage = w->stage;

	aggregate_free(w->aggregate);
	stage_close(&stage);
	free(w->alert);
	free(w);
	return 0;
}

struct fake *fake_add(struct world *w, enum evmon_rule rule, unsigned port)
{
	struct fake *fake = &w->fakes[w->n_fakes++];

	assert_true(w->n_fakes <= KEYS);
	fake->key = (struct evmon_tally_key){ .rule = (uint16_t)rule,
					      .slot = TEST_SLOT,
					      .verdict = EVMON_VERDICT_ALERT,
					      .sensor = EVMON_SENSOR_BIND };
	fake->key.object.bind.port = (uint16_t)port;
	fake->key.object.bind.proto = EVMON_PROTO_TCP;
	fake->tally.actor.tgid = TEST_PID;
	fake->tally.actor.start_ns = 99887766000;
	fake->tally.actor.class = (uint16_t)w->stage->class;
	return fake;
}

bool deed(struct world *w, struct fake *fake)
{
	struct evmon_tally *tally = &fake->tally;

	tally->count++;
	tally->last_ns = w->now_ns;
	if (!tally->first_ns)
		tally->first_ns = w->now_ns;
	if (!fake->loose && !w->folded[fake->key.rule]) {
		assert_true(fake->n_times < TIMES);
		fake->time[fake->n_times++] = w->now_ns;
	}
	if (tally->record_ns && w->now_ns - tally->record_ns < WINDOW)
		return false;
	tally->record_ns = w->now_ns;
	return true;
}

int arrive(struct world *w, const struct fake *fake, uint64_t time_ns)
{
	struct event event = event_bind(w->stage, fake->key.rule);

	event.time_ns = time_ns;
	event.key = fake->key;
	event.verdict = fake->key.verdict;
	event.process.pid = fake->tally.actor.tgid;
	event.bind.port = fake->key.object.bind.port;
	alert_from_event(w->alert, &event, w->stage->modules, w->stage->policy);
	return aggregate_push(w->aggregate, w->alert, w->now_ns);
}

void deeds(struct world *w, struct fake *fake, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (deed(w, fake))
			assert_int_equal(arrive(w, fake, w->now_ns), 0);
}

void pass(struct world *w, uint64_t ns)
{
	uint64_t end = w->now_ns + ns;

	for (;;) {
		uint64_t deadline = aggregate_deadline(w->aggregate);

		if (!deadline || deadline > end)
			break;
		assert_true(deadline >= w->now_ns);
		w->now_ns = deadline;
		assert_int_equal(aggregate_tick(w->aggregate, w->now_ns, false), 0);
	}
	w->now_ns = end;
}

int sweep(struct world *w, const struct fake *fake)
{
	return aggregate_sweep(w->aggregate, &fake->key, &fake->tally, w->stage->modules,
			       w->stage->policy, w->now_ns);
}
