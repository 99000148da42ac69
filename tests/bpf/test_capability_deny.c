// SPDX-License-Identifier: Apache-2.0
/*
 * Capabilities that a policy refuses: the call fails with EPERM and is told once, as denied;
 * whoever is not judged goes on as before; and what nothing refuses was to be denied.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "kernel/kernel.h"
#include "kernel/tables.h"

#include "kept.h"
#include "world.h"

#define BIT(name) (1ULL << CAP_##name)

static void lists(struct policy *policy)
{
	static const struct module_capabilities modules[] = {
		{ .name = "Alpha", .mask = BIT(SYS_CHROOT) },
		{ .id = "one", .name = "Beta", .mask = BIT(SYS_CHROOT) },
	};

	free(policy->modules);
	policy->modules = calloc(ARRAY_SIZE(modules), sizeof(*modules));
	assert_non_null(policy->modules);
	memcpy(policy->modules, modules, sizeof(modules));
	policy->n_modules = ARRAY_SIZE(modules);
	policy->capability_action = ACTION_DENY;
}

static const struct world_options options = { .policy = lists };

static void open_as(struct world *w, uint64_t ambient)
{
	world_open(w, &options);
	world_needs(w, COVERAGE_CAPABILITY_DENY);
	w->uid = WORLD_UID;
	w->ambient = ambient;
}

static uint64_t count_of(const struct world *w, unsigned rule)
{
	return world_sum(w, rule).count;
}

static void use_beyond_the_list_is_refused_and_told_once(void **state)
{
	const struct event *e;
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "chroot", "chroot");
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(w.reports[2].result, EPERM);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_USED);
	assert_int_equal(sum.count, 3);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(sum.key.verdict, EVMON_VERDICT_DENIED);
	assert_int_equal(sum.key.object.capability.number, CAP_SYS_CHROOT);
	assert_int_equal(sum.key.object.capability.kind, EVMON_CAPABILITY_USED);
	assert_int_equal(sum.tally.actor.tgid, w.reports[0].tgid);
	/* The sensor sees the same call denied, after that. */
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_USED), 1);
	e = world_event(&w, EVMON_RULE_CAPABILITY_USED, 0);
	assert_int_equal(e->sensor, EVMON_SENSOR_CAPABILITY);
	assert_int_equal(e->verdict, EVMON_VERDICT_DENIED);
	assert_int_equal(e->capability.number, CAP_SYS_CHROOT);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_USED);
	assert_int_equal(e->capability.userns, 0);
	assert_false(e->capability.on_behalf || e->asked_deny || e->standing);
	assert_int_equal(e->process.pid, w.reports[0].tgid);
	assert_int_equal(e->process.class, WORLD_BETA);
	assert_int_equal(e->process.uid, WORLD_UID);
	assert_string_equal(e->process.args, "two:Beta");
	assert_int_equal(e->hook, w.kernel->coverage.rows[COVERAGE_CAPABILITY_DENY].hooks[0]);
	/* That it holds it nothing can refuse. */
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 1);
	assert_true(world_event(&w, EVMON_RULE_CAPABILITY_HELD, 0)->asked_deny);
	world_close(&w);
}

static void what_the_list_grants_is_done(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a:Alpha", "chroot", "fork", "exec",
		  world_path(&w, "unknown"), "sh", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(w.reports[1].result, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "one:Beta", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

/* It counts as denied and nothing else, also right after a refusal of the same. */
static void what_the_kernel_refuses_is_the_kernels(void **state)
{
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot");
	assert_int_equal(w.reports[0].result, EPERM);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_DENIED);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.key.verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_false(world_event(&w, EVMON_RULE_CAPABILITY_DENIED, 0)->asked_deny);
	w.ambient = BIT(SYS_CHROOT);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "ask", "capset", "-", "chroot");
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(w.reports[2].result, EPERM);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 1);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 2);
	world_close(&w);
}

static void a_crowd_is_counted_to_the_last(void **state)
{
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "crowd", "8", "chroot", "chroot", "chroot");
	assert_int_equal(w.n_reports, 24);
	for (size_t i = 0; i < w.n_reports; i++)
		assert_int_equal(w.reports[i].result, EPERM);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_USED);
	assert_int_equal(sum.count, 24);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

/* Root is judged by exec.root; a stranger by nobody; the manager's child lowers its rights. */
static void who_is_not_judged_is_not_refused(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_CAPABILITY_DENY);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	w.uid = WORLD_UID;
	w.ambient = BIT(SYS_CHROOT);
	WORLD_RUN(&w, "manager", "manager", "fork", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "x", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	/* The manager itself has no list. */
	w.evicted = false;
	WORLD_RUN(&w, "manager", "manager", "chroot");
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 1);
	world_close(&w);
}

static void a_module_without_a_name_yet_is_not_refused(void **state)
{
	const char *dir;
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	dir = world_path(&w, "modules/Gamma/Gamma");
	assert_non_null(dir);
	assert_int_equal(tables_modules_dir(w.kernel, world_path(&w, "modules")), 0);
	WORLD_RUN(&w, "modules/Gamma/Gamma", "g:Gamma", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	assert_true(world_counts(&w).pending >= 1);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	world_close(&w);
}

/* The answer decides what is allowed, and yet no right counts as used by it. */
static void a_check_without_audit_is_answered_as_before(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, BIT(NET_ADMIN));
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "writable",
		  "/proc/sys/net/ipv4/ip_forward", "ask", "ifup", "lo");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(w.reports[1].result, EPERM);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 1);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

/* The opener's credentials are asked about first, then the caller's own. */
static void somebody_elses_credentials_are_not_refused(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, BIT(NET_ADMIN));
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "behalf", "-");
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(world_counts(&w).on_behalf, 1);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 1);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

/* No list grants what is asked for there; the host's stays as it is. */
static void a_user_namespaces_capabilities_are_refused_by_their_own_rule(void **state)
{
	const struct event *e = NULL;
	struct evmon_tally tally;
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a:Alpha", "chroot", "userns", "chroot", "chroot");
	if (w.reports[1].result) {
		world_close(&w);
		skip(); /* user namespaces are switched off here */
	}
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(w.reports[2].result, EPERM);
	for (size_t i = 0; i < world_events(&w, EVMON_RULE_CAPABILITY_USERNS) && !e; i++) {
		e = world_event(&w, EVMON_RULE_CAPABILITY_USERNS, i);
		if (e->capability.number != CAP_SYS_CHROOT)
			e = NULL;
	}
	assert_non_null(e);
	assert_int_equal(e->verdict, EVMON_VERDICT_DENIED);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_USED);
	assert_int_equal(e->capability.userns, 1);
	assert_false(e->asked_deny);
	assert_int_equal(tallies_read(w.kernel, &e->key, &tally), 0);
	assert_int_equal(tally.count, 2);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

static void a_policy_that_only_reports_refuses_nothing(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	w.policy->capability_action = ACTION_ALERT;
	world_policy(&w);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_CAPABILITY_USED).key.verdict,
			 EVMON_VERDICT_ALERT);
	assert_false(world_event(&w, EVMON_RULE_CAPABILITY_USED, 0)->asked_deny);
	w.policy->capability_action = ACTION_DENY;
	world_policy(&w);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot");
	assert_int_equal(w.reports[0].result, EPERM);
	world_close(&w);
}

static void tracing_shows_what_another_refuses(void **state)
{
	const struct world_options tracing = { .policy = lists, .kernel.tracing = true };
	const struct event *e;
	struct world daemon, w;

	(void)state;
	open_as(&daemon, 0);
	world_open(&w, &tracing);
	w.uid = WORLD_UID;
	w.ambient = BIT(SYS_CHROOT);
	tables_spawner(daemon.kernel, getpid(), EVMON_CLASS_MANAGER);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "ask", "capset", "-", "chroot");
	tables_spawner(daemon.kernel, 0, EVMON_CLASS_HOST);
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(count_of(&daemon, EVMON_RULE_CAPABILITY_USED), 1);
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_USED), 1);
	e = world_event(&w, EVMON_RULE_CAPABILITY_USED, 0);
	assert_int_equal(e->verdict, EVMON_VERDICT_DENIED);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_USED);
	assert_int_equal(e->hook, EVMON_HOOK_FEXIT_CAPABLE);
	assert_int_equal(e->process.class, WORLD_BETA);
	assert_false(e->asked_deny);
	/* The second one the kernel refused. */
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_DENIED), 1);
	world_close(&w);
	world_close(&daemon);
}

/* On each tier: no program refuses, so the call is done, and the alert says what was asked. */
static void what_nothing_refuses_was_to_be_denied(void **state)
{
	_cleanup_(policy_freep) struct policy *silent = NULL;
	struct kernel *kernel;
	struct world_sum sum;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_CAPABILITY);
	kernel = w.kernel;
	kept_forget(kernel);
	assert_int_equal(policy_new_default(&silent), 0);
	kernel_denial_end(kernel, silent);
	w.uid = WORLD_UID;
	w.ambient = BIT(SYS_CHROOT);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "ask", "capset", "-", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(w.reports[2].result, EPERM);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_USED);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.key.verdict, EVMON_VERDICT_ALERT);
	assert_true(world_event(&w, EVMON_RULE_CAPABILITY_USED, 0)->asked_deny);
	/* The kernel has denied this one. */
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 1);
	assert_false(world_event(&w, EVMON_RULE_CAPABILITY_DENIED, 0)->asked_deny);
	world_close(&w);
	kernel_free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(use_beyond_the_list_is_refused_and_told_once),
		cmocka_unit_test(what_the_list_grants_is_done),
		cmocka_unit_test(what_the_kernel_refuses_is_the_kernels),
		cmocka_unit_test(a_crowd_is_counted_to_the_last),
		cmocka_unit_test(who_is_not_judged_is_not_refused),
		cmocka_unit_test(a_module_without_a_name_yet_is_not_refused),
		cmocka_unit_test(a_check_without_audit_is_answered_as_before),
		cmocka_unit_test(somebody_elses_credentials_are_not_refused),
		cmocka_unit_test(a_user_namespaces_capabilities_are_refused_by_their_own_rule),
		cmocka_unit_test(a_policy_that_only_reports_refuses_nothing),
		cmocka_unit_test(tracing_shows_what_another_refuses),
		cmocka_unit_test(what_nothing_refuses_was_to_be_denied),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
