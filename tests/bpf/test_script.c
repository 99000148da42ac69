// SPDX-License-Identifier: Apache-2.0
/* Modules in Python and JavaScript: what the manager has an interpreter run is what it is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/capability.h>
#include <string.h>

#include "kernel/tables.h"

#include "world.h"

#define PORT   "40000"
#define CHROOT (1ULL << CAP_SYS_CHROOT)

/* "one" of Alpha may use CHROOT; every bind of the tree is told. */
static void policy_fill(struct policy *policy)
{
	static const struct module_capabilities one = { .id = "one",
							.name = "Alpha",
							.mask = CHROOT };

	world_rule(policy, "bind.unexpected", WORLD_PORT, WORLD_PORT + 99, ACTION_ALERT)->subjects =
		1u << EVMON_SUBJECT_EVEREST;
	free(policy->modules);
	policy->modules = calloc(1, sizeof(one));
	assert_non_null(policy->modules);
	policy->modules[0] = one;
	policy->n_modules = 1;
}

static const struct world_options options = { .policy = policy_fill };

static const struct event *bind_of(const struct world *w)
{
	const struct event *e = world_event(w, EVMON_RULE_BIND_UNEXPECTED, 0);

	assert_non_null(e);
	assert_int_equal(world_events(w, EVMON_RULE_BIND_UNEXPECTED), 1);
	return e;
}

static void slot_is(struct world *w, const struct event *e, unsigned class, const char *name)
{
	char text[TABLES_NAME_MAX];
	unsigned of = 0;

	assert_int_equal(e->process.class, class);
	assert_int_equal(tables_slot(w->kernel, e->process.slot, &of, text), 0);
	assert_int_equal(of, class);
	assert_string_equal(text, name);
}

static void a_script_of_the_managers_is_its_module(void **state)
{
	static const char *const interpreters[] = { "bin/python3", "bin/python3.11", "bin/node" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(interpreters); i++) {
		struct world w;

		world_open(&w, &options);
		w.instance = "ocpp";
		assert_int_equal(tables_script(w.kernel, "/m/Beta/module.py", WORLD_BETA), 0);
		WORLD_RUN(&w, interpreters[i], "python3", "/m/Beta/module.py", "bind", "udp",
			  "127.0.0.1", PORT);
		slot_is(&w, bind_of(&w), WORLD_BETA, "ocpp");
		world_close(&w);
	}
}

static void options_may_stand_before_it(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	w.instance = "js";
	assert_int_equal(tables_script(w.kernel, "/m/Beta/index.js", WORLD_BETA), 0);
	WORLD_RUN(&w, "bin/node", "node", "--unhandled-rejections=strict", "/m/Beta/index.js",
		  "fork", "bind", "udp", "127.0.0.1", PORT);
	slot_is(&w, bind_of(&w), WORLD_BETA, "js");
	world_close(&w);
}

/* Lengths around those of the chunks that a path is read in. */
static void a_path_of_any_length_is_known(void **state)
{
	static const size_t lengths[] = { 61, 62, 63, 64, 125, 126, 127, 128, 300 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char path[512];
		struct world w;

		world_open(&w, &options);
		memset(path, 'd', sizeof(path));
		path[0] = '/';
		path[lengths[i]] = '\0';
		assert_int_equal(tables_script(w.kernel, path, WORLD_BETA), 0);
		path[lengths[i] - 1] = 'e';
		assert_int_equal(tables_script(w.kernel, path, WORLD_ALPHA), 0);
		path[lengths[i] - 1] = 'd';
		WORLD_RUN(&w, "bin/python3", "python3", path, "bind", "udp", "127.0.0.1", PORT);
		assert_int_equal(bind_of(&w)->process.class, WORLD_BETA);
		world_close(&w);
	}
}

static void ev_module_is_found_among_many(void **state)
{
	char value[128];
	struct world w;

	(void)state;
	world_open(&w, &options);
	w.instance = "last";
	assert_int_equal(tables_script(w.kernel, "/m/Beta/module.py", WORLD_BETA), 0);
	memset(value, 'v', sizeof(value));
	for (size_t i = 0; i < sizeof(value) - 16; i++) {
		char name[32];

		snprintf(name, sizeof(name), "TEST_%zu", i);
		/* What looks like it, at every place where a piece may begin. */
		memcpy(value + i, "EV_MODULE=wrong", 15);
		value[sizeof(value) - 1] = '\0';
		assert_int_equal(setenv(name, value, 1), 0);
		memset(value, 'v', sizeof(value));
	}
	WORLD_RUN(&w, "bin/python3", "python3", "/m/Beta/module.py", "bind", "udp", "127.0.0.1",
		  PORT);
	slot_is(&w, bind_of(&w), WORLD_BETA, "last");
	for (size_t i = 0; i < sizeof(value) - 16; i++) {
		char name[32];

		snprintf(name, sizeof(name), "TEST_%zu", i);
		unsetenv(name);
	}
	world_close(&w);
}

static void only_the_manager_says_what_a_script_is(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	w.instance = "x";
	assert_int_equal(tables_script(w.kernel, "/m/Beta/module.py", WORLD_BETA), 0);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a1:Alpha", "exec", world_path(&w, "bin/python3"),
		  "python3", "/m/Beta/module.py", "bind", "udp", "127.0.0.1", PORT);
	assert_int_equal(bind_of(&w)->process.class, WORLD_ALPHA);
	world_close(&w);
	world_open(&w, &options);
	assert_int_equal(tables_script(w.kernel, "/m/Beta/module.py", WORLD_BETA), 0);
	WORLD_RUN(&w, "unknown", "sh", "exec", world_path(&w, "bin/python3"), "python3",
		  "/m/Beta/module.py", "bind", "udp", "127.0.0.1", PORT);
	assert_int_equal(bind_of(&w)->process.class, EVMON_CLASS_OTHER);
	w.evicted = true;
	WORLD_RUN(&w, "bin/python3", "python3", "/m/Beta/module.py", "bind", "udp", "127.0.0.1",
		  PORT);
	assert_int_equal(world_events(&w, EVMON_RULE_BIND_UNEXPECTED), 1);
	world_close(&w);
}

static void an_unknown_script_is_judged_once_it_is_known(void **state)
{
	struct tables_task named = { .class = WORLD_BETA };
	struct tables_withheld withheld;
	struct world w;
	unsigned slot = 0;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_CAPABILITY);
	w.instance = "b";
	w.uid = WORLD_UID;
	w.ambient = CHROOT;
	world_start(&w, "bin/python3",
		    (const char *const[]){ "python3", "/m/Gamma/module.py", "chroot", "wait",
					   "chroot", NULL });
	assert_non_null(world_hear(&w));
	assert_non_null(world_hear(&w));
	named.tgid = (uint32_t)w.pid;
	assert_int_equal(tables_task_get(w.kernel, &named), 0);
	assert_int_equal(named.class, EVMON_CLASS_PENDING);
	assert_int_equal(world_sum(&w, EVMON_RULE_CAPABILITY_USED).count, 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_CAPABILITY_HELD).count, 0);
	named.class = WORLD_BETA;
	assert_int_equal(tables_task_class(w.kernel, &named, "b", &slot, &withheld), 0);
	assert_int_equal(withheld.held, CHROOT);
	assert_int_equal(withheld.used, CHROOT);
	world_go_on(&w);
	world_wait(&w);
	assert_int_equal(world_sum(&w, EVMON_RULE_CAPABILITY_USED).count, 1);
	assert_int_equal(world_sum(&w, EVMON_RULE_CAPABILITY_USED).key.slot, slot);
	world_close(&w);
}

static void a_scripts_instance_has_a_list_of_its_own(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_CAPABILITY);
	w.uid = WORLD_UID;
	w.ambient = CHROOT;
	assert_int_equal(tables_script(w.kernel, "/m/Alpha/module.py", WORLD_ALPHA), 0);
	w.instance = "one";
	WORLD_RUN(&w, "bin/python3", "python3", "/m/Alpha/module.py", "chroot");
	assert_int_equal(world_sum(&w, EVMON_RULE_CAPABILITY_USED).count, 0);
	w.instance = "two";
	WORLD_RUN(&w, "bin/python3", "python3", "/m/Alpha/module.py", "chroot");
	assert_int_equal(world_sum(&w, EVMON_RULE_CAPABILITY_USED).count, 1);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_of_the_managers_is_its_module),
		cmocka_unit_test(options_may_stand_before_it),
		cmocka_unit_test(a_path_of_any_length_is_known),
		cmocka_unit_test(ev_module_is_found_among_many),
		cmocka_unit_test(only_the_manager_says_what_a_script_is),
		cmocka_unit_test(an_unknown_script_is_judged_once_it_is_known),
		cmocka_unit_test(a_scripts_instance_has_a_list_of_its_own),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
