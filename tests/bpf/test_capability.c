// SPDX-License-Identifier: Apache-2.0
/* Capabilities that modules use, are refused and hold beyond their list. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/xattr.h>

#include <linux/xattr.h>

#include "world.h"

#define BIT(name) (1ULL << CAP_##name)

/* The lists: Alpha may use CHROOT, the instance "one" of Beta, too; nobody else anything. */
static void lists(struct policy *policy)
{
	static const struct module_capabilities modules[] = {
		{ .name = "Alpha", .mask = BIT(SYS_CHROOT) | BIT(NET_RAW) },
		{ .id = "one", .name = "Beta", .mask = BIT(SYS_CHROOT) },
		{ .id = "bare", .name = "Alpha", .mask = 0 },
	};

	free(policy->modules);
	policy->modules = calloc(ARRAY_SIZE(modules), sizeof(*modules));
	assert_non_null(policy->modules);
	memcpy(policy->modules, modules, sizeof(modules));
	policy->n_modules = ARRAY_SIZE(modules);
}

static const struct world_options options = { .policy = lists };

static void open_as(struct world *w, uint64_t ambient)
{
	world_open(w, &options);
	world_needs(w, COVERAGE_CAPABILITY);
	w->uid = WORLD_UID;
	w->ambient = ambient;
}

static uint64_t count_of(const struct world *w, unsigned rule)
{
	return world_sum(w, rule).count;
}

static void use_beyond_the_list_is_told(void **state)
{
	const struct event *e;
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_USED);
	assert_int_equal(sum.count, 2);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(sum.key.object.capability.number, CAP_SYS_CHROOT);
	assert_int_equal(sum.key.object.capability.kind, EVMON_CAPABILITY_USED);
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_USED), 1);
	e = world_event(&w, EVMON_RULE_CAPABILITY_USED, 0);
	assert_int_equal(e->sensor, EVMON_SENSOR_CAPABILITY);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->capability.number, CAP_SYS_CHROOT);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_USED);
	assert_int_equal(e->capability.userns, 0);
	assert_false(e->capability.on_behalf);
	assert_int_equal(e->process.pid, w.reports[0].tgid);
	assert_int_equal(e->process.class, WORLD_BETA);
	assert_int_equal(e->process.uid, WORLD_UID);
	assert_string_equal(e->process.args, "two:Beta");
	assert_int_equal(e->hook, w.kernel->coverage.rows[COVERAGE_CAPABILITY].hooks[0]);
	/* It holds it beyond its list as well: once, at its exec, and no surplus of EVerest's. */
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_HELD);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.key.object.capability.number, CAP_SYS_CHROOT);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_EVEREST_CHOWN), 0);
	world_close(&w);
}

static void what_the_list_grants_is_silent(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "modules/Alpha/Alpha", "any:Alpha", "chroot", "fork", "chroot", "exec",
		  world_path(&w, "unknown"), "sh", "chroot");
	assert_int_equal(w.n_reports, 3);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 0);
	world_close(&w);
}

static void an_instance_has_a_list_of_its_own(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "modules/Beta/Beta", "one:Beta", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 1);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "bare:Alpha", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 2);
	/* A policy without them: no list of an instance outlives it. */
	w.policy->n_modules = 1;
	world_policy(&w);
	WORLD_RUN(&w, "modules/Beta/Beta", "one:Beta", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 3);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "bare:Alpha", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 3);
	world_close(&w);
}

static void a_denied_attempt_is_told(void **state)
{
	const struct event *e;
	struct world w;

	(void)state;
	open_as(&w, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "chroot", "chroot");
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 3);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_DENIED), 1);
	e = world_event(&w, EVMON_RULE_CAPABILITY_DENIED, 0);
	assert_int_equal(e->capability.number, CAP_SYS_CHROOT);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_DENIED);
	/* What the list grants and the task lacks is denied by the kernel and no finding. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "any:Alpha", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 3);
	world_close(&w);
}

static void ignore_chroot(struct policy *policy)
{
	policy->denied_ignored |= BIT(SYS_CHROOT);
}

static void denied_attempts_that_are_ignored_are_counted(void **state)
{
	const struct world_options ignoring = { .policy = ignore_chroot };
	struct world w;

	(void)state;
	world_open(&w, &ignoring);
	world_needs(&w, COVERAGE_CAPABILITY);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	assert_true(world_counts(&w).denied_ignored >= 2);
	world_close(&w);
}

/* The kernel asks for a right and, told no, does what was wanted all the same: for each of these
 * CAP_NET_ADMIN and CAP_SYS_MODULE (no such interface: may a module be loaded?), CAP_SETGID,
 * CAP_SETUID (may it be anybody?). */
static void a_denial_that_refuses_nothing_is_counted(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "ifindex", "evmon-none", "ask",
		  "setgid", "1500", "ask", "setuid", "1500");
	assert_int_equal(w.reports[0].result, ENODEV);
	assert_int_equal(w.reports[1].result, 0);
	assert_int_equal(w.reports[2].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	assert_int_equal(world_counts(&w).denied_probes, 4);
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

/* These checks are not audited, or made behind the hook that knows: no hook tells of them. */
static void checks_without_audit_are_silent(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "read",
		  "/proc/sys/net/core/somaxconn", "ask", "capset", "-");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(w.reports[1].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

struct earnest {
	const char *what, *argument;
	unsigned capability, checks, probes;
};

static void what_is_wanted_in_earnest_is_told(void **state)
{
	static const struct earnest deeds[] = {
		{ "ifup", "lo", CAP_NET_ADMIN, 1, 0 },
		/* Asked for a module, too, and for the change it wants. */
		{ "ifup", "evmon-none", CAP_NET_ADMIN, 2, 1 },
		{ "rmmod", "evmon_none", CAP_SYS_MODULE, 1, 0 },
		{ "setgid", "0", CAP_SETGID, 1, 0 },
		{ "setuid", "0", CAP_SETUID, 1, 0 },
	};
	struct world_sum sum;
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		open_as(&w, 0);
		WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", deeds[i].what,
			  deeds[i].argument);
		sum = world_sum(&w, EVMON_RULE_CAPABILITY_DENIED);
		if (w.reports[0].result == ENOSYS) {
			print_message("# a kernel without modules\n");
		} else {
			assert_int_equal(w.reports[0].result, EPERM);
			assert_int_equal(sum.count, deeds[i].checks);
			assert_int_equal(sum.keys, 1);
			assert_int_equal(sum.key.object.capability.number, deeds[i].capability);
			assert_int_equal(world_counts(&w).denied_probes, deeds[i].probes);
		}
		world_close(&w);
	}
}

static void root_and_strangers_are_not_judged(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_CAPABILITY);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 0);
	assert_true(world_counts(&w).root_capabilities >= 1);
	w.evicted = true;
	w.uid = WORLD_UID;
	w.ambient = BIT(SYS_CHROOT);
	WORLD_RUN(&w, "unknown", "two:Beta", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 0);
	world_close(&w);
}

/* In a namespace of its own it may what it may not on the host, and is told apart. */
static void a_user_namespaces_capabilities_are_named_so(void **state)
{
	struct evmon_tally tally;
	const struct event *e;
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	/* Alpha's list has it, and is a list of the host's capabilities. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a:Alpha", "chroot", "userns", "chroot", "chroot",
		  "ask", "rmmod", "evmon_none");
	if (w.reports[1].result) {
		world_close(&w);
		skip(); /* user namespaces are switched off here */
	}
	assert_int_equal(w.reports[2].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	e = NULL;
	for (size_t i = 0; i < world_events(&w, EVMON_RULE_CAPABILITY_USERNS) && !e; i++) {
		e = world_event(&w, EVMON_RULE_CAPABILITY_USERNS, i);
		if (e->capability.number != CAP_SYS_CHROOT)
			e = NULL;
	}
	assert_non_null(e);
	assert_int_equal(e->sensor, EVMON_SENSOR_CAPABILITY);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_USED);
	assert_int_equal(e->capability.userns, 1);
	assert_false(e->capability.on_behalf);
	assert_int_equal(e->key.object.capability.userns, 1);
	assert_int_equal(e->process.pid, w.reports[0].tgid);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_int_equal(e->process.uid, WORLD_UID);
	assert_int_equal(tallies_read(w.kernel, &e->key, &tally), 0);
	assert_int_equal(tally.count, 2);
	assert_true(world_counts(&w).userns >= 2);
	/* What it asks of the host is asked in vain, and of the host. */
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_DENIED);
	if (w.reports[4].result != ENOSYS) {
		assert_int_equal(w.reports[4].result, EPERM);
		assert_int_equal(sum.count, 1);
		assert_int_equal(sum.key.object.capability.number, CAP_SYS_MODULE);
		assert_int_equal(sum.key.object.capability.userns, 0);
	}
	world_close(&w);
}

/* Whether who opened the socket may, is asked first: not by him who asks now. */
static void somebody_elses_credentials_are_not_judged(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "behalf", "-");
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	assert_int_equal(world_counts(&w).on_behalf, 1);
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

static void somebody_elses_credentials_are_shown_while_tracing(void **state)
{
	const struct world_options tracing = { .policy = lists, .kernel = { .tracing = true } };
	const struct event *e = NULL;
	struct world w;

	(void)state;
	world_open(&w, &tracing);
	world_needs(&w, COVERAGE_CAPABILITY);
	/* A probe has no credentials to read but the task's own: there they are counted. */
	if (w.kernel->links[EVMON_HOOK_KPROBE_CAPABLE]) {
		world_close(&w);
		skip();
	}
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "behalf", "-");
	for (size_t i = 0; i < world_events(&w, EVMON_RULE_NONE); i++)
		if (world_event(&w, EVMON_RULE_NONE, i)->sensor == EVMON_SENSOR_CAPABILITY)
			e = world_event(&w, EVMON_RULE_NONE, i);
	assert_non_null(e);
	assert_true(e->capability.on_behalf);
	assert_int_equal(e->capability.number, CAP_NET_ADMIN);
	assert_int_equal(e->capability.kind, EVMON_CAPABILITY_DENIED);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALLOW);
	assert_int_equal(e->process.class, WORLD_BETA);
	world_close(&w);
}

/* set_caps() of the real manager gives CAP_CHOWN with whatever else it gives. */
static void everests_surplus_is_one_standing_finding_for_each_instance(void **state)
{
	const struct event *e;
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, BIT(CHOWN) | BIT(NET_RAW));
	for (int i = 0; i < 4; i++)
		WORLD_RUN(&w, "modules/Alpha/Alpha", i % 2 ? "a:Alpha" : "b:Alpha", "fork", "exec",
			  world_path(&w, "unknown"), "sh");
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_EVEREST_CHOWN);
	assert_int_equal(sum.count, 2);
	assert_int_equal(sum.keys, 2);
	assert_int_equal(sum.key.object.capability.number, CAP_CHOWN);
	assert_int_equal(sum.key.object.capability.kind, EVMON_CAPABILITY_HELD);
	assert_int_equal(world_counts(&w).standing, 2);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 0);
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_EVEREST_CHOWN), 2);
	e = world_event(&w, EVMON_RULE_CAPABILITY_EVEREST_CHOWN, 0);
	assert_true(e->standing);
	assert_int_equal(e->hook, EVMON_HOOK_TP_EXEC);
	assert_int_equal(e->capability.number, CAP_CHOWN);
	/* CAP_CHOWN alone is nobody's surplus. */
	w.ambient = BIT(CHOWN);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "c:Alpha");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_EVEREST_CHOWN), 2);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 1);
	world_close(&w);
}

static int capabilities_of_file(const char *path, uint64_t mask)
{
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE };

	data.data[0].permitted = (uint32_t)mask;
	data.data[1].permitted = (uint32_t)(mask >> 32);
	return setxattr(path, XATTR_NAME_CAPS, &data, sizeof(data), 0);
}

static void what_a_descendant_gains_is_held_and_no_surplus(void **state)
{
	struct world w;
	struct world_sum sum;

	(void)state;
	open_as(&w, BIT(NET_RAW) | BIT(SYS_CHROOT));
	if (capabilities_of_file(world_path(&w, "gains"), BIT(CHOWN) | BIT(NET_RAW)) < 0) {
		world_close(&w);
		skip(); /* a file system without capabilities */
	}
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a:Alpha", "fork", "exec", world_path(&w, "gains"),
		  "sh");
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_HELD);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.key.object.capability.number, CAP_CHOWN);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_EVEREST_CHOWN), 0);
	world_close(&w);
}

/* Between fork and exec the manager's child lowers its rights: no finding, whatever it uses. */
static void the_managers_child_is_exempt_before_its_exec(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "manager", "manager", "fork", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	WORLD_RUN(&w, "manager", "manager", "fork", "exec", world_path(&w, "unknown"), "sh",
		  "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 1);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(use_beyond_the_list_is_told),
		cmocka_unit_test(what_the_list_grants_is_silent),
		cmocka_unit_test(an_instance_has_a_list_of_its_own),
		cmocka_unit_test(a_denied_attempt_is_told),
		cmocka_unit_test(denied_attempts_that_are_ignored_are_counted),
		cmocka_unit_test(a_denial_that_refuses_nothing_is_counted),
		cmocka_unit_test(checks_without_audit_are_silent),
		cmocka_unit_test(what_is_wanted_in_earnest_is_told),
		cmocka_unit_test(root_and_strangers_are_not_judged),
		cmocka_unit_test(a_user_namespaces_capabilities_are_named_so),
		cmocka_unit_test(somebody_elses_credentials_are_not_judged),
		cmocka_unit_test(somebody_elses_credentials_are_shown_while_tracing),
		cmocka_unit_test(everests_surplus_is_one_standing_finding_for_each_instance),
		cmocka_unit_test(what_a_descendant_gains_is_held_and_no_surplus),
		cmocka_unit_test(the_managers_child_is_exempt_before_its_exec),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
