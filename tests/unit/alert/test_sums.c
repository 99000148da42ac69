// SPDX-License-Identifier: Apache-2.0
/*
 * The promise of aggregation under seeded random sequences of deeds, lost and late records, faults,
 * sweeps and time: for each rule the sum over its alerts is the sum of its tallies.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert_world.h"

enum {
	RULES = 3
};

static unsigned dice(struct world *w, unsigned sides)
{
	w->random = w->random * 1664525 + 1013904223;
	return (w->random >> 8) % sides;
}

/* What a run has besides deeds, lost and late records, and time. */
enum {
	FAULTS = 1, /* reads and sinks that fail */
	KILLS = 2,  /* of the daemon, before and after an alert is out */
};

static void random_death(struct world *w)
{
	if (w->life == DEAD)
		take_over(w);
	if (!dice(w, 15))
		w->life = dice(w, 2) ? DIES_BEFORE : DIES_AFTER;
}

/* A deed, its record lost, at once or late; time; faults; sweeps; the timer. */
static void random_step(struct world *w, const unsigned hot, unsigned with)
{
	bool faults = with & FAULTS;
	struct fake *fake = &w->fakes[dice(w, 3) ? dice(w, hot) : dice(w, (unsigned)w->n_fakes)];
	uint64_t at = w->now_ns;

	w->faults = with;
	if (with & KILLS)
		random_death(w);
	w->sink_err = faults && !dice(w, 20) ? -EIO : 0;
	w->read_err = faults && !dice(w, 20) ? -EIO : 0;
	for (unsigned n = dice(w, 4); n; n--) {
		if (w->n_fakes == KEYS)
			fake = &w->fakes[dice(w, KEYS)];
		bool record = deed(w, fake);

		at = w->now_ns;
		w->now_ns += dice(w, 1000);
		if (record && dice(w, 8))
			(void)arrive(w, fake, at);
	}
	if (!dice(w, w->n_fakes == KEYS ? 100 : 10)) /* many keys want many deeds a window */
		w->now_ns += dice(w, 90) * SECOND;
	if (!dice(w, w->n_fakes == KEYS ? 400 : 40))
		w->now_ns += dice(w, 900) * SECOND;
	if (aggregate_deadline(w->aggregate) && aggregate_deadline(w->aggregate) <= w->now_ns &&
	    dice(w, 4))
		(void)aggregate_tick(w->aggregate, w->now_ns, false);
	if (!dice(w, 25))
		for (size_t i = 0; i < w->n_fakes; i++)
			(void)sweep(w, &w->fakes[i]);
}

static void random_end(struct world *w)
{
	uint64_t counted[EVMON_RULES] = { 0 };

	w->sink_err = w->read_err = 0;
	if (w->life != ALIVE)
		take_over(w);
	w->now_ns += 5 * SECOND;
	for (size_t i = 0; i < w->n_fakes; i++)
		assert_int_equal(sweep(w, &w->fakes[i]), 0);
	assert_int_equal(aggregate_tick(w->aggregate, w->now_ns, true), 0);
	for (size_t i = 0; i < w->n_fakes; i++) {
		const struct fake *fake = &w->fakes[i];

		counted[fake->key.rule] += fake->tally.count;
		assert_true(fake->alerted <= fake->tally.count);
		if (!w->folded[fake->key.rule])
			assert_int_equal(fake->alerted, fake->tally.count);
	}
	for (unsigned rule = 0; rule < EVMON_RULES; rule++)
		assert_int_equal(w->alerted[rule], counted[rule]);
}

/* Between two alerts of the same age no rule has told more than its 64 keys. */
static void no_window_tells_more_than_64_keys(const struct world *w, unsigned rule)
{
	uint64_t start = 0;
	unsigned used = 0;

	for (size_t i = 0; i < w->n_seen; i++) {
		const struct seen *seen = &w->seen[i];

		if (seen->key.rule != rule || seen->folded)
			continue;
		if (!start || seen->at_ns >= start + WINDOW) {
			start = seen->at_ns;
			used = 0;
		}
		assert_true(++used <= AGGREGATE_KEYS_PER_RULE);
	}
}

/* Returns how many alerts were shared. */
static size_t random_run(unsigned seed, unsigned keys, unsigned with)
{
	static const enum evmon_rule rules[RULES] = { EVMON_RULE_BIND_ADMIN_PANEL,
						      EVMON_RULE_BIND_MQTT_TCP, EVMON_RULE_VENDOR };
	size_t shared = 0;
	struct world *w;
	void *state;

	assert_int_equal(world_open(&state), 0);
	w = state;
	w->random = seed;
	for (unsigned i = 0; i < keys; i++)
		fake_add(w, rules[keys == KEYS ? 2 : i % RULES], 1000 + i);
	for (unsigned i = 0; i < 1200; i++)
		random_step(w, 1 + keys / 10, with);
	if (!with)
		for (unsigned i = 0; i < RULES; i++)
			no_window_tells_more_than_64_keys(w, rules[i]);
	random_end(w);
	for (size_t i = 0; i < w->n_seen; i++)
		shared += w->seen[i].folded > 0;
	assert_int_equal(world_close(&state), 0);
	return shared;
}

static void sums_are_exact_key_by_key_where_nothing_folds(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++)
		assert_int_equal(random_run(seed, 1 + seed, seed % 2), 0);
}

static void sums_are_exact_by_rule_where_keys_fold(void **state)
{
	size_t shared = 0;

	(void)state;
	for (unsigned seed = 100; seed <= 120; seed++)
		shared += random_run(seed, KEYS, seed % 2);
	print_message("%zu shared alerts\n", shared);
	assert_true(shared > 100);
}

static void sums_are_exact_however_often_it_is_killed(void **state)
{
	(void)state;
	for (unsigned seed = 200; seed <= 240; seed++)
		random_run(seed, 1 + seed % 50, KILLS);
	for (unsigned seed = 300; seed <= 310; seed++)
		random_run(seed, KEYS, KILLS | (seed % 2 ? FAULTS : 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_exact_key_by_key_where_nothing_folds),
		cmocka_unit_test(sums_are_exact_by_rule_where_keys_fold),
		cmocka_unit_test(sums_are_exact_however_often_it_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
