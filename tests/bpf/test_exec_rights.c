// SPDX-License-Identifier: Apache-2.0
/* Each way in which a file gives rights, and who is given none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <linux/capability.h>
#include <linux/xattr.h>

#include "base/macros.h"
#include "kernel/tables.h"

#include "told.h"
#include "world.h"

/* Where no hook sees credentials change, they are looked at when memory is taken. */
#define LOOK "ask", "memory", "-"

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

static void beta_may_have_both(struct policy *policy)
{
	const struct module_capabilities beta = { .name = "Beta",
						  .mask = 1ULL << CAP_NET_RAW |
							  1ULL << CAP_SETUID };

	free(policy->modules);
	policy->modules = calloc(1, sizeof(beta));
	assert_non_null(policy->modules);
	policy->modules[0] = beta;
	policy->n_modules = 1;
}

static const struct world_options options = { .policy = beta_may_have_both };

/* A file with this capability; false, and the world closed: not on this file system. */
static bool file_gives(struct world *w, const char *path, unsigned capability)
{
	const struct vfs_cap_data data = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = 1U << capability } },
	};

	if (!is_nosuid(path) && setxattr(path, XATTR_NAME_CAPS, &data, sizeof(data), 0) == 0)
		return true;
	print_message("# no capabilities of files below %s\n", w->dir);
	world_close(w);
	return false;
}

/* Another's id: a file of user and group, with this mode. */
static const char *file_of(struct world *w, const char *name, uid_t user, gid_t group, mode_t mode)
{
	const char *path = world_path(w, name);

	assert_int_equal(chown(path, user, group) | chmod(path, mode), 0);
	return path;
}

static void capabilities_of_a_file_are_gained(void **state)
{
	const char *path;
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_EXEC);
	path = world_path(&w, "ping");
	if (!file_gives(&w, path, CAP_NET_RAW))
		skip();
	assert_int_equal(stat(path, &st), 0);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", path, "ping", "run",
		  "path", world_path(&w, "unknown"), "ping");
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 1);
	assert_int_equal(world_events(&w, EVMON_RULE_EXEC_GAINED), 1);
	told_is(&w, &(struct told){ .rule = EVMON_RULE_EXEC_GAINED,
				    .file = path,
				    .exe = path,
				    .st = &st,
				    .args = "ping",
				    .how = EVMON_EXEC_FCAPS,
				    .gained = 1ULL << CAP_NET_RAW,
				    .class = WORLD_ALPHA,
				    .uid = WORLD_UID,
				    .euid = WORLD_UID });
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	/* Whoever is granted them gains nothing, nor who is nobody's module. */
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "run", "path", path, "ping");
	good(&w, 1);
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "x", "run", "path", path, "ping");
	good(&w, 1);
	w.evicted = false;
	/* What it was left as ambient is no file's. */
	w.ambient = 1ULL << CAP_NET_RAW;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "three:Alpha", "run", "path",
		  world_path(&w, "unknown"), "x");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 1);
	world_close(&w);
}

/* Root by a capability that a file gave: two findings, for these are two deeds. */
static void capabilities_of_a_file_may_lead_to_root(void **state)
{
	const struct event *e;
	const char *path;
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_CREDENTIALS);
	path = world_path(&w, "gives");
	if (!file_gives(&w, path, CAP_SETUID))
		skip();
	assert_int_equal(stat(path, &st), 0);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "fork", "exec", world_path(&w, "unknown"),
		  "x", "ask", "setuid", "0", LOOK);
	assert_int_equal(w.reports[0].result, EPERM);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 0);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "fork", "exec", path, "x", "ask",
		  "setuid", "0", LOOK);
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 1);
	assert_int_equal(world_event(&w, EVMON_RULE_EXEC_GAINED, 0)->exec.gained,
			 1ULL << CAP_SETUID);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	e = world_event(&w, EVMON_RULE_EXEC_ROOT, 0);
	assert_non_null(e);
	assert_int_equal(e->exec.how, EVMON_EXEC_CREDS);
	assert_int_equal(e->exec.ino, st.st_ino);
	assert_int_equal(e->exec.euid, 0);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_int_equal(e->process.pid, w.reports[0].tgid);
	/* Who may use it, and does for no root. */
	WORLD_RUN(&w, "modules/Beta/Beta", "two:Beta", "fork", "exec", path, "x", "ask", "setuid",
		  "1501", LOOK);
	good(&w, 2);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 1);
	world_close(&w);
}

static void a_set_uid_file_of_roots_is_root(void **state)
{
	const char *path, *named;
	struct stat st;
	struct world w;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	path = file_of(&w, "su", 0, 0, 04755);
	named = file_of(&w, "named", 0, 0, 04755);
	if (is_nosuid(path)) {
		world_close(&w);
		skip();
	}
	assert_int_equal(tables_exe(w.kernel, named, EVMON_CLASS_HOST, true), 0);
	assert_int_equal(stat(path, &st), 0);
	w.uid = WORLD_UID;
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", path, "x", "run", "fd",
		  path, "x", "run", "path", named, "x", "run", "path",
		  file_of(&w, "plain", 0, 0, 0755), "x");
	good(&w, 4);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 2);
	assert_int_equal(world_events(&w, EVMON_RULE_EXEC_ROOT), 1);
	told_is(&w, &(struct told){ .rule = EVMON_RULE_EXEC_ROOT,
				    .file = path,
				    .exe = path,
				    .st = &st,
				    .args = "x",
				    .how = EVMON_EXEC_SETUID,
				    .class = WORLD_ALPHA,
				    .uid = WORLD_UID,
				    .count = 2 });
	assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), 0);
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "x", "run", "path", path, "x");
	good(&w, 1);
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 2);
	world_close(&w);
}

static void another_group_or_user_is_gained(void **state)
{
	static const struct {
		const char *name;
		uid_t user;
		gid_t group;
		mode_t mode;
		enum evmon_exec_how how;
	} files[] = {
		{ "as-group", 0, WORLD_UID + 1, 02755, EVMON_EXEC_SETGID },
		{ "as-user", WORLD_UID + 1, 0, 04755, EVMON_EXEC_SETUID },
		/* Its own ids. */
		{ "own-group", 0, WORLD_UID, 02755, EVMON_EXEC_EXEC },
		{ "own-user", WORLD_UID, 0, 04755, EVMON_EXEC_EXEC },
	};
	struct world w;
	uint64_t n = 0;

	(void)state;
	world_open(&w, NULL);
	world_needs(&w, COVERAGE_EXEC);
	if (is_nosuid(w.dir)) {
		world_close(&w);
		skip();
	}
	w.uid = WORLD_UID;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *path =
			file_of(&w, files[i].name, files[i].user, files[i].group, files[i].mode);
		bool gains = files[i].how != EVMON_EXEC_EXEC;
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "run", "path", path, "x");
		good(&w, 1);
		n += gains;
		assert_int_equal(count(&w, EVMON_RULE_EXEC_GAINED), n);
		if (gains)
			told_is(&w,
				&(struct told){ .rule = EVMON_RULE_EXEC_GAINED,
						.n = i,
						.file = path,
						.exe = path,
						.st = &st,
						.args = "x",
						.how = files[i].how,
						.class = WORLD_ALPHA,
						.uid = WORLD_UID,
						.euid = files[i].mode & S_ISUID ? files[i].user :
										  WORLD_UID });
	}
	assert_int_equal(count(&w, EVMON_RULE_EXEC_ROOT), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_of_a_file_are_gained),
		cmocka_unit_test(capabilities_of_a_file_may_lead_to_root),
		cmocka_unit_test(a_set_uid_file_of_roots_is_root),
		cmocka_unit_test(another_group_or_user_is_gained),
		cmocka_unit_test(root_of_a_user_namespace_is_not_root),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
