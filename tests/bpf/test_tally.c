// SPDX-License-Identifier: Apache-2.0
/* Counts are exact, however many count at once and whatever is full; records are few. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "kernel/ring.h"

#include "world.h"

#define CROWD	 8
#define EACH	 1000
#define TEXT_(x) #x
#define TEXT(x)	 TEXT_(x)

static void watch_all(struct policy *policy)
{
	world_rule(policy, "bind.unexpected", 1, 65535, ACTION_ALERT)->subjects =
		1u << EVMON_SUBJECT_EVEREST;
}

static uint64_t reported(const struct world *w)
{
	uint64_t n = 0;

	for (size_t i = 0; i < w->n_reports; i++)
		n += (uint64_t)w->reports[i].result;
	return n;
}

static void a_crowd_is_counted_to_the_last(void **state)
{
	const struct world_options options = { .policy = watch_all };
	struct world_sum sum;
	struct world w;
	bool known = false;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	WORLD_RUN(&w, "unknown", "x", "crowd", TEXT(CROWD), "rebind", "udp", "127.0.0.1", "40040",
		  TEXT(EACH));
	sum = world_sum(&w, EVMON_RULE_BIND_UNEXPECTED);
	assert_int_equal(w.n_reports, CROWD);
	assert_int_equal(reported(&w), CROWD * EACH);
	assert_int_equal(sum.count, CROWD * EACH);
	assert_int_equal(sum.keys, 1);
	assert_true(sum.tally.last_ns > sum.tally.first_ns);
	/* Of two at once each may have made the first record of the window, no more. */
	assert_in_range(world_events(&w, EVMON_RULE_BIND_UNEXPECTED), 1, 2);
	/* The last actor is one of them, or nobody. */
	for (size_t i = 0; i < w.n_reports; i++)
		known = known || w.reports[i].tgid == sum.tally.actor.tgid;
	assert_true(known || !sum.tally.actor.tgid);
	world_close(&w);
}

/* Start times by tgid, of those who are counting just now. */
struct crowd {
	uint32_t tgid[CROWD];
	uint64_t start_ns[CROWD];
	size_t n;
};

static bool crowd_has(const struct crowd *crowd, const struct evmon_actor *actor)
{
	for (size_t i = 0; i < crowd->n; i++)
		if (crowd->tgid[i] == actor->tgid)
			return crowd->start_ns[i] == actor->start_ns;
	return false;
}

static void an_actor_is_never_a_mixture_of_two(void **state)
{
	const struct world_options options = { .policy = watch_all };
	struct crowd crowd = { .n = 0 };
	struct world w;
	const char *file;
	size_t nobody = 0;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	file = world_path(&w, "enough");
	assert_int_equal(unlink(file), 0);
	world_start(&w, "unknown",
		    (const char *const[]){ "x", "crowd", TEXT(CROWD), "wait", "until", file, "udp",
					   "127.0.0.1", "40040", NULL });
	for (; crowd.n < CROWD; crowd.n++) {
		const struct actor_report *r = world_hear(&w);
		struct evmon_task task;

		assert_non_null(r);
		assert_true(world_task(&w, (pid_t)r->tgid, &task));
		crowd.tgid[crowd.n] = r->tgid;
		crowd.start_ns[crowd.n] = task.start_ns;
	}
	for (int i = 0; i < CROWD; i++)
		world_go_on(&w);
	while (!world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).keys)
		;
	for (int i = 0; i < 3000; i++) {
		struct world_sum sum = world_sum(&w, EVMON_RULE_BIND_UNEXPECTED);

		nobody += !sum.tally.actor.tgid;
		if (sum.tally.actor.tgid)
			assert_true(crowd_has(&crowd, &sum.tally.actor));
		assert_int_equal(sum.tally.actor.class, EVMON_CLASS_OTHER);
	}
	world_path(&w, "enough");
	world_wait(&w);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, reported(&w));
	print_message("# nobody in %zu of 3000 reads\n", nobody);
	world_close(&w);
}

static void a_mixture_of_two_is_nobody(void **state)
{
	struct evmon_tally_key key = { .rule = EVMON_RULE_USB_HID };
	struct evmon_actor actor = { .tgid = 1, .start_ns = 2, .uid = 3, .class = WORLD_ALPHA };
	struct evmon_tally tally;
	struct world w;
	int fd;

	(void)state;
	world_open(&w, NULL);
	fd = bpf_map__fd(w.kernel->skeleton->maps.evmon_tallies);
	assert_int_equal(tallies_stand(w.kernel, &key, &actor, 5), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &tally), 0);
	tally.actor.start_ns++; /* as another processor's */
	assert_int_equal(bpf_map_update_elem(fd, &key, &tally, BPF_EXIST), 0);
	assert_int_equal(tallies_read(w.kernel, &key, &tally), 0);
	assert_int_equal(tally.count, 1);
	assert_int_equal(tally.actor.tgid, 0);
	assert_int_equal(tally.actor.start_ns, 0);
	assert_int_equal(tally.actor.class, WORLD_ALPHA);
	world_close(&w);
}

static void a_window_has_one_record(void **state)
{
	const struct world_options options = { .policy = watch_all, .window_ns = 30000000 };
	struct pollfd ring = { .events = POLLIN };
	struct world_sum sum;
	struct world w;
	const char *file;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	file = world_path(&w, "enough");
	assert_int_equal(unlink(file), 0);
	ring.fd = ring_fd(w.kernel);
	world_start(&w, "unknown",
		    (const char *const[]){ "x", "until", file, "udp", "127.0.0.1", "40040", NULL });
	while (world_events(&w, EVMON_RULE_BIND_UNEXPECTED) < 5) {
		assert_int_equal(poll(&ring, 1, 60000), 1);
		world_drain(&w);
	}
	world_path(&w, "enough");
	world_wait(&w);
	for (size_t i = 1; i < world_events(&w, EVMON_RULE_BIND_UNEXPECTED); i++)
		assert_true(world_event(&w, EVMON_RULE_BIND_UNEXPECTED, i)->time_ns -
				    world_event(&w, EVMON_RULE_BIND_UNEXPECTED, i - 1)->time_ns >=
			    w.policy->window_ns - w.policy->window_ns / 10);
	sum = world_sum(&w, EVMON_RULE_BIND_UNEXPECTED);
	assert_int_equal(sum.count, reported(&w));
	assert_true(sum.count > world_events(&w, EVMON_RULE_BIND_UNEXPECTED));
	world_close(&w);
}

static void watch_one_port(struct policy *policy)
{
	world_rule(policy, "bind.unexpected", 40040, 40040, ACTION_DENY);
}

static void tracing_tells_each_deed_and_denies_none(void **state)
{
	const struct world_options options = { .policy = watch_one_port, .kernel.tracing = true };
	size_t allowed = 0;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	WORLD_RUN(&w, "unknown", "x", "rebind", "udp", "127.0.0.1", "40040", "20", "rebind", "udp",
		  "127.0.0.1", "40041", "20");
	assert_int_equal(reported(&w), 40);
	assert_int_equal(world_events(&w, EVMON_RULE_BIND_UNEXPECTED), 20);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 20);
	assert_int_equal(world_event(&w, EVMON_RULE_BIND_UNEXPECTED, 0)->verdict,
			 EVMON_VERDICT_ALERT);
	for (size_t i = 0; i < world_events(&w, EVMON_RULE_NONE); i++) {
		const struct event *e = world_event(&w, EVMON_RULE_NONE, i);

		if (e->sensor != EVMON_SENSOR_BIND)
			continue;
		assert_int_equal(e->verdict, EVMON_VERDICT_ALLOW);
		assert_int_equal(e->bind.port, 40041);
		allowed++;
	}
	assert_int_equal(allowed, 20);
	/* Whom the tree does not concern is not shown, but for what is forbidden to all. */
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "x", "rebind", "udp", "127.0.0.1", "40040", "3", "rebind", "udp",
		  "127.0.0.1", "40041", "3");
	assert_int_equal(world_events(&w, EVMON_RULE_BIND_UNEXPECTED), 23);
	world_close(&w);
}

static void a_full_ring_loses_records_and_no_count(void **state)
{
	const struct world_options options = { .policy = watch_all };
	struct world_sum sum;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	WORLD_RUN(&w, "unknown", "x", "binds", "udp", "127.0.0.1", "41000", "400");
	sum = world_sum(&w, EVMON_RULE_BIND_UNEXPECTED);
	assert_int_equal(sum.count, 400);
	assert_int_equal(sum.keys, 400);
	assert_in_range(world_events(&w, EVMON_RULE_BIND_UNEXPECTED), 64, 399);
	assert_int_equal(world_counts(&w).alerts_lost,
			 400 - world_events(&w, EVMON_RULE_BIND_UNEXPECTED));
	assert_int_equal(world_counts(&w).bulk_lost, 0);
	assert_non_null(world_event(&w, EVMON_RULE_NONE, 0)); /* who joined has a ring of its own */
	world_close(&w);
}

/* They wait in two rings; a deed is told by who was named at the exec. */
static void who_joined_is_told_before_what_it_did(void **state)
{
	const struct world_options options = { .policy = watch_all };
	const struct event *joined, *deed;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "bind", "udp", "127.0.0.1", "40040");
	joined = world_event(&w, EVMON_RULE_NONE, world_events(&w, EVMON_RULE_NONE) - 1);
	deed = world_event(&w, EVMON_RULE_BIND_UNEXPECTED, 0);
	assert_true(joined && deed);
	assert_true(joined->joined);
	assert_int_equal(joined->process.pid, deed->process.pid);
	assert_true(joined < deed); /* in the order of reading */
	world_close(&w);
}

static int on_overflow(const struct evmon_tally_key *key, const struct evmon_tally *tally,
		       void *userdata)
{
	struct world_sum *sum = userdata;

	assert_int_equal(key->slot, EVMON_SLOT_OVERFLOW);
	sum[key->rule == EVMON_RULE_EXEC_ROOT].count += tally->count;
	sum[key->rule == EVMON_RULE_EXEC_ROOT].tally = *tally;
	sum[key->rule == EVMON_RULE_EXEC_ROOT].keys++;
	return 0;
}

static void without_room_for_a_key_its_rule_and_verdict_count_on(void **state)
{
	const struct world_options options = { .policy = watch_all };
	struct world_sum sums[2] = { { .count = 0 } };
	struct evmon_tally tally = { .count = 1 };
	struct world w;
	int fd;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	fd = bpf_map__fd(w.kernel->skeleton->maps.evmon_tallies);
	for (unsigned i = 0; i < EVMON_TALLIES; i++) {
		struct evmon_tally_key key = { .rule = EVMON_RULE_USB_HID };

		key.object.exec.ino = i;
		assert_int_equal(bpf_map_update_elem(fd, &key, &tally, BPF_NOEXIST), 0);
	}
	/* Root as it is, the module is a standing finding: without a key it counts each time. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "binds", "udp", "127.0.0.1", "41000",
		  "30");
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha");
	assert_int_equal(tallies_each_overflow(w.kernel, on_overflow, sums), 0);
	assert_int_equal(sums[0].keys, 1);
	assert_int_equal(sums[0].count, 30);
	assert_int_equal(sums[0].tally.actor.class, WORLD_ALPHA);
	assert_true(sums[0].tally.first_ns && sums[0].tally.first_ns <= sums[0].tally.last_ns);
	assert_int_equal(sums[1].keys, 1);
	assert_int_equal(sums[1].count, 2);
	assert_int_equal(world_counts(&w).tallies_full, 32);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 0);
	assert_int_equal(world_events(&w, EVMON_RULE_BIND_UNEXPECTED), 1);
	world_close(&w);
}

static void what_user_space_finds_standing_counts_once_for_both(void **state)
{
	struct evmon_tally_key key;
	struct evmon_tally tally = { .count = 0 };
	struct evmon_actor actor = { .tgid = 1, .start_ns = 2, .class = WORLD_ALPHA };
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha");
	key = world_sum(&w, EVMON_RULE_EXEC_ROOT).key;
	assert_int_equal(tallies_stand(w.kernel, &key, &actor, 5), -EEXIST);
	key.slot++;
	assert_int_equal(tallies_stand(w.kernel, &key, &actor, 5), 0);
	assert_int_equal(tallies_read(w.kernel, &key, &tally), 0);
	assert_int_equal(tally.count, 1);
	assert_int_equal(tally.actor.tgid, 1);
	assert_int_equal(tally.actor.start_ns, 2);
	/* The next instance gets the next slot, and is found standing by the hook. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "two:Alpha");
	assert_int_equal(tallies_read(w.kernel, &key, &tally), 0);
	assert_int_equal(tally.count, 1);
	assert_int_equal(world_counts(&w).standing, 1);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crowd_is_counted_to_the_last),
		cmocka_unit_test(an_actor_is_never_a_mixture_of_two),
		cmocka_unit_test(a_mixture_of_two_is_nobody),
		cmocka_unit_test(a_window_has_one_record),
		cmocka_unit_test(tracing_tells_each_deed_and_denies_none),
		cmocka_unit_test(a_full_ring_loses_records_and_no_count),
		cmocka_unit_test(who_joined_is_told_before_what_it_did),
		cmocka_unit_test(without_room_for_a_key_its_rule_and_verdict_count_on),
		cmocka_unit_test(what_user_space_finds_standing_counts_once_for_both),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
