// SPDX-License-Identifier: Apache-2.0
/*
 * The task map is full: who finds no room is of the tree as long as his cgroup says so, and has an
 * entry again once there is room. The map is filled with tgids that no process can have.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "kernel/cgroup.h"
#include "kernel/snapshot.h"
#include "kernel/tables.h"

#include "world.h"

#define PORT	   "40000"
#define FIRST_TGID 0x40000000U /* beyond PID_MAX_LIMIT */

static void any_bind(struct policy *policy)
{
	world_rule(policy, "bind.unexpected", WORLD_PORT, WORLD_PORT + 99, ACTION_ALERT)->subjects =
		1u << EVMON_SUBJECT_EVEREST;
}

static const struct world_options options = { .policy = any_bind };

static int tasks_fd(const struct world *w)
{
	return bpf_map__fd(w->kernel->skeleton->maps.evmon_tasks);
}

static void tasks_fill(const struct world *w)
{
	struct evmon_task nobody = { .start_ns = 1 };
	uint32_t tgid = FIRST_TGID;

	while (bpf_map_update_elem(tasks_fd(w), &tgid, &nobody, BPF_NOEXIST) == 0)
		tgid++;
	assert_int_equal(errno, E2BIG);
	assert_in_range(tgid, FIRST_TGID + EVMON_TASKS - 64, FIRST_TGID + EVMON_TASKS);
}

static void tasks_make_room(const struct world *w)
{
	uint32_t tgid = FIRST_TGID;

	while (bpf_map_delete_elem(tasks_fd(w), &tgid) == 0)
		tgid++;
}

/* The unit's cgroup is that of the test, and so of all actors. */
static void unit_here(struct world *w)
{
	struct evmon_settings *settings = w->kernel->skeleton->settings;
	_cleanup_(closep) int root = -1;
	unsigned level;
	uint64_t id;
	char path[64];

	if (cgroup_root_open(&root) < 0) {
		world_close(w);
		skip();
	}
	snprintf(path, sizeof(path), "/evmon-test-%d", (int)getpid());
	assert_int_equal(cgroup_id(root, path, &id, &level), 0);
	settings->unit_cgroup = id;
	settings->unit_level = level;
}

static int pass_over(const struct snapshot_task *task, void *userdata)
{
	(void)task;
	(void)userdata;
	return 0;
}

/* A module's deeds, its child's after another exec, where there is no room for it. */
static void run(struct world *w)
{
	WORLD_RUN(w, "modules/Alpha/Alpha", "a1:Alpha", "bind", "udp", "127.0.0.1", PORT, "fork",
		  "exec", world_path(w, "unknown"), "sh", "bind", "udp", "127.0.0.1", "40001");
	assert_int_equal(w->n_reports, 2);
	assert_int_equal(w->reports[0].result, 0);
	assert_int_equal(w->reports[1].result, 0);
}

static void who_finds_no_room_is_judged_by_his_cgroup(void **state)
{
	const struct event *e;
	struct evmon_task task;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	unit_here(&w);
	tasks_fill(&w);
	w.evicted = true;
	run(&w);
	assert_true(snapshot_is_due(w.kernel));
	assert_true(world_counts(&w).tasks_full == 1);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 2);
	for (size_t i = 0; i < 2; i++) {
		e = world_event(&w, EVMON_RULE_BIND_UNEXPECTED, i);
		assert_non_null(e);
		assert_int_equal(e->process.pid, w.reports[i].tgid);
		assert_int_equal(e->process.class, EVMON_CLASS_OTHER);
		assert_int_equal(e->process.slot, EVMON_CLASS_OTHER);
		assert_int_equal(e->process.subject, EVMON_SUBJECT_EVEREST);
		assert_string_equal(e->process.args, i ? "sh" : "a1:Alpha");
		assert_false(world_task(&w, (pid_t)e->process.pid, &task));
	}
	world_close(&w);
}

static void whose_cgroup_is_another_is_nobody(void **state)
{
	struct evmon_settings *settings;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	unit_here(&w);
	settings = w.kernel->skeleton->settings;
	settings->unit_cgroup += 1000000;
	tasks_fill(&w);
	w.evicted = true;
	run(&w);
	assert_true(snapshot_is_due(w.kernel));
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 0);
	world_close(&w);
}

static void a_cgroup_alone_is_nothing_while_there_is_room(void **state)
{
	struct world w;
	uint32_t tgid;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	unit_here(&w);
	w.evicted = true;
	/* Forked, and nothing executed that would make it a member. */
	world_start(&w, "broker",
		    (const char *const[]){ "m", "wait", "bind", "udp", "127.0.0.1", PORT, NULL });
	assert_non_null(world_hear(&w));
	tgid = (uint32_t)w.pid;
	bpf_map_delete_elem(tasks_fd(&w), &tgid);
	world_go_on(&w);
	world_wait(&w);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 0);
	world_close(&w);
}

static void a_snapshot_gives_all_their_entries_once_there_is_room(void **state)
{
	struct evmon_task task;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	world_needs(&w, COVERAGE_SNAPSHOT);
	unit_here(&w);
	tasks_fill(&w);
	w.evicted = true;
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "a1:Alpha", "wait", "bind", "udp", "127.0.0.1", PORT,
					   NULL });
	assert_non_null(world_hear(&w));
	assert_true(snapshot_is_due(w.kernel));
	/* Nothing is better yet. */
	assert_int_equal(snapshot_take(w.kernel, pass_over, NULL), 0);
	assert_true(snapshot_is_due(w.kernel));
	assert_false(world_task(&w, w.pid, &task));
	tasks_make_room(&w);
	assert_int_equal(snapshot_take(w.kernel, pass_over, NULL), 0);
	assert_false(snapshot_is_due(w.kernel));
	assert_true(world_task(&w, w.pid, &task));
	assert_int_equal(task.class, WORLD_ALPHA);
	world_go_on(&w);
	world_wait(&w);
	assert_int_equal(world_event(&w, EVMON_RULE_BIND_UNEXPECTED, 0)->process.class,
			 WORLD_ALPHA);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_finds_no_room_is_judged_by_his_cgroup),
		cmocka_unit_test(whose_cgroup_is_another_is_nobody),
		cmocka_unit_test(a_cgroup_alone_is_nothing_while_there_is_room),
		cmocka_unit_test(a_snapshot_gives_all_their_entries_once_there_is_room),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
