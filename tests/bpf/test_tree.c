// SPDX-License-Identifier: Apache-2.0
/* Who is in the tree, as which class and instance, whatever way it forks and executes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "kernel/tables.h"

#include "world.h"

#define PORT "40000"

static void any_bind(struct policy *policy)
{
	world_rule(policy, "bind.unexpected", WORLD_PORT, WORLD_PORT + 99, ACTION_ALERT)->subjects =
		1u << EVMON_SUBJECT_EVEREST | 1u << EVMON_SUBJECT_BROKER;
}

static const struct world_options options = { .policy = any_bind };

/* The event of the one bind that there was, of the class, made by the actor that reported last. */
static const struct event *bound_as(struct world *w, unsigned class)
{
	const struct event *e = world_event(w, EVMON_RULE_BIND_UNEXPECTED, 0);
	const struct actor_report *r = &w->reports[w->n_reports - 1];

	assert_non_null(e);
	assert_int_equal(world_events(w, EVMON_RULE_BIND_UNEXPECTED), 1);
	assert_int_equal(r->result, 0);
	assert_int_equal(e->process.class, class);
	assert_int_equal(e->process.pid, r->tgid);
	assert_int_equal(e->process.tid, r->tid);
	assert_int_equal(e->process.ppid, r->ppid);
	return e;
}

/* Alpha goes on as the words say and then binds. */
#define CLASS_AFTER(class, ...)                                                              \
	do {                                                                                 \
		struct world w;                                                              \
		world_open(&w, &options);                                                    \
		WORLD_RUN(&w, "modules/Alpha/Alpha", "a1:Alpha", __VA_ARGS__, "bind", "udp", \
			  "127.0.0.1", PORT);                                                \
		assert_string_equal(bound_as(&w, class)->process.args, "a1:Alpha");          \
		world_close(&w);                                                             \
	} while (0)

static void a_forked_child_has_its_parents_class(void **state)
{
	(void)state;
	CLASS_AFTER(WORLD_ALPHA, "fork", "fork");
}

static void a_vforked_child_has_its_parents_class(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a1:Alpha", "vfork", world_path(&w, "unknown"), "sh",
		  "bind", "udp", "127.0.0.1", PORT);
	assert_string_equal(bound_as(&w, WORLD_ALPHA)->process.args, "sh");
	world_close(&w);
}

static void a_child_of_ones_parent_has_ones_class(void **state)
{
	(void)state;
	CLASS_AFTER(WORLD_ALPHA, "sibling");
}

static void an_orphan_keeps_its_class(void **state)
{
	(void)state;
	CLASS_AFTER(WORLD_ALPHA, "orphan", "orphan");
}

static void a_thread_acts_for_its_group(void **state)
{
	struct world w;
	const struct event *e;

	(void)state;
	world_open(&w, &options);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a1:Alpha", "thread", "bind", "udp", "127.0.0.1",
		  PORT);
	e = bound_as(&w, WORLD_ALPHA);
	assert_int_not_equal(e->process.tid, e->process.pid);
	world_close(&w);
}

static void a_group_lives_on_without_its_leader(void **state)
{
	struct world w;
	struct evmon_task task;

	(void)state;
	world_open(&w, &options);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a1:Alpha", "headless", "fork", "bind", "udp",
		  "127.0.0.1", PORT);
	bound_as(&w, WORLD_ALPHA);
	assert_false(world_task(&w, w.pid, &task));
	world_close(&w);
}

static void an_exec_from_a_thread_is_its_groups(void **state)
{
	struct world w;
	const struct event *e;

	(void)state;
	world_open(&w, &options);
	WORLD_RUN(&w, "unknown", "sh", "thread", "exec", world_path(&w, "modules/Alpha/Alpha"),
		  "a1:Alpha", "bind", "udp", "127.0.0.1", PORT);
	e = bound_as(&w, WORLD_ALPHA);
	assert_int_equal(e->process.pid, w.pid);
	assert_int_equal(e->process.tid, w.pid);
	/* Those that joined: the manager's child as other, then as Alpha. */
	e = world_event(&w, EVMON_RULE_NONE, 1);
	assert_non_null(e);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_int_equal(e->process.pid, w.pid);
	assert_true(e->joined);
	world_close(&w);
}

static void a_modules_class_is_kept_whatever_is_executed(void **state)
{
	static const char *const files[] = { "unknown", "modules/Beta/Beta", "manager", "broker" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct world w;

		world_open(&w, &options);
		WORLD_RUN(&w, "modules/Alpha/Alpha", "a1:Alpha", "fork", "exec",
			  world_path(&w, files[i]), "b1:Beta", "bind", "udp", "127.0.0.1", PORT);
		assert_string_equal(bound_as(&w, WORLD_ALPHA)->process.args, "b1:Beta");
		world_close(&w);
	}
}

static void an_unknown_child_of_the_manager_is_other(void **state)
{
	struct world w;
	const struct event *e;

	(void)state;
	world_open(&w, &options);
	WORLD_RUN(&w, "unknown", "sh", "bind", "udp", "127.0.0.1", PORT);
	e = bound_as(&w, EVMON_CLASS_OTHER);
	assert_int_equal(e->process.slot, EVMON_CLASS_OTHER);
	assert_int_equal(e->process.subject, EVMON_SUBJECT_EVEREST);
	world_close(&w);
}

static void a_child_of_other_becomes_a_module_by_its_file(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	WORLD_RUN(&w, "unknown", "sh", "fork", "exec", world_path(&w, "modules/Beta/Beta"),
		  "b:Beta", "bind", "udp", "127.0.0.1", PORT);
	bound_as(&w, WORLD_BETA);
	world_close(&w);
}

static void a_modules_file_run_outside_the_tree_is_that_module(void **state)
{
	struct world w;
	const struct event *e;

	(void)state;
	world_open(&w, &options);
	w.evicted = true;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a1:Alpha", "bind", "udp", "127.0.0.1", PORT);
	e = bound_as(&w, WORLD_ALPHA);
	assert_int_equal(e->process.subject, EVMON_SUBJECT_EVEREST);
	assert_true(e->process.slot >= EVMON_SLOT_MODULE);
	world_close(&w);
}

static void the_managers_file_makes_a_manager_of_anybody(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	w.evicted = true;
	WORLD_RUN(&w, "manager", "manager", "fork", "bind", "udp", "127.0.0.1", PORT);
	bound_as(&w, EVMON_CLASS_MANAGER);
	world_close(&w);
}

static void the_brokers_child_is_host_once_it_executes(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	w.evicted = true;
	WORLD_RUN(&w, "broker", "mosquitto", "fork", "bind", "udp", "127.0.0.1", PORT);
	assert_int_equal(bound_as(&w, EVMON_CLASS_BROKER)->process.subject, EVMON_SUBJECT_BROKER);
	WORLD_RUN(&w, "broker", "mosquitto", "exec", world_path(&w, "unknown"), "sh", "bind", "udp",
		  "127.0.0.1", "40001");
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 1);
	world_close(&w);
}

static void who_was_never_in_a_tree_is_host(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "a1:Alpha", "fork", "bind", "udp", "127.0.0.1", PORT);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 0);
	assert_int_equal(w.n_events, 0);
	world_close(&w);
}

/* The task map's entry of another, who had the same tgid before. */
static void an_entry_of_a_former_owner_of_the_tgid_means_nothing(void **state)
{
	struct world w;
	struct evmon_task stale = { .start_ns = 1,
				    .class = WORLD_ALPHA,
				    .slot = EVMON_SLOT_MODULE,
				    .subject = EVMON_SUBJECT_EVEREST };
	uint32_t tgid;

	(void)state;
	world_open(&w, &options);
	w.evicted = true;
	world_start(&w, "unknown",
		    (const char *const[]){ "x", "wait", "bind", "udp", "127.0.0.1", PORT, "fork",
					   "bind", "udp", "127.0.0.1", "40001", NULL });
	assert_non_null(world_hear(&w));
	tgid = (uint32_t)w.pid;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(w.kernel->skeleton->maps.evmon_tasks),
					     &tgid, &stale, BPF_ANY),
			 0);
	world_go_on(&w);
	world_wait(&w);
	assert_int_equal(w.reports[1].result, 0);
	assert_int_equal(w.reports[2].result, 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 0);
	world_close(&w);
}

static void a_task_is_forgotten_when_it_ends(void **state)
{
	struct world w;
	struct evmon_task task;

	(void)state;
	world_open(&w, &options);
	world_start(&w, "modules/Alpha/Alpha", (const char *const[]){ "a1:Alpha", "wait", NULL });
	assert_non_null(world_hear(&w));
	assert_true(world_task(&w, w.pid, &task));
	assert_int_equal(task.class, WORLD_ALPHA);
	world_go_on(&w);
	world_wait(&w);
	assert_false(world_task(&w, w.pid, &task));
	world_close(&w);
}

static unsigned slot_of_run(struct world *w, const char *file, const char *argv0)
{
	size_t before = world_events(w, EVMON_RULE_NONE);
	const struct event *e;

	WORLD_RUN(w, file, argv0);
	e = world_event(w, EVMON_RULE_NONE, before);
	assert_non_null(e);
	return e->process.slot;
}

static void an_instance_has_its_slot_by_class_and_name(void **state)
{
	struct world w;
	unsigned a1, a2, class = 0;
	char name[TABLES_NAME_MAX];

	(void)state;
	world_open(&w, &options);
	a1 = slot_of_run(&w, "modules/Alpha/Alpha", "one:Alpha");
	a2 = slot_of_run(&w, "modules/Alpha/Alpha", "two:Alpha");
	assert_true(a1 >= EVMON_SLOT_MODULE && a2 >= EVMON_SLOT_MODULE);
	assert_int_not_equal(a1, a2);
	assert_int_not_equal(slot_of_run(&w, "modules/Beta/Beta", "one:Alpha"), a1);
	/* It restarts. */
	assert_int_equal(slot_of_run(&w, "modules/Alpha/Alpha", "one:Alpha"), a1);
	assert_int_equal(tables_slot(w.kernel, a2, &class, name), 0);
	assert_int_equal(class, WORLD_ALPHA);
	assert_string_equal(name, "two:Alpha");
	world_close(&w);
}

static void without_free_slots_an_instance_shares_that_of_other(void **state)
{
	struct world w;
	uint32_t slot;
	int queue;

	(void)state;
	world_open(&w, &options);
	queue = bpf_map__fd(w.kernel->skeleton->maps.evmon_free_slots);
	for (unsigned i = EVMON_SLOT_MODULE; i < EVMON_SLOTS; i++) {
		assert_int_equal(bpf_map_lookup_and_delete_elem(queue, NULL, &slot), 0);
		assert_int_equal(slot, i);
	}
	assert_int_equal(slot_of_run(&w, "modules/Alpha/Alpha", "one:Alpha"), EVMON_CLASS_OTHER);
	assert_int_equal(world_counts(&w).slots_full, 1);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "bind", "udp", "127.0.0.1", PORT);
	bound_as(&w, WORLD_ALPHA);
	world_close(&w);
}

static void a_second_policy_gives_no_slot_twice(void **state)
{
	struct world w;
	unsigned first;

	(void)state;
	world_open(&w, &options);
	first = slot_of_run(&w, "modules/Alpha/Alpha", "one:Alpha");
	world_policy(&w);
	for (unsigned i = 1; i < 6; i++) {
		char name[] = { (char)('a' + i), ':', 'A', '\0' };

		assert_int_not_equal(slot_of_run(&w, "modules/Alpha/Alpha", name), first);
	}
	world_close(&w);
}

static void a_file_that_took_a_modules_place_takes_its_class_and_no_other(void **state)
{
	struct world w;
	char *path, *other;
	struct stat old, new;

	(void)state;
	world_open(&w, &options);
	path = world_path(&w, "modules/Alpha/Alpha");
	other = world_path(&w, "was-alpha");
	assert_int_equal(stat(path, &old), 0);
	/* An update: the path has a new file, the old one's inode serves something else. */
	assert_int_equal(rename(path, other), 0);
	path = world_path(&w, "modules/Alpha/Alpha");
	assert_int_equal(stat(path, &new), 0);
	assert_int_not_equal(old.st_ino, new.st_ino);
	assert_int_equal(tables_exe(w.kernel, path, WORLD_ALPHA, false), 0);
	w.evicted = true;
	WORLD_RUN(&w, "was-alpha", "a1:Alpha", "bind", "udp", "127.0.0.1", PORT);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 0);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a1:Alpha", "bind", "udp", "127.0.0.1", PORT);
	bound_as(&w, WORLD_ALPHA);
	world_close(&w);
}

static void a_file_below_modules_dir_is_pending_until_it_is_named(void **state)
{
	struct world w;
	struct tables_task named = { .class = WORLD_BETA + 1 };
	struct evmon_task task;
	unsigned slot = 0;

	(void)state;
	world_open(&w, &options);
	world_path(&w, "modules/Gamma/Gamma");
	assert_int_equal(tables_modules_dir(w.kernel, world_path(&w, "modules")), 0);
	w.evicted = true;
	world_start(&w, "modules/Gamma/Gamma",
		    (const char *const[]){ "g:Gamma", "wait", "bind", "udp", "127.0.0.1", PORT,
					   NULL });
	assert_non_null(world_hear(&w));
	assert_true(world_task(&w, w.pid, &task));
	assert_int_equal(task.class, EVMON_CLASS_PENDING);
	named.tgid = (uint32_t)w.pid;
	named.start_ns = task.start_ns + 1;
	assert_int_equal(tables_task_class(w.kernel, &named, "g:Gamma", &slot, NULL), -ESRCH);
	named.start_ns = task.start_ns;
	assert_int_equal(tables_task_class(w.kernel, &named, "g:Gamma", &slot, NULL), 0);
	world_go_on(&w);
	world_wait(&w);
	assert_int_equal(bound_as(&w, WORLD_BETA + 1)->process.slot, slot);
	world_close(&w);
}

static void a_policy_in_force_is_changed_by_nobody(void **state)
{
	_cleanup_(freep) struct evmon_policy *table = calloc(1, sizeof(*table));
	uint32_t zero = 0;
	struct world w;

	(void)state;
	assert_non_null(table);
	world_open(&w, &options);
	assert_int_equal(bpf_map_lookup_elem(w.kernel->policy_fd, &zero, table), 0);
	assert_int_equal(table->window_ns, w.policy->window_ns);
	assert_int_equal(bpf_map_update_elem(w.kernel->policy_fd, &zero, table, BPF_ANY), -EPERM);
	/* Another takes its place. */
	w.policy->window_ns++;
	world_policy(&w);
	assert_int_equal(bpf_map_lookup_elem(w.kernel->policy_fd, &zero, table), 0);
	assert_int_equal(table->window_ns, w.policy->window_ns);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forked_child_has_its_parents_class),
		cmocka_unit_test(a_vforked_child_has_its_parents_class),
		cmocka_unit_test(a_child_of_ones_parent_has_ones_class),
		cmocka_unit_test(an_orphan_keeps_its_class),
		cmocka_unit_test(a_thread_acts_for_its_group),
		cmocka_unit_test(a_group_lives_on_without_its_leader),
		cmocka_unit_test(an_exec_from_a_thread_is_its_groups),
		cmocka_unit_test(a_modules_class_is_kept_whatever_is_executed),
		cmocka_unit_test(an_unknown_child_of_the_manager_is_other),
		cmocka_unit_test(a_child_of_other_becomes_a_module_by_its_file),
		cmocka_unit_test(a_modules_file_run_outside_the_tree_is_that_module),
		cmocka_unit_test(the_managers_file_makes_a_manager_of_anybody),
		cmocka_unit_test(the_brokers_child_is_host_once_it_executes),
		cmocka_unit_test(who_was_never_in_a_tree_is_host),
		cmocka_unit_test(an_entry_of_a_former_owner_of_the_tgid_means_nothing),
		cmocka_unit_test(a_task_is_forgotten_when_it_ends),
		cmocka_unit_test(an_instance_has_its_slot_by_class_and_name),
		cmocka_unit_test(without_free_slots_an_instance_shares_that_of_other),
		cmocka_unit_test(a_second_policy_gives_no_slot_twice),
		cmocka_unit_test(a_file_that_took_a_modules_place_takes_its_class_and_no_other),
		cmocka_unit_test(a_policy_in_force_is_changed_by_nobody),
		cmocka_unit_test(a_file_below_modules_dir_is_pending_until_it_is_named),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
