// SPDX-License-Identifier: Apache-2.0
/* Components as the kernel side writes them, made a path again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/path.h"

#define PATH_OF(text, truncated, to) path_of_components(text, sizeof(text), truncated, to)

static void components_become_a_path(void **state)
{
	char to[64] = "?";

	(void)state;
	assert_int_equal(PATH_OF("manager\0bin\0usr", false, to), 0);
	assert_string_equal(to, "/usr/bin/manager");
	assert_int_equal(PATH_OF("init", false, to), 0);
	assert_string_equal(to, "/init");
}

static void a_cut_path_has_no_slash_in_front(void **state)
{
	char to[64] = "?";

	(void)state;
	assert_int_equal(PATH_OF("manager\0bin", true, to), 0);
	assert_string_equal(to, "bin/manager");
}

static void nothing_is_no_path(void **state)
{
	char to[8] = "?";

	(void)state;
	assert_int_equal(path_of_components("", 0, false, to), 0);
	assert_string_equal(to, "");
}

static void what_is_no_component_is_refused(void **state)
{
	char to[64];

	(void)state;
	assert_int_equal(path_of_components("abc", 3, false, to), -EBADMSG);
	assert_int_equal(PATH_OF("a\0\0b", false, to), -EBADMSG);
	assert_int_equal(PATH_OF("a/b\0c", false, to), -EBADMSG);
	assert_int_equal(PATH_OF("", false, to), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(components_become_a_path),
		cmocka_unit_test(a_cut_path_has_no_slash_in_front),
		cmocka_unit_test(nothing_is_no_path),
		cmocka_unit_test(what_is_no_component_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
