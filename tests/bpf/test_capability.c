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

struct kind {
	unsigned rule, number;
	enum evmon_capability_kind kind;
	enum evmon_hook hook;
	uint64_t count;
};

/* The only event of its rule, of the module Beta: each member of record, key and tally. */
static void kind_is(const struct world *w, const struct kind *kind)
{
	const struct event *e = world_event(w, kind->rule, 0);
	const struct evmon_capability_object *object;
	const struct evmon_actor *a;
	struct world_sum sum = world_sum(w, kind->rule);

	assert_int_equal(world_events(w, kind->rule), 1);
	assert_int_equal(sum.count, kind->count);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(e->sensor, EVMON_SENSOR_CAPABILITY);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->hook, kind->hook);
	assert_false(e->asked_deny || e->joined || e->standing);
	assert_int_equal(e->capability.number, kind->number);
	assert_int_equal(e->capability.kind, kind->kind);
	assert_int_equal(e->capability.userns, 0);
	assert_false(e->capability.on_behalf);
	assert_int_equal(e->process.pid, w->reports[0].tgid);
	assert_int_equal(e->process.ppid, w->reports[0].ppid);
	assert_int_equal(e->process.subject, EVMON_SUBJECT_EVEREST);
	assert_int_equal(e->process.class, WORLD_BETA);
	assert_int_equal(e->process.uid, WORLD_UID);
	assert_int_equal(e->process.euid, WORLD_UID);
	assert_string_equal(e->process.args, "two:Beta");
	object = &sum.key.object.capability;
	assert_int_equal(sum.key.verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(sum.key.sensor, EVMON_SENSOR_CAPABILITY);
	assert_int_equal(sum.key.slot, e->process.slot);
	assert_int_equal(object->number, kind->number);
	assert_int_equal(object->kind, kind->kind);
	assert_int_equal(object->userns, 0);
	a = &sum.tally.actor;
	assert_int_equal(a->seal, evmon_actor_seal(a));
	assert_int_equal(a->tgid, w->reports[0].tgid);
	assert_int_equal(a->start_ns, e->process.start_ns);
	assert_int_equal(a->uid, WORLD_UID);
	assert_int_equal(a->class, WORLD_BETA);
	assert_int_equal(a->exe_ino, e->process.exe_ino);
	assert_int_equal(a->exe_dev, e->process.exe_dev);
}

static enum evmon_hook hook_of(const struct world *w)
{
	return w->kernel->coverage.rows[COVERAGE_CAPABILITY].hooks[0];
}

static void use_beyond_the_list_is_told(void **state)
{
	struct world w;

	(void)state;
	open_as(&w, BIT(SYS_CHROOT));
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "chroot");
	assert_int_equal(w.reports[0].result, 0);
	kind_is(&w, &(struct kind){ EVMON_RULE_CAPABILITY_USED, CAP_SYS_CHROOT,
				    EVMON_CAPABILITY_USED, hook_of(&w), 2 });
	/* It holds it beyond its list as well: once, at its exec, and no surplus of EVerest's. */
	kind_is(&w, &(struct kind){ EVMON_RULE_CAPABILITY_HELD, CAP_SYS_CHROOT,
				    EVMON_CAPABILITY_HELD, EVMON_HOOK_TP_EXEC, 1 });
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 0);
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
	struct world w;

	(void)state;
	open_as(&w, 0);
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "chroot", "chroot", "chroot");
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_USED), 0);
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_HELD), 0);
	kind_is(&w, &(struct kind){ EVMON_RULE_CAPABILITY_DENIED, CAP_SYS_CHROOT,
				    EVMON_CAPABILITY_DENIED, hook_of(&w), 3 });
	/* What the list grants and the task lacks is denied by the kernel and no finding. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "any:Alpha", "chroot");
	assert_int_equal(count_of(&w, EVMON_RULE_CAPABILITY_DENIED), 3);
	world_close(&w);
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
