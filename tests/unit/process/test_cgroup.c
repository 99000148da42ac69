// SPDX-License-Identifier: Apache-2.0
/* Only the unified hierarchy's line counts, and an id of nothing gives nothing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "process/cgroup.h"

static void the_unified_line_is_taken(void **state)
{
	char path[64] = "before";

	(void)state;
	assert_int_equal(cgroup_of_text("0::/system.slice/everest.service\n", path, sizeof(path)),
			 0);
	assert_string_equal(path, "/system.slice/everest.service");
	assert_int_equal(
		cgroup_of_text("9:name=systemd:/a\n1:cpu:/0::/b\n0::/c\n", path, sizeof(path)), 0);
	assert_string_equal(path, "/c");
	assert_int_equal(cgroup_of_text("0::/", path, sizeof(path)), 0);
	assert_string_equal(path, "/");
}

static void without_one_nothing_is_touched(void **state)
{
	char path[8] = "before";

	(void)state;
	assert_int_equal(cgroup_of_text("", path, sizeof(path)), -ENOENT);
	assert_int_equal(cgroup_of_text("10::/x\n1:cpu:/\n", path, sizeof(path)), -ENOENT);
	assert_int_equal(cgroup_of_text("0::relative\n", path, sizeof(path)), -ENOENT);
	assert_int_equal(cgroup_of_text("0::/1234567\n", path, sizeof(path)), -ENAMETOOLONG);
	assert_int_equal(cgroup_of_text("0::/123456\n", path, sizeof(path)), 0);
	assert_string_equal(path, "/123456");
}

static void an_id_of_nothing_gives_nothing(void **state)
{
	char path[64] = "before";

	(void)state;
	assert_true(cgroup_of_id(UINT64_MAX - 1, path, sizeof(path)) < 0);
	assert_string_equal(path, "before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unified_line_is_taken),
		cmocka_unit_test(without_one_nothing_is_touched),
		cmocka_unit_test(an_id_of_nothing_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
