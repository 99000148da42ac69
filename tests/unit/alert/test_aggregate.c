// SPDX-License-Identifier: Apache-2.0
/* Folding: what is alerted when, alone or shared, and where the counts come from. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert_world.h"

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
	deed(w, fake);
	assert_int_equal(sweep(w, fake), 0); /* the window is open: at its end */
	assert_int_equal(w->n_seen, 1);
	pass(w, 61 * SECOND);
	assert_int_equal(w->n_seen, 2);
	pass(w, 200 * SECOND);
	assert_int_equal(sweep(w, fake), 0);
	assert_int_equal(w->n_seen, 2);
	deed(w, fake);
	fake->tally.record_ns = 0;
	assert_int_equal(sweep(w, fake), 0);
	assert_int_equal(w->n_seen, 3);
	assert_int_equal(w->seen[2].count, 1);
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

/* Told by the daemon after, with the same words: what windows held, and what did not get out. */
static void own_findings_that_were_pending_are_told_by_the_next(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 3; i++)
		own(w, "1-1 0951:1666");
	own(w, "1-2 0951:1666");
	take_over(w);
	pass(w, SECOND);
	assert_int_equal(w->n_seen, 3);
	assert_int_equal(w->seen[2].count, 2);
	assert_string_equal(w->seen[2].message, w->seen[0].message);
	own(w, "1-1 0951:1666");
	w->life = DIES_AFTER;
	own(w, "1-3 0951:1666");
	take_over(w);
	pass(w, SECOND);
	assert_int_equal(w->n_seen, 5);
	take_over(w);
	pass(w, 1000 * SECOND);
	assert_int_equal(w->n_seen, 5);
	assert_int_equal(w->alerted[EVMON_RULE_USB_STORAGE], 6);
}

static void what_did_not_get_out_is_told_by_the_next(void **state)
{
	struct usb_device device = device_storage();
	struct world *w = *state;

	alert_from_usb(w->alert, &device, EVMON_RULE_USB_STORAGE, SEVERITY_CRITICAL,
		       w->stage->policy);
	w->alert->first_ns = w->alert->last_ns = w->now_ns;
	w->life = DIES_BEFORE;
	assert_int_equal(aggregate_push_own(w->aggregate, w->alert, "1-1", w->now_ns), -EIO);
	take_over(w);
	pass(w, SECOND);
	assert_int_equal(w->alerted[EVMON_RULE_USB_STORAGE], 1);
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

static void shared_alert_that_the_sink_refuses_is_told_later(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 70; i++)
		deeds(w, fake_add(w, EVMON_RULE_VENDOR, 1000 + i), 2);
	w->sink_err = -ENOSPC;
	w->now_ns += WINDOW;
	assert_int_equal(aggregate_tick(w->aggregate, w->now_ns, false), -ENOSPC);
	assert_int_equal(w->n_seen, 64);
	w->sink_err = 0;
	pass(w, 2 * WINDOW);
	assert_int_equal(w->alerted[EVMON_RULE_VENDOR], 140);
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
	struct aggregate_config config = { .window_ns = 0 };
	struct aggregate *aggregate = NULL;

	(void)state;
	assert_int_equal(aggregate_new(&config, &aggregate), -EINVAL);
	config.window_ns = 2;
	config.window_max_ns = 1;
	assert_int_equal(aggregate_new(&config, &aggregate), -EINVAL);
	assert_null(aggregate);
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
		TEST(own_findings_that_were_pending_are_told_by_the_next),
		TEST(what_did_not_get_out_is_told_by_the_next),
		TEST(more_own_findings_than_there_is_room_for_still_count),
		TEST(what_the_sink_refuses_is_told_later),
		TEST(shared_alert_that_the_sink_refuses_is_told_later),
		TEST(unreadable_tally_does_not_hold_up_the_alert),
		TEST(canary_and_what_breaks_no_rule_are_no_alerts),
		cmocka_unit_test(windows_of_no_length_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
