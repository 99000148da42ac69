// SPDX-License-Identifier: Apache-2.0
/* The canary proves what runs, shows what does not, and is nobody's alert. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "kernel/canary.h"
#include "kernel/tables.h"

#include "kept.h"
#include "world.h"

static void deny_one_port(struct policy *policy)
{
	world_rule(policy, "bind.admin-panel", 40050, 40050, ACTION_DENY);
}

static const struct world_options options = { .policy = deny_one_port };

static void send_canary(struct world *w)
{
	pid_t pid = -1;

	assert_int_equal(canary_start(w->kernel, &pid), 0);
	assert_int_equal(canary_finish(w->kernel, pid), 0);
	world_drain(w);
}

static int no_tally(const struct evmon_tally_key *key, const struct evmon_tally *tally,
		    void *userdata)
{
	(void)tally;
	(void)userdata;
	/* Others on this machine may do what they should not: not in this cgroup or namespace. */
	return key->slot == EVMON_CLASS_HOST && key->sensor == EVMON_SENSOR_BIND ? 0 : -EEXIST;
}

static void every_hook_is_proven_without_an_alert(void **state)
{
	static const enum coverage_role roles[] = { COVERAGE_TREE, COVERAGE_BIND,
						    COVERAGE_BIND_DENY, COVERAGE_CAPABILITY,
						    COVERAGE_EXEC };
	struct world w;

	(void)state;
	world_open(&w, &options);
	for (int i = 0; i < 3; i++) {
		send_canary(&w);
		for (size_t k = 0; k < ARRAY_SIZE(roles); k++) {
			const struct coverage_row *row = &w.kernel->coverage.rows[roles[k]];

			if (row->state == COVERAGE_NONE)
				print_message("# no hook for %s here\n",
					      coverage_role_name(roles[k]));
			else
				assert_int_equal(row->state, COVERAGE_PROVEN);
		}
	}
	assert_int_equal(w.n_events, 0);
	assert_int_equal(tallies_each(w.kernel, no_tally, NULL), 0);
	world_close(&w);
}

/* Hooks that are attached and do not run: their links are another's, which does. */
static void a_silent_hook_is_broken(void **state)
{
	static const enum coverage_role roles[] = { COVERAGE_BIND, COVERAGE_CAPABILITY };
	char reason[COVERAGE_REASON_MAX];
	struct coverage_row *rows;
	struct kernel *kernel;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	kernel = w.kernel;
	kept_forget(kernel);
	rows = kernel->coverage.rows;
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		enum evmon_hook hook = rows[roles[i]].hooks[0];

		if (!rows[roles[i]].n_hooks)
			continue;
		bpf_link__destroy(kernel->links[hook]);
		kernel->links[hook] = kernel->links[EVMON_HOOK_TP_EXEC];
	}
	send_canary(&w);
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (!rows[roles[i]].n_hooks)
			continue;
		kernel->links[rows[roles[i]].hooks[0]] = NULL;
		assert_int_equal(rows[roles[i]].state, COVERAGE_BROKEN);
	}
	assert_true(coverage_degraded(&kernel->coverage, reason, sizeof(reason)));
	assert_non_null(strstr(reason, "bind: "));
	assert_int_equal(rows[COVERAGE_EXEC].state, COVERAGE_PROVEN);
	assert_int_equal(rows[COVERAGE_TREE].state, COVERAGE_PROVEN);
	world_close(&w);
	kernel_free(kernel);
}

static void watch_loopback(struct policy *policy)
{
	struct bind_rule *rule = world_rule(policy, "bind.unexpected", 1024, 65535, ACTION_ALERT);

	rule->subjects = 1u << EVMON_SUBJECT_HOST;
	rule->scopes = 1u << EVMON_SCOPE_LOOPBACK;
}

static void its_mark_excuses_nothing(void **state)
{
	const struct world_options watching = { .policy = watch_loopback };
	const struct event *e;
	struct world w;
	size_t seen = 0;

	(void)state;
	world_open(&w, &watching);
	world_needs(&w, COVERAGE_BIND);
	send_canary(&w);
	for (size_t i = 0; (e = world_event(&w, EVMON_RULE_BIND_UNEXPECTED, i)); i++)
		seen += e->process.class == EVMON_CLASS_CANARY;
	assert_int_equal(seen, 2); /* IPv4 and IPv6 */
	world_close(&w);
}

static void nobody_is_a_canary_by_name(void **state)
{
	struct world w;
	struct evmon_task task;

	(void)state;
	world_open(&w, &options);
	send_canary(&w);
	w.evicted = true;
	world_start(&w, "evmon", (const char *const[]){ "evmon", "chroot", "wait", NULL });
	assert_non_null(world_hear(&w));
	assert_non_null(world_hear(&w));
	assert_false(world_task(&w, w.pid, &task));
	world_go_on(&w);
	world_wait(&w);
	world_close(&w);
}

/* The canary executes this very program, with arguments. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hook_is_proven_without_an_alert),
		cmocka_unit_test(a_silent_hook_is_broken),
		cmocka_unit_test(its_mark_excuses_nothing),
		cmocka_unit_test(nobody_is_a_canary_by_name),
	};
	int failed;

	(void)argv;
	if (argc > 1)
		return 0;
	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
