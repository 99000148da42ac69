// SPDX-License-Identifier: Apache-2.0
/*
 * What a process of the tree becomes without an exec, and what gives nothing. Where no hook sees
 * credentials change, they are looked at when memory is taken, so each change is followed by that.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/capability.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"

#include "world.h"

#define BIT(name) (1ULL << CAP_##name)

/* Alpha may have CHROOT, nobody else anything. */
static void lists(struct policy *policy)
{
	free(policy->modules);
	policy->modules = calloc(1, sizeof(*policy->modules));
	assert_non_null(policy->modules);
	policy->modules[0] =
		(struct module_capabilities){ .name = "Alpha", .mask = BIT(SYS_CHROOT) };
	policy->n_modules = 1;
}

static const struct world_options options = { .policy = lists };
static const struct world_options tracing = { .policy = lists, .kernel.tracing = true };

static void open_as(struct world *w, const struct world_options *how, uid_t uid, uint64_t ambient)
{
	world_open(w, how);
	world_needs(w, COVERAGE_CREDENTIALS);
	w->uid = uid;
	w->ambient = ambient;
}

static uint64_t count_of(const struct world *w, unsigned rule)
{
	return world_sum(w, rule).count;
}

#define LOOK "ask", "memory", "-"

static enum evmon_hook hook_of(const struct world *w)
{
	return w->kernel->coverage.rows[COVERAGE_CREDENTIALS].hooks[0];
}

/* Then the process is seen as it has become. */
static bool is_late(const struct world *w)
{
	return hook_of(w) == EVMON_HOOK_TP_CREDS;
}

/* The capability of that rule which this hook told of, n-th from the first. */
static const struct event *by_creds(const struct world *w, unsigned rule, size_t n)
{
	for (size_t i = 0; i < world_events(w, rule); i++) {
		const struct event *e = world_event(w, rule, i);

		if (e->hook == hook_of(w) && n-- == 0)
			return e;
	}
	return NULL;
}

static void becoming_root_without_an_exec_is_told(void **state)
{
	const struct event *e;
	struct world_sum sum;
	struct stat st;
	struct world w;

	(void)state;
	open_as(&w, &options, WORLD_UID, BIT(SETUID));
	assert_int_equal(stat(world_path(&w, "modules/Beta/Beta"), &st), 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "setuid", "0", LOOK);
	assert_int_equal(w.reports[0].result, 0);
	sum = world_sum(&w, EVMON_RULE_EXEC_ROOT);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(sum.key.object.exec.ino, st.st_ino);
	assert_int_equal(sum.key.object.exec.dev, file_kernel_dev(st.st_dev));
	assert_int_equal(sum.key.object.exec.how, EVMON_EXEC_CREDS);
	assert_int_equal(sum.key.verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(sum.tally.actor.tgid, w.reports[0].tgid);
	assert_int_equal(sum.tally.actor.uid, is_late(&w) ? 0 : WORLD_UID);
	assert_int_equal(world_events(&w, EVMON_RULE_EXEC_ROOT), 1);
	e = world_event(&w, EVMON_RULE_EXEC_ROOT, 0);
	assert_int_equal(e->sensor, EVMON_SENSOR_EXEC);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->hook, hook_of(&w));
	assert_false(e->standing || e->joined || e->asked_deny);
	assert_int_equal(e->process.pid, w.reports[0].tgid);
	assert_int_equal(e->process.class, WORLD_BETA);
	/* Who it was, and what it becomes. */
	assert_int_equal(e->process.uid, is_late(&w) ? 0 : WORLD_UID);
	assert_int_equal(e->exec.uid, 0);
	assert_int_equal(e->exec.euid, 0);
	assert_int_equal(e->exec.how, EVMON_EXEC_CREDS);
	assert_int_equal(e->exec.ino, st.st_ino);
	assert_int_equal(e->exec.dev, file_kernel_dev(st.st_dev));
	assert_int_equal(e->exec.mntns, w.reports[0].mntns);
	assert_false(e->exec.deleted);
	/* Root is not judged for what it holds: only its exec told of that one. */
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 1);
	world_close(&w);
}

static void root_deny(struct policy *policy)
{
	lists(policy);
	policy->root_action = ACTION_DENY;
}

static void what_no_hook_refuses_was_to_be_denied(void **state)
{
	const struct world_options denying = { .policy = root_deny };
	struct world w;

	(void)state;
	open_as(&w, &denying, WORLD_UID, BIT(SETUID));
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "setuid", "0", LOOK);
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 1);
	assert_true(world_event(&w, EVMON_RULE_EXEC_ROOT, 0)->asked_deny);
	world_close(&w);
}

/* Another id, the same, a refused one, credentials that stay as they are. */
static void changes_that_raise_nothing_give_nothing(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, &options, WORLD_UID, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "setuid", "1500", "ask", "setuid",
		  "0", LOOK, "ask", "keepcaps", "-", "fork", "ask", "seteuid", "1500", LOOK);
	assert_int_equal(w.n_reports, 6);
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 0);
	w.ambient = BIT(SETUID);
	WORLD_RUN(&w, "modules/Beta/Beta", "three:Beta", "ask", "setuid-turns", "1501", LOOK);
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 1); /* at its exec */
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USERNS), 0);
	world_close(&w);
}

/* A C library's setuid() changes each thread, in turns or some at once: that is one finding. */
static void threads_that_follow_are_one_finding(void **state)
{
	static const char *const ways[] = { "setuid-turns", "setuid-crowd" };
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, &options, WORLD_UID, BIT(SETUID));
	for (unsigned i = 0; i < 20; i++) {
		WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", ways[i % 2], "0", LOOK,
			  "fork", LOOK);
		assert_int_equal(w.reports[0].result, 0);
		sum = world_sum(&w, EVMON_RULE_EXEC_ROOT);
		assert_int_equal(sum.count, i + 1);
		assert_int_equal(sum.keys, 1);
		/* The process did, whichever of its threads came first. */
		assert_int_equal(sum.tally.actor.tgid, w.reports[0].tgid);
	}
	world_close(&w);
}

static void the_managers_own_drop_gives_nothing(void **state)
{
	static const char *const ways[] = { "setuid-turns", "setuid-crowd", "seteuid-turns" };
	struct world w;

	(void)state;
	open_as(&w, &options, 0, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		WORLD_RUN(&w, "manager", "manager", LOOK, "ask", ways[i], "1500", LOOK);
		assert_int_equal(w.reports[0].result, 0);
	}
	/* Nor what its child does until its exec. */
	WORLD_RUN(&w, "manager", "manager", "fork", "ask", "setuid", "1500", "userns", LOOK);
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USERNS), 0);
	world_close(&w);
}

/* Its permission is to start as root. Each return counts once, whatever number of threads. */
static void a_manager_that_is_root_again_is_told(void **state)
{
	const struct event *e;
	struct world_sum sum;
	struct stat st;
	struct world w;

	(void)state;
	open_as(&w, &options, 0, 0);
	assert_int_equal(stat(world_path(&w, "manager"), &st), 0);
	WORLD_RUN(&w, "manager", "manager", "ask", "seteuid-turns", "1500", LOOK, "ask",
		  "seteuid-turns", "0", LOOK, "ask", "seteuid-crowd", "0", LOOK, "ask",
		  "setuid-turns", "0", LOOK);
	assert_int_equal(w.n_reports, 8);
	for (size_t i = 0; i < w.n_reports; i++)
		assert_int_equal(w.reports[i].result, 0);
	sum = world_sum(&w, EVMON_RULE_EXEC_ROOT);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.key.slot, EVMON_CLASS_MANAGER);
	assert_int_equal(sum.key.object.exec.ino, st.st_ino);
	assert_int_equal(sum.key.object.exec.how, EVMON_EXEC_CREDS);
	e = world_event(&w, EVMON_RULE_EXEC_ROOT, 0);
	assert_int_equal(e->process.class, EVMON_CLASS_MANAGER);
	assert_int_equal(e->process.euid, is_late(&w) ? 0 : 1500);
	assert_int_equal(e->exec.euid, 0);
	/* Down and up again: two more. */
	WORLD_RUN(&w, "manager", "manager", "ask", "seteuid", "1500", LOOK, "ask", "seteuid", "0",
		  LOOK, "ask", "seteuid", "1500", LOOK, "ask", "seteuid-crowd", "0", LOOK);
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 3);
	world_close(&w);
}

/* Told of once at its exec, and never anything but root. */
static void a_root_module_that_lowers_itself_for_a_while_is_no_more(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, &options, 0, 0);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a:Alpha", "ask", "seteuid", "1500", LOOK, "ask",
		  "seteuid", "0", LOOK);
	assert_int_equal(w.reports[2].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 1);
	assert_true(world_event(&w, EVMON_RULE_EXEC_ROOT, 0)->standing);
	world_close(&w);
}

/* commit_creds() is exec's way, too: each is told once, by the exec. */
static void an_exec_is_the_execs(void **state)
{
	const char *path;
	struct world w;

	(void)state;
	open_as(&w, &options, WORLD_UID, 0);
	path = world_path(&w, "su");
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(path, 04755), 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "fork", "exec", path, "su", LOOK, "ask",
		  "seteuid", "1500", "ask", "seteuid", "0", LOOK);
	if (w.reports[2].result) {
		world_close(&w);
		skip(); /* a file system without setuid */
	}
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 1);
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).key.object.exec.how,
			 EVMON_EXEC_SETUID);
	assert_null(by_creds(&w, EVMON_RULE_EXEC_ROOT, 0));
	world_close(&w);
}

static void ambient_capabilities_that_are_raised_are_held(void **state)
{
	const struct event *e;
	struct world w;

	(void)state;
	open_as(&w, &tracing, WORLD_UID, BIT(SYS_CHROOT));
	if (is_late(&w)) {
		world_close(&w);
		skip(); /* what changes nothing else cannot be seen there */
	}
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "ambient-lower", "18", "ask",
		  "ambient-turns", "18");
	assert_int_equal(w.reports[1].result, 0);
	/* Once at its exec, once for all its threads. */
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 2);
	e = by_creds(&w, EVMON_RULE_CAPABILITY_HELD, 0);
	assert_non_null(e);
	assert_null(by_creds(&w, EVMON_RULE_CAPABILITY_HELD, 1));
	assert_int_equal(e->sensor, EVMON_SENSOR_CAPABILITY);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->capability.number, CAP_SYS_CHROOT);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_HELD);
	assert_int_equal(e->capability.userns, 0);
	assert_false(e->capability.on_behalf || e->standing || e->asked_deny);
	assert_int_equal(e->process.pid, w.reports[0].tgid);
	assert_int_equal(e->process.class, WORLD_BETA);
	/* What the list grants may be handed on. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a:Alpha", "ask", "ambient-lower", "18", "ask",
		  "ambient-raise", "18");
	assert_int_equal(w.reports[1].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 2);
	world_close(&w);
}

static void root_of_a_user_namespace_is_told_apart(void **state)
{
	struct evmon_tally tally;
	const struct event *e;
	struct world w;

	(void)state;
	open_as(&w, &options, WORLD_UID, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "userns", LOOK, "fork", LOOK);
	if (w.reports[0].result) {
		world_close(&w);
		skip(); /* user namespaces are switched off here */
	}
	e = by_creds(&w, EVMON_RULE_CAPABILITY_USERNS, 0);
	assert_non_null(e);
	assert_null(by_creds(&w, EVMON_RULE_CAPABILITY_USERNS, 1));
	assert_int_equal(e->sensor, EVMON_SENSOR_CAPABILITY);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_false(e->capability.on_behalf || e->standing || e->asked_deny);
	assert_int_equal(e->capability.number, CAP_SYS_ADMIN);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_HELD);
	assert_int_equal(e->capability.userns, 1);
	assert_int_equal(e->process.pid, w.reports[0].tgid);
	assert_int_equal(e->process.class, WORLD_BETA);
	assert_int_equal(e->process.uid, WORLD_UID);
	assert_int_equal(e->key.object.capability.number, CAP_SYS_ADMIN);
	assert_int_equal(e->key.object.capability.kind, EVMON_CAPABILITY_HELD);
	assert_int_equal(e->key.object.capability.userns, 1);
	assert_int_equal(tallies_read(w.kernel, &e->key, &tally), 0);
	assert_int_equal(tally.count, 1);
	assert_int_equal(tally.actor.tgid, w.reports[0].tgid);
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 0);
	world_close(&w);
}

static void who_is_in_no_tree_is_nobodys_business(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, &options, WORLD_UID, BIT(SETUID));
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "x", "ask", "setuid-turns", "0", LOOK);
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_EXEC_ROOT), 0);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becoming_root_without_an_exec_is_told),
		cmocka_unit_test(what_no_hook_refuses_was_to_be_denied),
		cmocka_unit_test(changes_that_raise_nothing_give_nothing),
		cmocka_unit_test(threads_that_follow_are_one_finding),
		cmocka_unit_test(the_managers_own_drop_gives_nothing),
		cmocka_unit_test(a_manager_that_is_root_again_is_told),
		cmocka_unit_test(a_root_module_that_lowers_itself_for_a_while_is_no_more),
		cmocka_unit_test(an_exec_is_the_execs),
		cmocka_unit_test(ambient_capabilities_that_are_raised_are_held),
		cmocka_unit_test(root_of_a_user_namespace_is_told_apart),
		cmocka_unit_test(who_is_in_no_tree_is_nobodys_business),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
