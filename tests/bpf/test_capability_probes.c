// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel asks for: in earnest, which is told; in passing, with or without a word to the
 * audit, which is none; and what every ordinary EACCES asks for, which policy ignores by default.
 * Where a hook carries no audit flag its limits say so, and here it is expected to be as they say.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"

#include "world.h"

#define BIT(name) (1ULL << CAP_##name)

static void lists(struct policy *policy)
{
	policy->n_modules = 0;
}

static void open_as(struct world *w, uint64_t ambient)
{
	static const struct world_options options = { .policy = lists };

	world_open(w, &options);
	world_needs(w, COVERAGE_CAPABILITY);
	w->uid = WORLD_UID;
	w->ambient = ambient;
}

static uint64_t count_of(const struct world *w, unsigned rule)
{
	return world_sum(w, rule).count;
}

/* The hook knows nothing of the audit. */
static bool is_deaf(const struct world *w)
{
	const struct coverage_row *row = &w->kernel->coverage.rows[COVERAGE_CAPABILITY];

	return row->hooks[0] == EVMON_HOOK_TP_CAP_CAPABLE;
}

static bool limits_say(const struct world *w, const char *what)
{
	const struct coverage_row *row = &w->kernel->coverage.rows[COVERAGE_CAPABILITY];

	return row->limits && strstr(row->limits, what);
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

/* What is granted so is no use; what is wanted with the same right is. */
static void a_granted_check_without_audit_is_no_use(void **state)
{
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, BIT(NET_ADMIN));
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "writable",
		  "/proc/sys/net/ipv4/ip_forward", "ask", "read", "/proc/sys/net/core/somaxconn");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(w.reports[1].result, 0);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_USED);
	if (is_deaf(&w))
		assert_true(sum.count > 0 && limits_say(&w, "audit"));
	else
		assert_int_equal(sum.count, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "ifup", "lo");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), sum.count + 1);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_USED);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(sum.key.object.capability.number, CAP_NET_ADMIN);
	assert_int_equal(sum.key.object.capability.kind, EVMON_CAPABILITY_USED);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	world_close(&w);
}

/* Memory is counted, and who counts it asks for CAP_SYS_ADMIN; who sets a name asks in earnest. */
static void a_denied_sys_admin_is_told_where_the_hook_can(void **state)
{
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "memory", "-");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "hostname", "evmon-none");
	assert_int_equal(w.reports[0].result, EPERM);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_DENIED);
	if (is_deaf(&w)) {
		assert_int_equal(sum.count, 0);
		assert_true(limits_say(&w, "CAP_SYS_ADMIN"));
	} else {
		assert_int_equal(sum.count, 1);
		assert_int_equal(sum.key.object.capability.number, CAP_SYS_ADMIN);
		assert_int_equal(sum.key.object.capability.kind, EVMON_CAPABILITY_DENIED);
	}
	world_close(&w);
}

/* Files of root's that nobody else may read or change, and its own of a strange group. */
static void refused_by_files(struct world *w)
{
	const char *theirs = world_path(w, "theirs"), *own = world_path(w, "own");

	assert_int_equal(chmod(theirs, 0600) | chown(own, WORLD_UID, WORLD_UID + 1), 0);
	WORLD_RUN(w, "modules/Beta/Beta", "two:Beta", "ask", "read", theirs, "ask", "chmod", theirs,
		  "ask", "chmod", own);
	assert_int_equal(w->reports[0].result, w->ambient ? 0 : EACCES);
	assert_int_equal(w->reports[1].result, EPERM);
	assert_int_equal(w->reports[2].result, 0); /* and the bit is not set */
}

/* Reading asks for CAP_DAC_READ_SEARCH and CAP_DAC_OVERRIDE, changing for CAP_FOWNER, a set-gid
 * bit for CAP_FSETID, by most file systems twice. */
static void what_every_refusal_by_a_file_asks_for_is_ignored(void **state)
{
	uint64_t ignored;
	struct world w;

	(void)state;
	open_as(&w, 0);
	refused_by_files(&w);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	assert_int_equal(world_events(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	ignored = world_counts(&w).denied_ignored;
	assert_in_range(ignored, 4, 5);
	/* Policy may want to know, of each. */
	w.policy->denied_ignored = 0;
	world_policy(&w);
	refused_by_files(&w);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), ignored);
	assert_int_equal(world_sum(&w, EVMON_RULE_CAPABILITY_DENIED).keys, 4);
	assert_int_equal(world_counts(&w).denied_ignored, ignored);
	world_close(&w);
}

/* That a denial of it is ignored says nothing of its use. */
static void what_is_ignored_when_denied_is_told_when_used(void **state)
{
	struct world_sum sum;
	struct world w;

	(void)state;
	open_as(&w, BIT(DAC_OVERRIDE));
	refused_by_files(&w);
	sum = world_sum(&w, EVMON_RULE_CAPABILITY_USED);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.key.object.capability.number, CAP_DAC_OVERRIDE);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
	/* Where it is not wanted there is none. */
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "ask", "read", world_path(&w, "unknown"));
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(denied_attempts_that_are_ignored_are_counted),
		cmocka_unit_test(what_every_refusal_by_a_file_asks_for_is_ignored),
		cmocka_unit_test(what_is_ignored_when_denied_is_told_when_used),
		cmocka_unit_test(a_denial_that_refuses_nothing_is_counted),
		cmocka_unit_test(checks_without_audit_are_silent),
		cmocka_unit_test(a_granted_check_without_audit_is_no_use),
		cmocka_unit_test(a_denied_sys_admin_is_told_where_the_hook_can),
		cmocka_unit_test(what_is_wanted_in_earnest_is_told),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
