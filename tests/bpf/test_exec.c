// SPDX-License-Identifier: Apache-2.0
/* Root inside the tree, and the admin panel. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "kernel/tables.h"

#include "world.h"

static void a_root_module_is_one_finding_whatever_it_runs(void **state)
{
	const struct event *e;
	struct world_sum sum;
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	assert_int_equal(stat(world_path(&w, "modules/Alpha/Alpha"), &st), 0);
	for (int i = 0; i < 3; i++)
		WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "fork", "exec",
			  world_path(&w, "unknown"), "sh", "bind", "udp", "127.0.0.1", "40000");
	sum = world_sum(&w, EVMON_RULE_EXEC_ROOT);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(sum.key.object.exec.ino, st.st_ino);
	assert_int_equal(sum.key.object.exec.dev, file_kernel_dev(st.st_dev));
	assert_int_equal(sum.tally.actor.uid, 0);
	/* Two restarts, three descendants. */
	assert_int_equal(world_counts(&w).standing, 5);
	assert_int_equal(world_events(&w, EVMON_RULE_EXEC_ROOT), 1);
	e = world_event(&w, EVMON_RULE_EXEC_ROOT, 0);
	assert_true(e->standing && e->joined);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	/* Another instance is another finding. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "two:Alpha");
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).count, 2);
	world_close(&w);
}

/* As a ping or su that a module calls: set-uid root, run by a module that is not. */
static void root_that_comes_out_of_a_module_counts_each_time(void **state)
{
	const struct event *e;
	const char *path;
	struct world_sum sum;
	struct statvfs fs;
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	path = world_path(&w, "gains");
	assert_true(chmod(path, 04755) == 0 && stat(path, &st) == 0 && statvfs(path, &fs) == 0);
	if (fs.f_flag & ST_NOSUID) {
		world_close(&w);
		skip();
	}
	w.uid = WORLD_UID;
	for (int i = 0; i < 3; i++)
		WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "fork", "exec", path, "ping",
			  "bind", "udp", "127.0.0.1", "40000");
	sum = world_sum(&w, EVMON_RULE_EXEC_ROOT);
	assert_int_equal(sum.count, 3);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(sum.key.object.exec.ino, st.st_ino);
	assert_int_equal(world_counts(&w).standing, 0);
	assert_int_equal(world_events(&w, EVMON_RULE_EXEC_ROOT), 1);
	e = world_event(&w, EVMON_RULE_EXEC_ROOT, 0);
	assert_int_equal(e->sensor, EVMON_SENSOR_EXEC);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->hook, EVMON_HOOK_TP_EXEC);
	assert_int_equal(e->exec.ino, st.st_ino);
	assert_int_equal(e->exec.dev, file_kernel_dev(st.st_dev));
	assert_int_equal(e->exec.uid, WORLD_UID);
	assert_int_equal(e->exec.euid, 0);
	assert_int_equal(e->exec.how, EVMON_EXEC_SETUID);
	assert_string_equal(e->exec.file, path);
	assert_false(e->exec.deleted || e->standing || e->joined);
	assert_string_equal(e->process.exe, path);
	assert_string_equal(e->process.args, "ping");
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_int_equal(e->process.euid, 0);
	world_close(&w);
}

static void root_that_is_no_module_counts_each_time(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	WORLD_RUN(&w, "unknown", "sh", "fork", "exec", world_path(&w, "unknown"), "sh");
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).count, 2);
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).key.slot, EVMON_CLASS_OTHER);
	world_close(&w);
}

static void who_may_be_root_is_silent(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	WORLD_RUN(&w, "manager", "manager", "fork", "exec", world_path(&w, "manager"), "manager");
	assert_int_equal(tables_exe(w.kernel, world_path(&w, "helper"), EVMON_CLASS_HOST, true), 0);
	WORLD_RUN(&w, "helper", "helper");
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha");
	WORLD_RUN(&w, "unknown", "sh");
	w.uid = 0;
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "sh");
	WORLD_RUN(&w, "broker", "mosquitto");
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).count, 0);
	assert_int_equal(world_counts(&w).standing, 0);
	world_close(&w);
}

static void a_right_to_be_root_goes_with_the_file(void **state)
{
	const char *path;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	path = world_path(&w, "helper");
	assert_int_equal(tables_exe(w.kernel, path, EVMON_CLASS_HOST, true), 0);
	assert_int_equal(rename(path, world_path(&w, "moved")), 0);
	world_path(&w, "helper");
	assert_int_equal(tables_exe(w.kernel, path, EVMON_CLASS_HOST, true), 0);
	WORLD_RUN(&w, "helper", "helper");
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).count, 0);
	WORLD_RUN(&w, "moved", "helper");
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).count, 1);
	world_close(&w);
}

static void the_admin_panel_is_told_by_file_and_by_name(void **state)
{
	const struct event *e;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "controller", "panel");
	WORLD_RUN(&w, "unknown", "MT.EVEREST");
	WORLD_RUN(&w, "unknown", "MT.EVEREST2");
	WORLD_RUN(&w, "unknown", "MT.EVERES");
	WORLD_RUN(&w, "controllers", "panel");
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ADMIN_PANEL).count, 2);
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ADMIN_PANEL).keys, 2);
	e = world_event(&w, EVMON_RULE_EXEC_ADMIN_PANEL, 0);
	assert_string_equal(e->exec.file, world_path(&w, "controller"));
	assert_string_equal(world_event(&w, EVMON_RULE_EXEC_ADMIN_PANEL, 1)->process.args,
			    "MT.EVEREST");
	/* Outside the tree it is nobody's business. */
	w.evicted = true;
	WORLD_RUN(&w, "controller", "MT.EVEREST");
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ADMIN_PANEL).count, 2);
	world_close(&w);
}

static void who_joins_is_told(void **state)
{
	const struct event *e;
	struct world w;
	struct stat mntns;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	w.uid = WORLD_UID;
	assert_int_equal(stat("/proc/self/ns/mnt", &mntns), 0);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "fork", "exec",
		  world_path(&w, "modules/Alpha/Alpha"), "x");
	/* The exec of a task that keeps its class is told only while tracing. */
	assert_int_equal(w.n_events, 1);
	e = world_event(&w, EVMON_RULE_NONE, 0);
	assert_non_null(e);
	assert_true(e->joined);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALLOW);
	assert_int_equal(e->sensor, EVMON_SENSOR_EXEC);
	assert_int_equal(e->process.pid, w.pid);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_int_equal(e->exec.mntns, mntns.st_ino);
	assert_int_equal(e->exec.uid, WORLD_UID);
	assert_int_equal(e->exec.euid, WORLD_UID);
	assert_int_equal(e->exec.how, EVMON_EXEC_EXEC);
	assert_string_equal(e->exec.file, world_path(&w, "modules/Alpha/Alpha"));
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_module_is_one_finding_whatever_it_runs),
		cmocka_unit_test(root_that_comes_out_of_a_module_counts_each_time),
		cmocka_unit_test(root_that_is_no_module_counts_each_time),
		cmocka_unit_test(who_may_be_root_is_silent),
		cmocka_unit_test(a_right_to_be_root_goes_with_the_file),
		cmocka_unit_test(the_admin_panel_is_told_by_file_and_by_name),
		cmocka_unit_test(who_joins_is_told),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
