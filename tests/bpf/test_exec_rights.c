// SPDX-License-Identifier: Apache-2.0
/* Each way in which a file gives rights, and who is given none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <linux/capability.h>

#include "told.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_of_a_file_are_gained),
		cmocka_unit_test(another_group_or_user_is_gained),
		cmocka_unit_test(root_of_a_user_namespace_is_not_root),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
