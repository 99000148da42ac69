// SPDX-License-Identifier: Apache-2.0
/* Numbers stay what they were, and a module's own words name it but give it nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evmon/types.h"

#include "base/macros.h"
#include "process/modules.h"
#include "scratch.h"

static void a_name_keeps_its_class(void **state)
{
	_cleanup_(modules_freep) struct modules *modules = NULL;

	(void)state;
	assert_int_equal(modules_new(&modules), 0);
	assert_int_equal(modules_class(modules, "EvseSlac"), EVMON_CLASS_MODULE);
	assert_int_equal(modules_class(modules, "EvseManager"), EVMON_CLASS_MODULE + 1);
	assert_int_equal(modules_class(modules, "EvseSlac"), EVMON_CLASS_MODULE);
	assert_string_equal(modules_name(modules, EVMON_CLASS_MODULE + 1), "EvseManager");
	assert_null(modules_name(modules, EVMON_CLASS_MODULE + 2));
	assert_null(modules_name(modules, EVMON_CLASS_OTHER));
	assert_null(modules_name(modules, ~0U));
	assert_int_equal(modules_class(modules, ""), -EINVAL);
	assert_int_equal(
		modules_class(modules,
			      "0123456789012345678901234567890123456789012345678901234567890123"),
		-EINVAL);
}

static void classes_run_out_at_their_number(void **state)
{
	_cleanup_(modules_freep) struct modules *modules = NULL;
	char name[16];

	(void)state;
	assert_int_equal(modules_new(&modules), 0);
	for (int i = EVMON_CLASS_MODULE; i < EVMON_CLASSES; i++) {
		snprintf(name, sizeof(name), "M%d", i);
		assert_int_equal(modules_class(modules, name), i);
	}
	assert_int_equal(modules_class(modules, "OneMore"), -ENOSPC);
	assert_int_equal(modules_class(modules, "M6"), 6);
	assert_string_equal(modules_name(modules, EVMON_CLASSES - 1), "M255");
	assert_null(modules_name(modules, EVMON_CLASSES));
}

static const struct module_args no_args = { NULL, 0 };

static void ids_come_from_argv(void **state)
{
	static const struct {
		const char *argv0, *args;
		size_t n;
		const char *id;
	} cases[] = {
		{ "slac:EvseSlac", NULL, 0, "slac" },
		{ "a:b:EvseSlac", NULL, 0, "a:b" },
		{ "slac:EvseSlac", "x\0--module\0other\0", 17, "slac" },
		{ ":EvseSlac", NULL, 0, "" },
		{ "EvseSlac", NULL, 0, "" },
		{ "slac:EvseManager", NULL, 0, "" },
		{ "slac:XEvseSlac", NULL, 0, "" },
		{ "node", "node\0--module\0js\0", 17, "js" },
		{ "node", "node\0--module=js2\0x\0", 20, "js2" },
		{ NULL, "x\0--module\0js\0", 14, "js" },
		{ "node", "node\0--module\0", 14, "" },
		{ "node", "node\0--module", 13, "" },
		{ "node", "node\0--modules\0js\0", 18, "" },
		{ "node", "--module\0js", 11, "js" }, /* cut: without its last NUL */
		{ "", "", 0, "" },
	};
	_cleanup_(modules_freep) struct modules *modules = NULL;
	struct module module;
	unsigned class;

	(void)state;
	assert_int_equal(modules_new(&modules), 0);
	class = (unsigned)modules_class(modules, "EvseSlac");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		modules_slot_set(modules, 4, class, cases[i].argv0,
				 (struct module_args){ cases[i].args, cases[i].n });
		assert_true(modules_of(modules, class, 4, &module));
		assert_string_equal(module.name, "EvseSlac");
		assert_string_equal(module.id, cases[i].id);
	}
}

static void an_id_too_long_is_no_id(void **state)
{
	_cleanup_(modules_freep) struct modules *modules = NULL;
	char argv0[MODULE_NAME_MAX + 16];
	struct module module;
	unsigned class;

	(void)state;
	assert_int_equal(modules_new(&modules), 0);
	class = (unsigned)modules_class(modules, "M");
	for (size_t n = MODULE_NAME_MAX - 1; n <= MODULE_NAME_MAX; n++) {
		memset(argv0, 'i', n);
		memcpy(argv0 + n, ":M", 3);
		modules_slot_set(modules, 4, class, argv0, no_args);
		assert_true(modules_of(modules, class, 4, &module));
		assert_int_equal(strlen(module.id), n < MODULE_NAME_MAX ? n : 0);
	}
}

static void a_slot_counts_for_its_own_class(void **state)
{
	_cleanup_(modules_freep) struct modules *modules = NULL;
	struct module module = { .id = "before" };
	unsigned a, b;

	(void)state;
	assert_int_equal(modules_new(&modules), 0);
	a = (unsigned)modules_class(modules, "A");
	b = (unsigned)modules_class(modules, "B");
	assert_false(modules_of(modules, EVMON_CLASS_OTHER, 4, &module));
	assert_false(modules_of(modules, b + 1, 4, &module));
	assert_string_equal(module.id, "before");
	modules_slot_set(modules, EVMON_SLOTS - 1, a, "one:A", no_args);
	assert_true(modules_of(modules, a, EVMON_SLOTS - 1, &module));
	assert_string_equal(module.id, "one");
	assert_true(modules_of(modules, b, EVMON_SLOTS - 1, &module));
	assert_string_equal(module.name, "B");
	assert_string_equal(module.id, "");
	assert_true(modules_of(modules, a, EVMON_SLOT_OVERFLOW, &module));
	assert_string_equal(module.id, "");
	/* The instance restarted as another module; and places that are no instance's. */
	modules_slot_set(modules, EVMON_SLOTS - 1, b, "two:B", no_args);
	assert_true(modules_of(modules, b, EVMON_SLOTS - 1, &module));
	assert_string_equal(module.id, "two");
	modules_slot_set(modules, EVMON_SLOTS, a, "x:A", no_args);
	modules_slot_set(modules, EVMON_CLASS_OTHER, a, "x:A", no_args);
	modules_slot_set(modules, 5, EVMON_CLASS_MANAGER, "x:A", no_args);
	assert_true(modules_of(modules, a, EVMON_CLASS_OTHER, &module));
	assert_string_equal(module.id, "");
}

struct found {
	struct modules *modules;
	const char *dir;
	int n, fail_at;
};

static int on_found(const char *path, unsigned class, void *userdata)
{
	struct found *found = userdata;
	const char *name = modules_name(found->modules, class);
	char expected[PATH_MAX];

	assert_non_null(name);
	snprintf(expected, sizeof(expected), "%s/%s/", found->dir, name);
	assert_memory_equal(path, expected, strlen(expected));
	assert_true(access(path, X_OK) == 0 || modules_is_script(path));
	return ++found->n == found->fail_at ? -EIO : 0;
}

static void put_exe(const struct scratch *scratch, const char *path)
{
	scratch_text(scratch, path, "x");
	assert_int_equal(fchmodat(scratch->fd, path, 0755, 0), 0);
}

static void a_scan_finds_what_can_run(void **state)
{
	_cleanup_(modules_freep) struct modules *modules = NULL;
	struct scratch scratch;
	struct found found = { 0 };

	(void)state;
	scratch_make(&scratch);
	assert_int_equal(modules_new(&modules), 0);
	put_exe(&scratch, "EvseSlac/EvseSlac");
	put_exe(&scratch, "EvseSlac/helper");
	put_exe(&scratch, "EvseManager/EvseManager");
	put_exe(&scratch, ".hidden/x");
	put_exe(&scratch, "stray");
	put_exe(&scratch, "EvseManager/deeper/x");
	scratch_text(&scratch, "PyModule/module.py", "print()");
	scratch_text(&scratch, "JsModule/index.js", "");
	scratch_text(&scratch, "EvseSlac/manifest.yaml", "");
	put_exe(&scratch, "0123456789012345678901234567890123456789012345678901234567890123/x");
	assert_int_equal(symlinkat("nowhere", scratch.fd, "EvseSlac/dangling"), 0);

	found = (struct found){ .modules = modules, .dir = scratch.path };
	assert_int_equal(modules_scan(modules, scratch.path, on_found, &found), 0);
	assert_int_equal(found.n, 5);
	assert_non_null(modules_name(modules, EVMON_CLASS_MODULE + 3));
	assert_null(modules_name(modules, EVMON_CLASS_MODULE + 4));
	assert_in_range(modules_class(modules, "PyModule"), EVMON_CLASS_MODULE,
			EVMON_CLASS_MODULE + 3);

	found = (struct found){ .modules = modules, .dir = scratch.path, .fail_at = 2 };
	assert_int_equal(modules_scan(modules, scratch.path, on_found, &found), -EIO);
	assert_int_equal(found.n, 2);
	assert_int_equal(modules_scan(modules, "/nonexistent/modules", on_found, &found), -ENOENT);
	scratch_remove(&scratch);
}

static void a_script_is_the_first_argument_that_is_no_option(void **state)
{
	static const struct {
		const char *args;
		size_t n;
		const char *name; /* NULL: none */
	} cases[] = {
#define ARGS(text, name) { text, sizeof(text), name }
		ARGS("python3\0/m/PyEvJosev/module.py", "PyEvJosev"),
		ARGS("node\0--unhandled-rejections=strict\0/m/Js/index.js", "Js"),
		ARGS("python3\0-u\0-B\0/m/A/module.py\0--more", "A"),
		ARGS("python3\0/m/A/other.py", NULL),
		ARGS("python3\0/m/A/B/module.py", NULL),
		ARGS("python3\0/m/module.py", NULL),
		ARGS("python3\0/m//module.py", NULL),
		ARGS("python3\0/mm/A/module.py", NULL),
		ARGS("python3\0other\0/m/A/module.py", NULL),
		ARGS("python3\0-c", NULL),
		ARGS("python3", NULL),
		ARGS("", NULL),
		{ "python3\0/m/A/module.py", 22, NULL }, /* cut short */
		{ NULL, 0, NULL },
#undef ARGS
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct module_args args = { cases[i].args, cases[i].n };
		char name[MODULE_NAME_MAX] = "";
		const char *path = modules_script(args, "/m", name);

		if (!cases[i].name)
			assert_null(path);
		else
			assert_string_equal(name, cases[i].name);
	}
}

static void a_scripts_slot_goes_by_its_id(void **state)
{
	static const char args[] = "python3\0/m/Py/module.py";
	_cleanup_(modules_freep) struct modules *modules = NULL;
	struct module module;
	int class;

	(void)state;
	assert_int_equal(modules_new(&modules), 0);
	class = modules_class(modules, "Py");
	modules_slot_set(modules, 9, (unsigned)class, "josev",
			 (struct module_args){ args, sizeof(args) });
	assert_true(modules_of(modules, (unsigned)class, 9, &module));
	assert_string_equal(module.id, "josev");
	/* No EV_MODULE: the slot is called as argv[0] is, which is nobody's id. */
	modules_slot_set(modules, 9, (unsigned)class, "python3",
			 (struct module_args){ args, sizeof(args) });
	assert_true(modules_of(modules, (unsigned)class, 9, &module));
	assert_string_equal(module.id, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_keeps_its_class),
		cmocka_unit_test(classes_run_out_at_their_number),
		cmocka_unit_test(ids_come_from_argv),
		cmocka_unit_test(a_script_is_the_first_argument_that_is_no_option),
		cmocka_unit_test(a_scripts_slot_goes_by_its_id),
		cmocka_unit_test(an_id_too_long_is_no_id),
		cmocka_unit_test(a_slot_counts_for_its_own_class),
		cmocka_unit_test(a_scan_finds_what_can_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
