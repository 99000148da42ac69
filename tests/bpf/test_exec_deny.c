// SPDX-License-Identifier: Apache-2.0
/* What a rule denies is refused, or killed where argv alone tells or nothing can refuse. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "kernel/tables.h"

#include "execs.h"
#include "world.h"

static void all_deny(struct policy *policy)
{
	policy->root_action = ACTION_DENY;
	policy->shell_action = ACTION_DENY;
	policy->admin_panel_action = ACTION_DENY;
}

static const struct world_options options = { .policy = all_deny };

/* What the caller gets, and what is told of it. */
static void refused(const struct world *w, size_t report, unsigned rule, size_t n)
{
	const enum evmon_hook hook = w->kernel->coverage.rows[COVERAGE_EXEC_DENY].hooks[0];
	const struct event *e = world_event(w, rule, n);
	bool kills = hook == EVMON_HOOK_TP_EXEC;

	assert_int_equal(w->reports[report].result, kills ? EXECS_KILLED + SIGKILL : EPERM);
	assert_non_null(e);
	assert_int_equal(e->hook, hook);
	assert_int_equal(e->verdict, kills ? EVMON_VERDICT_KILLED : EVMON_VERDICT_DENIED);
	assert_false(e->asked_deny || e->standing);
}

static void root_out_of_a_module_is_refused(void **state)
{
	const char *path, *unknown;
	const struct event *e;
	struct world_sum sum;
	struct statvfs fs;
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_EXEC_DENY);
	path = world_path(&w, "gains");
	unknown = world_path(&w, "unknown");
	assert_true(chmod(path, 04755) == 0 && stat(path, &st) == 0 && statvfs(path, &fs) == 0);
	if (fs.f_flag & ST_NOSUID) {
		world_close(&w);
		skip();
	}
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", path, "su", "run", "path",
		  unknown, "x", "run", "fd", path, "su", "run", "thread", path, "su");
	assert_int_equal(w.n_reports, 4);
	refused(&w, 0, EVMON_RULE_EXEC_ROOT, 0);
	assert_int_equal(w.reports[1].result, 0);
	assert_int_not_equal(w.reports[2].result, 0);
	assert_int_not_equal(w.reports[3].result, 0);
	sum = world_sum(&w, EVMON_RULE_EXEC_ROOT);
	assert_int_equal(sum.count, 3);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(sum.key.object.exec.ino, st.st_ino);
	assert_int_equal(sum.key.object.exec.dev, file_kernel_dev(st.st_dev));
	assert_int_equal(sum.key.object.exec.how, EVMON_EXEC_SETUID);
	assert_int_equal(world_counts(&w).standing, 0);
	e = world_event(&w, EVMON_RULE_EXEC_ROOT, 0);
	assert_string_equal(e->exec.file, path);
	assert_int_equal(e->exec.ino, st.st_ino);
	assert_int_equal(e->exec.uid, WORLD_UID);
	assert_int_equal(e->exec.euid, 0);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	world_close(&w);
}

/* Each attempt counts: what is refused does not stand. */
static void a_module_is_not_started_as_root(void **state)
{
	const char *alpha, *manager;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_EXEC_DENY);
	alpha = world_path(&w, "modules/Alpha/Alpha");
	manager = world_path(&w, "manager");
	WORLD_RUN(&w, "manager", "manager", "run", "path", alpha, "one:Alpha", "run", "path", alpha,
		  "one:Alpha", "run", "path", manager, "manager");
	assert_int_equal(w.n_reports, 3);
	refused(&w, 0, EVMON_RULE_EXEC_ROOT, 0);
	assert_int_not_equal(w.reports[1].result, 0);
	assert_int_equal(w.reports[2].result, 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).count, 2);
	assert_int_equal(world_counts(&w).standing, 0);
	assert_int_equal(world_event(&w, EVMON_RULE_EXEC_ROOT, 0)->process.class, WORLD_ALPHA);
	/* Outside the tree nobody is refused anything. */
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "x", "run", "path", world_path(&w, "unknown"), "x");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ROOT).count, 2);
	world_close(&w);
}

static void a_shell_is_refused(void **state)
{
	const char *busybox;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_EXEC_DENY);
	busybox = world_path(&w, "busybox");
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", world_path(&w, "dash"),
		  "x", "run", "path", world_path(&w, "unknown"), "sh", "run", "path", busybox, "ls",
		  "run", "path", busybox, "sh");
	refused(&w, 0, EVMON_RULE_EXEC_SHELL, 0);
	assert_int_equal(w.reports[1].result, 0);
	assert_int_equal(w.reports[2].result, 0);
	assert_int_equal(w.reports[3].result, EXECS_KILLED + SIGKILL);
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_SHELL).count, 2);
	assert_int_equal(world_event(&w, EVMON_RULE_EXEC_SHELL, 1)->verdict, EVMON_VERDICT_KILLED);
	world_close(&w);
}

static void the_admin_panel_is_refused(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_EXEC_DENY);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "unknown", "x", "run", "path", world_path(&w, "controller"), "panel", "run",
		  "path", world_path(&w, "unknown"), "MT.EVEREST", "run", "path",
		  world_path(&w, "controllers"), "x");
	refused(&w, 0, EVMON_RULE_EXEC_ADMIN_PANEL, 0);
	assert_int_equal(w.reports[1].result, EXECS_KILLED + SIGKILL);
	assert_int_equal(w.reports[2].result, 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_ADMIN_PANEL).count, 2);
	world_close(&w);
}

static void whoever_traces_refuses_nothing(void **state)
{
	static const struct world_options tracing = { .kernel = { .tracing = true },
						      .policy = all_deny };
	struct world w;

	(void)state;
	world_open(&w, &tracing);
	world_needs(&w, COVERAGE_EXEC);
	WORLD_RUN(&w, "manager", "manager", "run", "path", world_path(&w, "modules/Alpha/Alpha"),
		  "one:Alpha", "run", "path", world_path(&w, "controller"), "x");
	assert_int_equal(w.reports[0].result, 0);
	assert_int_equal(w.reports[1].result, 0);
	assert_int_equal(world_event(&w, EVMON_RULE_EXEC_ROOT, 0)->verdict, EVMON_VERDICT_ALERT);
	assert_false(world_event(&w, EVMON_RULE_EXEC_ROOT, 0)->asked_deny);
	world_close(&w);
}

static void tracing_shows_what_another_refuses(void **state)
{
	static const struct world_options tracing = { .kernel = { .tracing = true },
						      .policy = all_deny };
	struct world daemon, w;
	const struct event *e;
	const char *path;
	struct statvfs fs;

	(void)state;
	world_open(&daemon, &options);
	world_needs(&daemon, COVERAGE_EXEC_DENY);
	world_open(&w, &tracing);
	path = world_path(&w, "gains");
	assert_true(chmod(path, 04755) == 0 && statvfs(path, &fs) == 0);
	if (fs.f_flag & ST_NOSUID || !w.kernel->coverage.rows[COVERAGE_EXEC_DENY].n_hooks) {
		world_close(&w);
		world_close(&daemon);
		skip();
	}
	w.uid = WORLD_UID;
	tables_spawner(daemon.kernel, getpid(), EVMON_CLASS_MANAGER);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", path, "su");
	tables_spawner(daemon.kernel, 0, EVMON_CLASS_HOST);
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(world_sum(&daemon, EVMON_RULE_EXEC_ROOT).count, 1);
	assert_int_equal(world_events(&w, EVMON_RULE_EXEC_ROOT), 1);
	e = world_event(&w, EVMON_RULE_EXEC_ROOT, 0);
	assert_int_equal(e->verdict, EVMON_VERDICT_DENIED);
	assert_int_equal(e->hook, EVMON_HOOK_FEXIT_BPRM_CREDS);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_string_equal(e->exec.file, path);
	assert_false(e->asked_deny);
	world_close(&w);
	world_close(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_out_of_a_module_is_refused),
		cmocka_unit_test(a_module_is_not_started_as_root),
		cmocka_unit_test(a_shell_is_refused),
		cmocka_unit_test(the_admin_panel_is_refused),
		cmocka_unit_test(whoever_traces_refuses_nothing),
		cmocka_unit_test(tracing_shows_what_another_refuses),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
