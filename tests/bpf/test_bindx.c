// SPDX-License-Identifier: Apache-2.0
/*
 * A list of addresses is refused for any of them, also for one beyond those that a program looks
 * at. That an address is not this machine's the kernel says only after its security hook.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/macros.h"

#include "world.h"

enum {
	NAMED = 40300,
	UNNAMED = 40301,
};

static void refuse_loopback(struct policy *p)
{
	struct bind_rule *rule = world_rule(p, "bind.admin-panel", NAMED, NAMED, ACTION_DENY);

	rule->scopes = 1u << EVMON_SCOPE_LOOPBACK;
}

static int bindx(struct world *w, const char *options, const char *address, unsigned port)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", port);
	WORLD_RUN(w, "modules/Alpha/Alpha", "one:Alpha", "way", "bindx", options, "sctp", address,
		  text);
	return w->reports[0].result;
}

static void open_refusing(struct world *w)
{
	const struct world_options options = { .policy = refuse_loopback };
	const struct coverage_row *row;

	world_open(w, &options);
	row = &w->kernel->coverage.rows[COVERAGE_BIND_DENY];
	for (size_t i = 0; i < row->n_hooks; i++)
		if (row->hooks[i] == EVMON_HOOK_LSM_SCTP_BIND ||
		    row->hooks[i] == EVMON_HOOK_FMOD_RET_SCTP_BIND)
			return;
	print_message("# nothing refuses SCTP's lists here\n");
	world_close(w);
	skip();
}

static void assert_refused(struct world *w, uint64_t times)
{
	const struct event *e = world_event(w, EVMON_RULE_BIND_ADMIN_PANEL, 0);

	assert_int_equal(world_sum(w, EVMON_RULE_BIND_ADMIN_PANEL).count, times);
	assert_non_null(e);
	assert_int_equal(e->verdict, EVMON_VERDICT_DENIED);
	assert_int_equal(e->bind.proto, EVMON_PROTO_SCTP);
	assert_int_equal(e->bind.scope, EVMON_SCOPE_LOOPBACK);
	assert_int_equal(e->bind.asked_port, NAMED);
}

static void the_last_of_many_is_refused(void **state)
{
	struct world w;

	(void)state;
	open_refusing(&w);
	assert_int_equal(bindx(&w, "six", "127.0.0.1", NAMED), EPERM);
	assert_refused(&w, 1);
	assert_int_equal(bindx(&w, "long", "127.0.0.1", NAMED), EPERM);
	assert_refused(&w, 2);
	world_close(&w);
}

/* Of a long list nobody knows what comes after: it is refused for what a rule refuses at all. */
static void what_no_rule_refuses_is_not(void **state)
{
	struct world w;

	(void)state;
	open_refusing(&w);
	assert_int_equal(bindx(&w, "six", "192.0.2.1", NAMED), EADDRNOTAVAIL);
	assert_int_equal(bindx(&w, "six", "127.0.0.1", UNNAMED), EADDRNOTAVAIL);
	assert_int_equal(bindx(&w, "long", "127.0.0.1", UNNAMED), EADDRNOTAVAIL);
	assert_int_equal(bindx(&w, "-", "127.0.0.1", UNNAMED), 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_ADMIN_PANEL).count, 0);
	assert_int_equal(bindx(&w, "long", "192.0.2.1", NAMED), EPERM);
	assert_refused(&w, 1);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_of_many_is_refused),
		cmocka_unit_test(what_no_rule_refuses_is_not),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
