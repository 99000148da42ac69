// SPDX-License-Identifier: Apache-2.0
/* Which lines of mountinfo are the unified hierarchy's, and what they say. */
#include "base/cgroup_mount.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void the_unified_hierarchy_is_told_from_all_else(void **state)
{
	static const char *const others[] = {
		"",
		"\n",
		"33 24 0:28 / /sys/fs/cgroup/cpu rw,nosuid - cgroup cgroup rw,cpu",
		"33 24 0:28 / /sys/fs/cgroup rw - tmpfs cgroup2 rw",
		"33 24 0:28 / /mnt rw - cgroup2fs cgroup2 rw",
		"- cgroup2 cgroup2 rw",
		"33 24 0:28 / - cgroup2",
	};
	struct cgroup_mount mount = { .root = "before" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(cgroup_mount_parse(others[i], &mount));
	assert_string_equal(mount.root, "before");
	assert_true(cgroup_mount_parse(
		"33 24 0:28 / /sys/fs/cgroup/unified rw,nosuid shared:9 master:2 - cgroup2 none rw\n",
		&mount));
	assert_string_equal(mount.root, "/");
	assert_string_equal(mount.point, "/sys/fs/cgroup/unified");
}

static void octal_escapes_are_undone(void **state)
{
	struct cgroup_mount mount;

	(void)state;
	assert_true(cgroup_mount_parse(
		"1 2 0:3 /a\\040b /mnt/\\134x\\011y\\012z\\9\\12 rw - cgroup2 x rw", &mount));
	assert_string_equal(mount.root, "/a b");
	assert_string_equal(mount.point, "/mnt/\\x\ty\nz\\9\\12");
}

static void what_is_found_is_a_directory(void **state)
{
	struct cgroup_mount mount = { .point = "before" };
	int err = cgroup_mount_find(&mount);
	struct stat st;

	(void)state;
	if (err == -ENOENT) {
		assert_string_equal(mount.point, "before");
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(mount.root[0], '/');
	assert_int_equal(stat(mount.point, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unified_hierarchy_is_told_from_all_else),
		cmocka_unit_test(octal_escapes_are_undone),
		cmocka_unit_test(what_is_found_is_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
