// SPDX-License-Identifier: Apache-2.0
/*
 * Folding and counting against a fake kernel: tallies that grow, records that come, come late or
 * are lost, reads and sinks that fail. The clock is the test's own. Seeded random sequences check
 * the promise: for each rule the sum over its alerts is the sum of its tallies.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/aggregate.h"
#include "alert_help.h"

#define SECOND	   1000000000ULL
#define WINDOW	   (60 * SECOND)
#define WINDOW_MAX (240 * SECOND)

enum {
	KEYS = 400,
	RULES = 3,
	ALERTS = 4096,
	TIMES = 4096
};

/* What a test asks about an alert that came out. */
struct seen {
	uint64_t at_ns, count, first_ns, last_ns, folded;
	struct evmon_tally_key key;
	uint32_t pid;
	bool has_module;
	char message[ALERT_MESSAGE_MAX];
};

struct fake {
	struct evmon_tally_key key;
	struct evmon_tally tally;
	uint64_t alerted;     /* by alerts of its own */
	uint64_t time[TIMES]; /* of deeds that no alert has told of */
	size_t n_times;
	bool loose; /* an unreadable tally let an alert tell of one of several: times don't match */
};

struct world {
	struct stage *stage;
	struct aggregate *aggregate;
	struct alert *alert;
	uint64_t now_ns;
	struct fake fakes[KEYS];
	size_t n_fakes;
	struct evmon_tally overflow;
	bool has_overflow;
	struct seen seen[ALERTS];
	size_t n_seen;
	uint64_t alerted[EVMON_RULES];
	bool folded[EVMON_RULES];
	int sink_err, read_err;
	bool faults; /* either has failed before */
	unsigned random;
};

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

	if (w->sink_err)
		return w->sink_err;
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

static int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct aggregate_config config = { .window_ns = WINDOW,
					   .window_max_ns = WINDOW_MAX,
					   .sink = on_alert,
					   .read = on_read,
					   .userdata = w };
	void *stage;

	assert_non_null(w);
	assert_int_equal(stage_open(&stage), 0);
	w->stage = stage;
	w->alert = calloc(1, sizeof(*w->alert));
	assert_non_null(w->alert);
	w->now_ns = 1000 * SECOND;
	assert_int_equal(aggregate_new(&config, &w->aggregate), 0);
	*state = w;
	return 0;
}

static int world_close(void **state)
{
	struct world *w = *state;
	void *stage = w->stage;

	aggregate_free(w->aggregate);
	stage_close(&stage);
	free(w->alert);
	free(w);
	return 0;
}

static struct fake *fake_add(struct world *w, enum evmon_rule rule, unsigned port)
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

/* What the hook counts; true: it makes a record of it. */
static bool deed(struct world *w, struct fake *fake)
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

/* The record's arrival. */
static int arrive(struct world *w, const struct fake *fake, uint64_t time_ns)
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

static void deeds(struct world *w, struct fake *fake, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (deed(w, fake))
			assert_int_equal(arrive(w, fake, w->now_ns), 0);
}

/* Lets time pass, waking up when asked to, as the daemon's timer does. */
static void pass(struct world *w, uint64_t ns)
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

static int sweep(struct world *w, const struct fake *fake)
{
	return aggregate_sweep(w->aggregate, &fake->key, &fake->tally, w->stage->modules,
			       w->stage->policy, w->now_ns);
}

static void first_violation_is_alerted_at_once(void **state)
{
	struct world *w = *state;
	struct fake *fake = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);

	deeds(w, fake, 1);
	assert_int_equal(w->n_seen, 1);
	assert_int_equal(w->seen[0].count, 1);
	assert_int_equal(w->seen[0].first_ns, w->now_ns);
	assert_true(w->seen[0].has_module);
	assert_int_equal(aggregate_deadline(w->aggregate), w->now_ns + WINDOW);
}

static void growth_is_told_at_the_windows_end_and_windows_double(void **state)
{
	static const unsigned ends[] = { 0, 60, 180, 420, 660, 900 }; /* to window_max: 240 */
	struct world *w = *state;
	struct fake *fake = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);
	uint64_t start = w->now_ns;

	for (unsigned second = 0; second < 901; second++) {
		deeds(w, fake, 2);
		pass(w, SECOND);
	}
	assert_int_equal(w->n_seen, ARRAY_SIZE(ends));
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		assert_int_equal(w->seen[i].at_ns, start + ends[i] * SECOND);
		assert_int_equal(w->seen[i].count, i ? 2 * (ends[i] - ends[i - 1]) - (i == 1) : 1);
	}
}

static void quiet_window_closes_the_key_and_resets_it(void **state)
{
	struct world *w = *state;
	struct fake *fake = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);

	deeds(w, fake, 5);
	pass(w, 61 * SECOND); /* doubled */
	deeds(w, fake, 1);
	pass(w, 1000 * SECOND); /* told, doubled, quiet, closed */
	assert_int_equal(w->n_seen, 3);
	assert_int_equal(aggregate_deadline(w->aggregate), 0);
	deeds(w, fake, 1);
	assert_int_equal(w->n_seen, 4);
	assert_int_equal(w->seen[3].at_ns, w->now_ns);
	assert_int_equal(w->seen[3].first_ns, w->now_ns);
	deeds(w, fake, 1);
	pass(w, 60 * SECOND);
	assert_int_equal(w->n_seen, 5);
	assert_int_equal(fake->alerted, fake->tally.count);
}

static void sixty_four_keys_are_told_and_the_rest_share_one(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 100; i++)
		deeds(w, fake_add(w, EVMON_RULE_VENDOR, 1000 + i), 1);
	assert_int_equal(w->n_seen, 64);
	for (unsigned i = 0; i < 100; i++)
		deeds(w, &w->fakes[i], 9);
	deeds(w, fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849), 1); /* another rule's room */
	assert_int_equal(w->n_seen, 65);
	pass(w, 60 * SECOND);
	assert_int_equal(w->n_seen, 65 + 1 + 64);
	assert_int_equal(w->seen[65].folded, 36);
	assert_int_equal(w->seen[65].count, 360);
	assert_int_equal(w->seen[65].pid, 0);
	assert_false(w->seen[65].has_module);
	assert_string_equal(w->seen[65].message, "36 more kinds of bind.shop, 360 times in all");
	assert_int_equal(w->alerted[EVMON_RULE_VENDOR], 1000);
	/* On their own again: the growth of the next windows is told key by key. */
	for (unsigned i = 64; i < 100; i++)
		deeds(w, &w->fakes[i], 2);
	pass(w, 60 * SECOND);
	assert_int_equal(w->n_seen, 130 + 36);
	for (size_t i = 130; i < w->n_seen; i++)
		assert_int_equal(w->seen[i].folded, 0);
}

static void long_noise_does_not_crowd_out_what_is_new(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 64; i++)
		deeds(w, fake_add(w, EVMON_RULE_VENDOR, 1000 + i), 1);
	for (unsigned second = 0; second < 245; second++) {
		pass(w, SECOND);
		for (unsigned i = 0; i < 64; i++)
			deeds(w, &w->fakes[i], 1);
	}
	w->n_seen = 0;
	deeds(w, fake_add(w, EVMON_RULE_VENDOR, 5000), 1);
	assert_int_equal(w->n_seen, 1);
	assert_int_equal(w->seen[0].key.object.bind.port, 5000);
}

static void verdicts_are_not_mixed_in_a_shared_alert(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 70; i++) {
		struct fake *fake = fake_add(w, EVMON_RULE_VENDOR, 1000 + i);

		fake->key.verdict = i % 2 ? EVMON_VERDICT_DENIED : EVMON_VERDICT_ALERT;
		deeds(w, fake, 1);
	}
	pass(w, 60 * SECOND);
	assert_int_equal(w->n_seen, 66);
	for (size_t i = 64; i < 66; i++)
		assert_int_equal(w->seen[i].folded, 3);
	assert_int_not_equal(w->seen[64].key.verdict, w->seen[65].key.verdict);
}

static void growth_shows_the_last_actor(void **state)
{
	struct world *w = *state;
	struct fake *fake = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);

	deeds(w, fake, 2);
	pass(w, 60 * SECOND);
	assert_int_equal(w->seen[1].pid, TEST_PID);
	deeds(w, fake, 1);
	fake->tally.actor.tgid = TEST_PID + 1;
	fake->tally.actor.start_ns = 5000;
	deeds(w, fake, 1);
	pass(w, 120 * SECOND);
	assert_int_equal(w->seen[2].pid, TEST_PID + 1);
	assert_true(w->seen[2].has_module);
}

static void sweep_alerts_what_no_record_has_told_of(void **state)
{
	struct world *w = *state;
	struct fake *fake = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);

	for (unsigned i = 0; i < 7; i++)
		deed(w, fake);
	w->now_ns += 2 * SECOND;
	assert_int_equal(sweep(w, fake), 0);
	assert_int_equal(w->n_seen, 1);
	assert_int_equal(w->seen[0].count, 7);
	assert_int_equal(sweep(w, fake), 0);
	pass(w, 61 * SECOND);
	assert_int_equal(sweep(w, fake), 0);
	assert_int_equal(w->n_seen, 1);
	deed(w, fake);
	fake->tally.record_ns = 0;
	assert_int_equal(sweep(w, fake), 0);
	assert_int_equal(w->n_seen, 2);
	assert_int_equal(w->seen[1].count, 1);
}

static void sweep_gives_a_record_under_way_a_second(void **state)
{
	struct world *w = *state;
	struct fake *told = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);
	struct fake *lost = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8850);

	deed(w, told);
	deed(w, lost);
	assert_int_equal(sweep(w, told), 0);
	assert_int_equal(sweep(w, lost), 0);
	assert_int_equal(w->n_seen, 0);
	assert_int_equal(arrive(w, told, w->now_ns), 0);
	assert_int_equal(w->n_seen, 1);
	assert_non_null(strstr(w->seen[0].message, "0.0.0.0:8849"));
	pass(w, SECOND);
	assert_int_equal(w->n_seen, 2);
	assert_int_equal(w->seen[1].key.object.bind.port, 8850);
	pass(w, WINDOW);
	assert_int_equal(w->n_seen, 2);
}

static void without_a_tally_what_is_pushed_counts(void **state)
{
	struct world *w = *state;
	struct fake fake = *fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);

	w->n_fakes = 0;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(arrive(w, &fake, w->now_ns), 0);
	assert_int_equal(w->n_seen, 1);
	pass(w, 500 * SECOND);
	assert_int_equal(w->n_seen, 2);
	assert_int_equal(w->seen[1].count, 4);
	assert_int_equal(aggregate_deadline(w->aggregate), 0);
	assert_int_equal(arrive(w, &fake, w->now_ns), 0);
	assert_int_equal(w->alerted[EVMON_RULE_BIND_ADMIN_PANEL], 6);
}

static void what_fell_into_the_overflow_entry_is_counted_there_once(void **state)
{
	struct world *w = *state;
	struct fake fake = *fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);
	struct evmon_tally_key key = { .rule = EVMON_RULE_BIND_ADMIN_PANEL,
				       .slot = EVMON_SLOT_OVERFLOW,
				       .verdict = EVMON_VERDICT_ALERT };

	w->n_fakes = 0;
	w->has_overflow = true;
	w->overflow = fake.tally;
	w->overflow.count = 1;
	w->overflow.first_ns = w->overflow.last_ns = w->now_ns;
	assert_int_equal(arrive(w, &fake, w->now_ns), 0);
	assert_int_equal(w->n_seen, 1);
	assert_int_equal(w->seen[0].folded, 0);
	w->overflow.count = 6; /* other keys' */
	fake.key.object.bind.port = 1;
	assert_int_equal(arrive(w, &fake, w->now_ns), 0);
	pass(w, 60 * SECOND);
	assert_int_equal(w->n_seen, 2);
	assert_int_equal(w->seen[1].count, 5);
	assert_int_equal(w->seen[1].folded, 5);
	pass(w, 500 * SECOND);
	w->overflow.count = 7;
	w->overflow.last_ns = w->now_ns;
	w->overflow.record_ns = 0;
	assert_int_equal(aggregate_sweep(w->aggregate, &key, &w->overflow, w->stage->modules,
					 w->stage->policy, w->now_ns),
			 0);
	assert_int_equal(w->n_seen, 3);
	assert_int_equal(w->seen[2].folded, 1);
	assert_int_equal(w->alerted[EVMON_RULE_BIND_ADMIN_PANEL], 7);
}

static void own(struct world *w, const char *identity)
{
	struct usb_device device = device_storage();

	alert_from_usb(w->alert, &device, EVMON_RULE_USB_STORAGE, SEVERITY_CRITICAL,
		       w->stage->policy);
	w->alert->first_ns = w->alert->last_ns = w->now_ns;
	assert_int_equal(aggregate_push_own(w->aggregate, w->alert, identity, w->now_ns), 0);
}

static void own_findings_are_told_apart_by_identity(void **state)
{
	struct world *w = *state;

	own(w, "1-1 0951:1666");
	own(w, "1-2 0951:1666");
	own(w, "1-1 0951:1666");
	assert_int_equal(w->n_seen, 2);
	pass(w, 60 * SECOND);
	assert_int_equal(w->n_seen, 3);
	assert_int_equal(w->seen[2].count, 1);
	pass(w, 500 * SECOND);
	own(w, "1-1 0951:1666");
	assert_int_equal(w->n_seen, 4);
	assert_int_equal(w->seen[3].count, 1);
}

static void more_own_findings_than_there_is_room_for_still_count(void **state)
{
	struct world *w = *state;
	char identity[32];

	for (unsigned i = 0; i < 3000; i++) {
		snprintf(identity, sizeof(identity), "device %u", i);
		own(w, identity);
	}
	assert_int_equal(w->n_seen, 64);
	pass(w, 60 * SECOND);
	assert_int_equal(w->alerted[EVMON_RULE_USB_STORAGE], 3000);
	assert_int_equal(w->n_seen, 65);
	assert_int_equal(w->seen[64].folded, 3000 - 64);
}

static void what_the_sink_refuses_is_told_later(void **state)
{
	struct world *w = *state;
	struct fake *fake = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);

	w->sink_err = -ENOSPC;
	deed(w, fake);
	assert_int_equal(arrive(w, fake, w->now_ns), -ENOSPC);
	w->now_ns += WINDOW;
	assert_int_equal(aggregate_tick(w->aggregate, w->now_ns, false), -ENOSPC);
	w->sink_err = 0;
	pass(w, 2 * WINDOW);
	assert_int_equal(w->n_seen, 1);
	assert_int_equal(w->seen[0].count, 1);
}

static void unreadable_tally_does_not_hold_up_the_alert(void **state)
{
	struct world *w = *state;
	struct fake *fake = fake_add(w, EVMON_RULE_BIND_ADMIN_PANEL, 8849);

	w->read_err = -EIO;
	w->faults = true;
	deed(w, fake);
	assert_int_equal(arrive(w, fake, w->now_ns), 0);
	assert_int_equal(w->n_seen, 1);
	deeds(w, fake, 4);
	w->now_ns += WINDOW;
	assert_int_equal(aggregate_tick(w->aggregate, w->now_ns, false), -EIO);
	w->read_err = 0;
	pass(w, WINDOW);
	assert_int_equal(w->alerted[EVMON_RULE_BIND_ADMIN_PANEL], 5);
}

static void canary_and_what_breaks_no_rule_are_no_alerts(void **state)
{
	struct world *w = *state;
	struct fake *canary = fake_add(w, EVMON_RULE_CANARY, 0);
	struct fake *none = fake_add(w, EVMON_RULE_NONE, 1);

	deed(w, canary);
	deed(w, none);
	assert_int_equal(arrive(w, none, w->now_ns), 0);
	w->now_ns += 2 * SECOND;
	assert_int_equal(sweep(w, canary), 0);
	assert_int_equal(w->n_seen, 0);
}

static void windows_of_no_length_are_refused(void **state)
{
	struct aggregate_config config = { .sink = on_alert, .read = on_read };
	struct aggregate *aggregate = NULL;

	(void)state;
	assert_int_equal(aggregate_new(&config, &aggregate), -EINVAL);
	config.window_ns = 2;
	config.window_max_ns = 1;
	assert_int_equal(aggregate_new(&config, &aggregate), -EINVAL);
	assert_null(aggregate);
}

static unsigned dice(struct world *w, unsigned sides)
{
	w->random = w->random * 1664525 + 1013904223;
	return (w->random >> 8) % sides;
}

/* A deed, its record lost, at once or late; time; faults; sweeps; the timer. */
static void random_step(struct world *w, const unsigned hot, bool faults)
{
	struct fake *fake = &w->fakes[dice(w, 3) ? dice(w, hot) : dice(w, (unsigned)w->n_fakes)];
	uint64_t at = w->now_ns;

	w->faults = faults;
	w->sink_err = faults && !dice(w, 20) ? -EIO : 0;
	w->read_err = faults && !dice(w, 20) ? -EIO : 0;
	for (unsigned n = dice(w, 4); n; n--) {
		bool record = deed(w, fake);

		w->now_ns += dice(w, 1000);
		if (record && dice(w, 8))
			(void)arrive(w, fake, at);
	}
	if (!dice(w, 10))
		w->now_ns += dice(w, 90) * SECOND;
	if (!dice(w, 40))
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

static void random_run(unsigned seed, unsigned keys, bool faults)
{
	static const enum evmon_rule rules[RULES] = { EVMON_RULE_BIND_ADMIN_PANEL,
						      EVMON_RULE_BIND_MQTT_TCP, EVMON_RULE_VENDOR };
	struct world *w;
	void *state;

	assert_int_equal(world_open(&state), 0);
	w = state;
	w->random = seed;
	for (unsigned i = 0; i < keys; i++)
		fake_add(w, rules[i % RULES], 1000 + i);
	for (unsigned i = 0; i < 1200; i++)
		random_step(w, 1 + keys / 10, faults);
	if (!faults)
		for (unsigned i = 0; i < RULES; i++)
			no_window_tells_more_than_64_keys(w, rules[i]);
	random_end(w);
	assert_int_equal(world_close(&state), 0);
}

static void sums_are_exact_key_by_key_where_nothing_folds(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++)
		random_run(seed, 1 + seed, seed % 2);
}

static void sums_are_exact_by_rule_where_keys_fold(void **state)
{
	(void)state;
	for (unsigned seed = 100; seed <= 120; seed++)
		random_run(seed, KEYS, seed % 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_violation_is_alerted_at_once),
		TEST(growth_is_told_at_the_windows_end_and_windows_double),
		TEST(quiet_window_closes_the_key_and_resets_it),
		TEST(sixty_four_keys_are_told_and_the_rest_share_one),
		TEST(long_noise_does_not_crowd_out_what_is_new),
		TEST(verdicts_are_not_mixed_in_a_shared_alert),
		TEST(growth_shows_the_last_actor),
		TEST(sweep_alerts_what_no_record_has_told_of),
		TEST(sweep_gives_a_record_under_way_a_second),
		TEST(without_a_tally_what_is_pushed_counts),
		TEST(what_fell_into_the_overflow_entry_is_counted_there_once),
		TEST(own_findings_are_told_apart_by_identity),
		TEST(more_own_findings_than_there_is_room_for_still_count),
		TEST(what_the_sink_refuses_is_told_later),
		TEST(unreadable_tally_does_not_hold_up_the_alert),
		TEST(canary_and_what_breaks_no_rule_are_no_alerts),
		cmocka_unit_test(windows_of_no_length_are_refused),
		cmocka_unit_test(sums_are_exact_key_by_key_where_nothing_folds),
		cmocka_unit_test(sums_are_exact_by_rule_where_keys_fold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
