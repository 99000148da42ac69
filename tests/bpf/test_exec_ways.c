// SPDX-License-Identifier: Apache-2.0
/*
 * Each way to execute a file, and what no name lends. Beside each deed the same way for who may:
 * not root, a file that policy lets be root, no shell, out of the tree.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "kernel/tables.h"

#include "execs.h"
#include "told.h"
#include "world.h"

static uint64_t count(const struct world *w, unsigned rule)
{
	return world_sum(w, rule).count;
}

static void good(struct world *w, size_t n)
{
	assert_int_equal(w->n_reports, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(w->reports[i].result, 0);
}

/* The copy of the actor at that path, if it has gone. */
static void again(struct world *w, const char *path)
{
	if (access(path, F_OK) < 0)
		world_path(w, path + strlen(w->dir) + 1);
}

/* The deed's twins: the same way as another user, and outside the tree. */
static void twins_are_silent(struct world *w, const char *how, const char *path)
{
	uint64_t before = count(w, EVMON_RULE_EXEC_ROOT);

	WORLD_RUN(w, "manager", "manager", "uid", "1500", "run", how, path, "x");
	good(w, 1);
	again(w, path);
	w->evicted = true;
	WORLD_RUN(w, "unknown", "x", "run", how, path, "x");
	w->evicted = false;
	good(w, 1);
	assert_int_equal(count(w, EVMON_RULE_EXEC_ROOT), before);
}

struct way {
	const char *how, *file;
	bool deleted, by_fd, by_memory;
};

/* Root that is no module: counted once, with the file as it was given. */
static void one_way_is_one_exec(const struct way *way)
{
	const char *path;
	struct stat st;
	struct world w;

	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	assert_int_equal(chmod(w.dir, 0777), 0); /* whoever is not root unlinks there, too */
	path = world_path(&w, way->file);
	assert_int_equal(stat(path, &st), 0);
	WORLD_RUN(&w, "manager", "manager", "run", way->how, path, "x");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	assert_int_equal(world_events(&w, EVMON_RULE_EXEC_ROOT), 1);
	told_is(&w, &(struct told){ .rule = EVMON_RULE_EXEC_ROOT,
				    .file = way->by_fd ? NULL : path,
				    .exe = way->by_memory ? "/memfd:hidden" : path,
				    .st = way->by_memory ? NULL : &st,
				    .args = "x",
				    .deleted = way->deleted,
				    .joined = true,
				    .class = EVMON_CLASS_OTHER });
	again(&w, path);
	twins_are_silent(&w, way->how, path);
	/* What may be root is a file: its bytes in another one may not. */
	again(&w, path);
	assert_int_equal(tables_exe(w.kernel, path, EVMON_CLASS_HOST, true), 0);
	WORLD_RUN(&w, "manager", "manager", "run", way->how, path, "x");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), way->by_memory ? 2 : 1);
	world_close(&w);
}

static void each_way_is_one_exec(void **state)
{
	static const struct way ways[] = {
		{ .how = "path", .file = "a" },
		{ .how = "thread", .file = "b" },
		{ .how = "below", .file = "c", .by_fd = true },
		{ .how = "fd", .file = "d", .by_fd = true },
		{ .how = "gone", .file = "e", .by_fd = true, .deleted = true },
		{ .how = "memfd", .file = "f", .by_fd = true, .deleted = true, .by_memory = true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		one_way_is_one_exec(&ways[i]);
}

static char *script_make(struct world *w, const char *name, const char *interpreter)
{
	char *path = world_path(w, name), line[256];
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	snprintf(line, sizeof(line), "#!%s\n", interpreter);
	assert_true(fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line));
	close(fd);
	return path;
}

/* A script by path, by descriptor, and as another script's interpreter: what runs is told, and what
 * was given. What may be root is the interpreter; its script's right is nobody's. */
static void a_script_is_told_with_what_runs_it(void **state)
{
	static const struct {
		const char *how, *outer;
	} ways[] = { { "path", NULL }, { "fd", NULL }, { "path", "outer" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const char *runs, *job;
		struct stat st;
		struct world w;

		world_open(&w, NULL);
		world_needs(&w, COVERAGE_EXEC);
		runs = world_path(&w, "runs");
		job = script_make(&w, "job", runs);
		job = ways[i].outer ? script_make(&w, ways[i].outer, job) : job;
		assert_int_equal(stat(runs, &st), 0);
		assert_int_equal(tables_exe(w.kernel, job, EVMON_CLASS_HOST, true), 0);
		WORLD_RUN(&w, "manager", "manager", "run", ways[i].how, job, "x");
		good(&w, 1);
		assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
		told_is(&w, &(struct told){ .rule = EVMON_RULE_EXEC_ROOT,
					    .file = strcmp(ways[i].how, "fd") != 0 ? job : NULL,
					    .interpreter = runs,
					    .exe = runs,
					    .st = &st,
					    .args = runs,
					    .joined = true,
					    .class = EVMON_CLASS_OTHER });
		twins_are_silent(&w, ways[i].how, job);
		assert_int_equal(tables_exe(w.kernel, runs, EVMON_CLASS_HOST, true), 0);
		WORLD_RUN(&w, "manager", "manager", "run", ways[i].how, job, "x");
		good(&w, 1);
		assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
		world_close(&w);
	}
}

static void a_program_of_the_32_bit_abi_is_seen(void **state)
{
	char path[128];
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	assert_int_equal(chmod(w.dir, 0777), 0);
	snprintf(path, sizeof(path), "%s/small", w.dir);
	WORLD_RUN(&w, "manager", "manager", "run", "32", path, "x");
	if (w.reports[0].result == ENOEXEC) {
		print_message("# no programs of 32 bits here\n");
		world_close(&w);
		skip();
	}
	good(&w, 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	told_is(&w, &(struct told){ .rule = EVMON_RULE_EXEC_ROOT,
				    .file = path,
				    .exe = path,
				    .st = &st,
				    .args = "x",
				    .joined = true,
				    .class = EVMON_CLASS_OTHER });
	assert_int_equal(chmod(path, 0777), 0);
	twins_are_silent(&w, "32", path);
	assert_int_equal(tables_exe(w.kernel, path, EVMON_CLASS_HOST, true), 0);
	WORLD_RUN(&w, "manager", "manager", "run", "32", path, "x");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	world_close(&w);
}

static uint32_t own_mntns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
	return (uint32_t)st.st_ino;
}

/* The manager's class and right go with the file and not with its name. */
static void a_name_lends_nothing(void **state)
{
	const char *manager, *other;
	char link_path[128];
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	manager = world_path(&w, "manager");
	other = world_path(&w, "other/manager");
	snprintf(link_path, sizeof(link_path), "%s/linked", w.dir);
	assert_int_equal(link(manager, link_path), 0);
	assert_int_equal(stat(other, &st), 0);
	WORLD_RUN(&w, "manager", "manager", "run", "path", link_path, "x");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	/* The real one over another, in a mount namespace of its own. */
	WORLD_RUN(&w, "manager", "manager", "run", "mount", manager, other, "run", "path", other,
		  "x");
	good(&w, 2);
	/* Another over the real one, and no root. */
	WORLD_RUN(&w, "manager", "manager", "run", "mount", other, manager, "uid", "1500", "run",
		  "path", manager, "manager");
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	/* And as root: by the name that it was given, and what it is. */
	WORLD_RUN(&w, "manager", "manager", "run", "mount", other, manager, "run", "path", manager,
		  "manager");
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	assert_int_not_equal(w.reports[0].mntns, own_mntns());
	told_is(&w, &(struct told){ .rule = EVMON_RULE_EXEC_ROOT,
				    .file = manager,
				    .exe = manager,
				    .st = &st,
				    .args = "manager",
				    .joined = true,
				    .class = EVMON_CLASS_OTHER });
	/* A copy. */
	WORLD_RUN(&w, "manager", "manager", "run", "path", other, "manager");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 2);
	world_close(&w);
}

/* /manager, below another root, is another file, and may be what policy says of that. */
static void another_root_lends_no_name(void **state)
{
	char jail[128], inside[160];
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	snprintf(jail, sizeof(jail), "%s/jail", w.dir);
	snprintf(inside, sizeof(inside), "%s/manager", jail);
	assert_int_equal(mkdir(jail, 0755), 0);
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "x", "run", "32", inside, "x");
	if (w.reports[0].result == ENOEXEC) {
		print_message("# no programs of 32 bits here\n");
		world_close(&w);
		skip();
	}
	WORLD_RUN(&w, "unknown", "x", "run", "jail", jail, "manager");
	good(&w, 1);
	w.evicted = false;
	assert_int_equal(stat(inside, &st), 0);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	WORLD_RUN(&w, "manager", "manager", "run", "jail", jail, "manager");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	told_is(&w, &(struct told){ .rule = EVMON_RULE_EXEC_ROOT,
				    .file = "/manager",
				    .exe = inside,
				    .st = &st,
				    .args = "manager",
				    .joined = true,
				    .class = EVMON_CLASS_OTHER });
	assert_int_equal(tables_exe(w.kernel, inside, EVMON_CLASS_HOST, true), 0);
	WORLD_RUN(&w, "manager", "manager", "run", "jail", jail, "manager");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	world_close(&w);
}

static void beta_has_scripts(struct policy *policy)
{
	for (char **name = policy->shell_allow; name && *name; name++)
		free(*name);
	free(policy->shell_allow);
	policy->shell_allow = calloc(2, sizeof(char *));
	assert_non_null(policy->shell_allow);
	policy->shell_allow[0] = strdup("Beta");
}

static void a_shell_under_a_module_is_told(void **state)
{
	static const struct world_options options = { .policy = beta_has_scripts };
	const char *dash, *script, *busybox, *unknown;
	const struct event *e;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_EXEC);
	dash = world_path(&w, "dash");
	busybox = world_path(&w, "busybox");
	unknown = world_path(&w, "unknown");
	script = script_make(&w, "job", dash);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", dash, "x", "run", "path",
		  script, "job");
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_SHELL), 2);
	assert_int_equal(world_sum(&w, EVMON_RULE_EXEC_SHELL).keys, 1);
	e = world_event(&w, EVMON_RULE_EXEC_SHELL, 0);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_string_equal(e->exec.file, dash);
	assert_int_equal(e->exec.uid, WORLD_UID);
	/* By a script alone. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "two:Alpha", "run", "path", script, "job");
	assert_int_equal(count(&w, EVMON_RULE_EXEC_SHELL), 3);
	e = world_event(&w, EVMON_RULE_EXEC_SHELL, 1);
	assert_string_equal(e->exec.file, script);
	assert_string_equal(e->exec.interpreter, dash);
	assert_string_equal(e->process.exe, dash);
	/* busybox is what argv[0] says. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "two:Alpha", "run", "path", busybox, "/bin/ls", "run",
		  "path", busybox, "-sh", "run", "path", busybox, "/bin/ash", "run", "path",
		  unknown, "sh");
	good(&w, 4);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_SHELL), 5);
	/* Those whose work it is, and who is no module. */
	WORLD_RUN(&w, "modules/Beta/Beta", "one:Beta", "run", "path", dash, "x", "run", "path",
		  script, "x", "fork", "exec", unknown, "y", "run", "path", dash, "x");
	WORLD_RUN(&w, "manager", "manager", "run", "path", dash, "x");
	WORLD_RUN(&w, "unknown", "start.sh", "run", "path", dash, "x");
	assert_int_equal(count(&w, EVMON_RULE_EXEC_SHELL), 5);
	world_close(&w);
}

/* A module's shell by each way: the file's own name tells, of one that has gone, too. A copy in a
 * memfd is a program of its owner's like any other. */
static void a_shell_by_each_way_is_told(void **state)
{
	static const struct way ways[] = {
		{ .how = "path", .file = "a/dash" },
		{ .how = "thread", .file = "b/dash" },
		{ .how = "below", .file = "c/dash", .by_fd = true },
		{ .how = "fd", .file = "d/dash", .by_fd = true },
		{ .how = "gone", .file = "e/dash", .by_fd = true, .deleted = true },
	};
	static const struct world_options options = { .policy = beta_has_scripts };
	struct world w;
	size_t i;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_EXEC);
	assert_int_equal(chmod(w.dir, 0777), 0);
	w.uid = WORLD_UID;
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		const char *how = ways[i].how, *path = world_path(&w, ways[i].file);
		char *slash = strrchr(path, '/');
		struct stat st;

		*slash = '\0';
		assert_int_equal(chmod(path, 0777), 0);
		*slash = '/';
		/* Whose work it is, and what is none. */
		WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "run", how, path, "x");
		good(&w, 1);
		again(&w, path);
		WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", how,
			  world_path(&w, "unknown"), "sh");
		good(&w, 1);
		assert_int_equal(count(&w, EVMON_RULE_EXEC_SHELL), i);
		assert_int_equal(stat(path, &st), 0);
		WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", how, path, "x");
		good(&w, 1);
		assert_int_equal(count(&w, EVMON_RULE_EXEC_SHELL), i + 1);
		told_is(&w, &(struct told){ .rule = EVMON_RULE_EXEC_SHELL,
					    .n = i,
					    .file = ways[i].by_fd ? NULL : path,
					    .exe = path,
					    .st = &st,
					    .args = "x",
					    .deleted = ways[i].deleted,
					    .class = WORLD_ALPHA,
					    .uid = WORLD_UID,
					    .euid = WORLD_UID });
	}
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "memfd", world_path(&w, "dash"),
		  "sh");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_SHELL), i);
	world_close(&w);
}

/* By what user space says of its inode, whatever it is called. */
static void a_shell_goes_by_its_inode(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	tables_shells(w.kernel);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", "/bin/sh", "sh");
	assert_int_equal(count(&w, EVMON_RULE_EXEC_SHELL), 1);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_is_one_exec),
		cmocka_unit_test(a_script_is_told_with_what_runs_it),
		cmocka_unit_test(a_program_of_the_32_bit_abi_is_seen),
		cmocka_unit_test(a_name_lends_nothing),
		cmocka_unit_test(another_root_lends_no_name),
		cmocka_unit_test(a_shell_under_a_module_is_told),
		cmocka_unit_test(a_shell_by_each_way_is_told),
		cmocka_unit_test(a_shell_goes_by_its_inode),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
