// SPDX-License-Identifier: Apache-2.0
/* Each way to execute a file, each way in which a file gives rights; and what no name lends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <linux/capability.h>

#include "base/file.h"
#include "kernel/tables.h"

#include "execs.h"
#include "world.h"

static uint64_t count(const struct world *w, unsigned rule)
{
	return world_sum(w, rule).count;
}

/* Set-id bits and capabilities of files mean nothing there. */
static bool is_nosuid(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && fs.f_flag & ST_NOSUID;
}

static void good(struct world *w, size_t n)
{
	assert_int_equal(w->n_reports, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(w->reports[i].result, 0);
}

/* Root that is no module, by each way: counted once each, with the file as it was given. */
static void each_way_is_one_exec(void **state)
{
	static const struct {
		const char *how, *file;
		bool deleted, by_fd;
	} ways[] = {
		{ "path", "a", false, false }, { "thread", "b", false, false },
		{ "fd", "c", false, true },    { "gone", "d", true, true },
		{ "memfd", "e", true, true },
	};
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const char *path = world_path(&w, ways[i].file);
		const struct event *e;
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		WORLD_RUN(&w, "manager", "manager", "run", ways[i].how, path, "x");
		good(&w, 1);
		assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), i + 1);
		e = world_event(&w, EVMON_RULE_EXEC_ROOT, i);
		assert_non_null(e);
		assert_int_equal(e->exec.deleted, ways[i].deleted);
		if (ways[i].by_fd)
			assert_memory_equal(e->exec.file, "/dev/fd/", 8);
		else
			assert_string_equal(e->exec.file, path);
		assert_string_equal(e->exec.interpreter, "");
		assert_int_equal(e->exec.how, EVMON_EXEC_EXEC);
		assert_int_equal(e->exec.mntns, w.reports[0].mntns);
		assert_string_equal(e->process.args, "x");
		assert_int_equal(e->process.class, EVMON_CLASS_OTHER);
		if (strcmp(ways[i].how, "memfd") != 0)
			assert_int_equal(e->exec.ino, st.st_ino);
	}
	world_close(&w);
}

static void a_program_of_the_32_bit_abi_is_seen(void **state)
{
	struct world w;
	char path[128];

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	snprintf(path, sizeof(path), "%s/small", w.dir);
	WORLD_RUN(&w, "manager", "manager", "run", "32", path, "x");
	if (w.reports[0].result == ENOEXEC) {
		world_close(&w);
		skip();
	}
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	assert_string_equal(world_event(&w, EVMON_RULE_EXEC_ROOT, 0)->process.exe, path);
	world_close(&w);
}

/* The manager's class and right go with the file and not with its name. */
static void a_name_lends_nothing(void **state)
{
	char link_path[128], jail[128], inside[160];
	const char *manager, *other;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	manager = world_path(&w, "manager");
	other = world_path(&w, "other/manager");
	snprintf(link_path, sizeof(link_path), "%s/linked", w.dir);
	assert_int_equal(link(manager, link_path), 0);
	WORLD_RUN(&w, "manager", "manager", "run", "path", link_path, "x");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	/* A copy. */
	WORLD_RUN(&w, "manager", "manager", "run", "path", other, "manager");
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	/* Another file over the real one, in a mount namespace of its own. */
	WORLD_RUN(&w, "manager", "manager", "run", "mount", other, manager, "run", "path", manager,
		  "manager");
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 2);
	assert_int_not_equal(w.reports[0].mntns, 0);
	/* The real one over another. */
	WORLD_RUN(&w, "manager", "manager", "run", "mount", manager, other, "run", "path", other,
		  "x");
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 2);
	/* The name below another root. */
	snprintf(jail, sizeof(jail), "%s/jail", w.dir);
	snprintf(inside, sizeof(inside), "%s/manager", jail);
	assert_int_equal(mkdir(jail, 0755), 0);
	WORLD_RUN(&w, "manager", "manager", "run", "32", inside, "x");
	if (w.reports[0].result == 0) {
		uint64_t before = count(&w, EVMON_RULE_EXEC_ROOT);

		WORLD_RUN(&w, "manager", "manager", "run", "jail", jail, "manager");
		good(&w, 1);
		assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), before + 1);
	}
	world_close(&w);
}

static void alpha_may_use_raw_sockets(struct policy *policy)
{
	const struct module_capabilities alpha = { .name = "Beta", .mask = 1ULL << CAP_NET_RAW };

	free(policy->modules);
	policy->modules = calloc(1, sizeof(alpha));
	assert_non_null(policy->modules);
	policy->modules[0] = alpha;
	policy->n_modules = 1;
}

static void capabilities_of_a_file_are_gained(void **state)
{
	static const struct world_options options = { .policy = alpha_may_use_raw_sockets };
	const struct vfs_cap_data raw = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = 1U << CAP_NET_RAW } },
	};
	const struct event *e;
	struct world_sum sum;
	const char *path;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_EXEC);
	path = world_path(&w, "ping");
	if (is_nosuid(path) || setxattr(path, "security.capability", &raw, sizeof(raw), 0) < 0) {
		world_close(&w);
		skip();
	}
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", path, "ping", "run",
		  "path", world_path(&w, "unknown"), "ping");
	good(&w, 2);
	sum = world_sum(&w, EVMON_RULE_EXEC_GAINED);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.key.object.exec.how, EVMON_EXEC_FCAPS);
	e = world_event(&w, EVMON_RULE_EXEC_GAINED, 0);
	assert_int_equal(e->exec.how, EVMON_EXEC_FCAPS);
	assert_int_equal(e->exec.gained, 1ULL << CAP_NET_RAW);
	assert_int_equal(e->exec.uid, WORLD_UID);
	assert_int_equal(e->exec.euid, WORLD_UID);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_string_equal(e->exec.file, path);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	/* Whoever is granted them gains nothing. */
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "run", "path", path, "ping");
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 1);
	/* What it was left as ambient is no file's. */
	w.ambient = 1ULL << CAP_NET_RAW;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "three:Alpha", "run", "path",
		  world_path(&w, "unknown"), "x");
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 1);
	world_close(&w);
}

static void another_group_or_user_is_gained(void **state)
{
	const char *group, *user;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	group = world_path(&w, "as-group");
	user = world_path(&w, "as-user");
	if (is_nosuid(group)) {
		world_close(&w);
		skip();
	}
	assert_int_equal(chown(group, 0, WORLD_UID + 1) | chmod(group, 02755), 0);
	assert_int_equal(chown(user, WORLD_UID + 1, 0) | chmod(user, 04755), 0);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", group, "x", "run", "path",
		  user, "x", "run", "path", world_path(&w, "unknown"), "x");
	good(&w, 3);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	assert_int_equal(world_event(&w, EVMON_RULE_EXEC_GAINED, 0)->exec.how, EVMON_EXEC_SETGID);
	assert_int_equal(world_event(&w, EVMON_RULE_EXEC_GAINED, 1)->exec.how, EVMON_EXEC_SETUID);
	assert_int_equal(world_event(&w, EVMON_RULE_EXEC_GAINED, 1)->exec.euid, WORLD_UID + 1);
	world_close(&w);
}

static void root_of_a_user_namespace_is_not_root(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "nsroot", "-", "-", "run", "path",
		  world_path(&w, "unknown"), "x");
	if (w.reports[0].result) {
		print_message("# no user namespace: %s\n", strerror(w.reports[0].result));
		world_close(&w);
		skip();
	}
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 0);
	assert_int_equal(count(&w, EVMON_RULE_CAPABILITY_HELD), 0);
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

static char *script_make(struct world *w, const char *name, const char *interpreter)
{
	char *path = world_path(w, name), line[256];
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	snprintf(line, sizeof(line), "#!%s\n", interpreter);
	assert_true(fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line));
	close(fd);
	return path;
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
		cmocka_unit_test(a_program_of_the_32_bit_abi_is_seen),
		cmocka_unit_test(a_name_lends_nothing),
		cmocka_unit_test(capabilities_of_a_file_are_gained),
		cmocka_unit_test(another_group_or_user_is_gained),
		cmocka_unit_test(root_of_a_user_namespace_is_not_root),
		cmocka_unit_test(a_shell_under_a_module_is_told),
		cmocka_unit_test(a_shell_goes_by_its_inode),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
