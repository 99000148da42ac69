// SPDX-License-Identifier: Apache-2.0
/* Coverage written down as JSON, and read back for people. */
#include "cmd/coverage_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/coverage_json.h"
#include "cmd/members.h"

enum {
	ROOM = 65536
};

/* As a kernel without trampolines has it. */
static struct coverage *make(void)
{
	struct coverage *coverage = calloc(1, sizeof(*coverage));
	struct coverage_row *bind;

	assert_non_null(coverage);
	bind = &coverage->rows[COVERAGE_BIND];
	snprintf(coverage->release, sizeof(coverage->release), "6.1.0");
	snprintf(coverage->machine, sizeof(coverage->machine), "aarch64");
	bind->state = COVERAGE_PROVEN;
	bind->hooks[0] = EVMON_HOOK_CGROUP_POST_BIND4;
	bind->hooks[1] = EVMON_HOOK_CGROUP_POST_BIND6;
	bind->n_hooks = 2;
	bind->limits = "not seen: \"MPTCP\"";
	coverage_reject(bind, EVMON_HOOK_FEXIT_INET_BIND, "attach: not supported");
	return coverage;
}

static struct json_object *written(const struct coverage *coverage)
{
	_cleanup_(freep) char *text = malloc(ROOM);
	struct json_object *object;
	int n;

	assert_non_null(text);
	n = coverage_format(coverage, text, ROOM);
	assert_true(n > 0);
	object = json_of(text, (size_t)n);
	assert_non_null(object);
	return object;
}

static void json_has_every_role_in_order(void **state)
{
	static const char *const roles[] = { "tree",	  "snapshot",	"unit",
					     "listeners", "bind",	"bind-mptcp",
					     "bind-auto", "bind-sctp",	"bind-deny",
					     "held",	  "capability", "capability-deny",
					     "exec",	  "exec-deny",	"credentials",
					     "usb-tally", "usb",	"usb-deny" };
	_cleanup_(freep) struct coverage *coverage = make();
	struct json_object *object = written(coverage), *rows = member(object, "coverage"), *bind;

	(void)state;
	assert_int_equal(json_object_array_length(rows), COVERAGE_ROLE_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		assert_string_equal(member_string(json_object_array_get_idx(rows, i), "role"),
				    roles[i]);
	bind = json_object_array_get_idx(rows, COVERAGE_BIND);
	assert_string_equal(
		json_object_to_json_string_ext(bind, JSON_C_TO_STRING_NOSLASHESCAPE),
		"{\"role\":\"bind\",\"sensor\":\"bind\",\"state\":\"proven\","
		"\"hooks\":[\"cgroup/post_bind4\",\"cgroup/post_bind6\"],"
		"\"limits\":\"not seen: \\\"MPTCP\\\"\",\"reason\":null,\"tried\":[{\"hook\":"
		"\"fexit/inet_bind\",\"reason\":\"attach: not supported\"}]}");
	json_object_put(object);
}

static void state_follows_from_the_rows(void **state)
{
	_cleanup_(freep) struct coverage *coverage = make();
	struct json_object *object = written(coverage);

	(void)state;
	assert_string_equal(member_string(object, "schema"), "evmon.coverage/1");
	assert_string_equal(member_string(object, "kernel"), "6.1.0");
	assert_null(member(object, "lsm"));
	assert_string_equal(member_string(object, "state"), "degraded");
	assert_non_null(strstr(member_string(object, "reason"), "tree: no hook works here"));
	json_object_put(object);
	coverage->rows[COVERAGE_BIND].state = COVERAGE_BROKEN;
	object = written(coverage);
	assert_string_equal(member_string(object, "state"), "blind");
	json_object_put(object);
	for (unsigned i = 0; i < COVERAGE_ROLE_MAX; i++)
		coverage->rows[i].state = COVERAGE_PROVEN;
	object = written(coverage);
	assert_string_equal(member_string(object, "state"), "protecting");
	assert_null(member(object, "reason"));
	json_object_put(object);
}

static void why_a_row_is_not_proven_is_told(void **state)
{
	static const char why[] = "the canary's bind was refused: Permission denied";
	_cleanup_(freep) struct coverage *coverage = make();
	struct coverage_row *bind = &coverage->rows[COVERAGE_BIND];
	_cleanup_(freep) char *text = NULL;
	struct json_object *object;
	char reason[COVERAGE_REASON_MAX] = "";
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	assert_false(coverage_unproven(coverage, reason, sizeof(reason)));
	bind->state = COVERAGE_UNPROVEN;
	assert_false(coverage_unproven(coverage, reason, sizeof(reason)));
	snprintf(bind->reason, sizeof(bind->reason), "%s", why);
	assert_true(coverage_unproven(coverage, reason, sizeof(reason)));
	assert_string_equal(reason,
			    "bind is not proven: the canary's bind was refused: Permission denied");
	object = written(coverage);
	coverage_print(out, member(object, "coverage"), false);
	fclose(out);
	json_object_put(object);
	assert_non_null(strstr(text,
			       "\nbind            unproven   cgroup/post_bind4 cgroup/post_bind6\n"
			       "                             not seen: \"MPTCP\"\n"
			       "                             the canary's bind was refused: "
			       "Permission denied\n"));
}

static void small_buffer_is_an_error(void **state)
{
	_cleanup_(freep) struct coverage *coverage = make();
	char small[100];

	(void)state;
	assert_int_equal(coverage_format(coverage, small, sizeof(small)), -ENOSPC);
}

static void table_shows_hooks_limits_and_what_was_tried(void **state)
{
	_cleanup_(freep) struct coverage *coverage = make();
	struct json_object *object = written(coverage);
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	coverage_print(out, member(object, "coverage"), false);
	fclose(out);
	json_object_put(object);
	assert_int_equal(strncmp(text,
				 "ROLE            STATE      HOOKS AND LIMITS\n"
				 "tree            none       -\n",
				 62),
			 0);
	assert_non_null(strstr(text,
			       "\nbind            proven     cgroup/post_bind4 cgroup/post_bind6\n"
			       "                             not seen: \"MPTCP\"\n"));
	assert_non_null(strstr(text, "do not serve:\nbind            fexit/inet_bind: attach: not "
				     "supported\n"));
}

static void foreign_rows_do_no_harm(void **state)
{
	static const char *const rows[] = {
		"{\"coverage\":null}",
		"{\"coverage\":{}}",
		"{\"coverage\":[1]}",
		"{\"coverage\":[{\"hooks\":3}]}",
		"{\"coverage\":[{\"hooks\":[1,{}],\"tried\":[null,\"\\u001b\"]}]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_object *object = json_of(rows[i], strlen(rows[i]));
		_cleanup_(freep) char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(object);
		assert_non_null(out);
		coverage_print(out, member(object, "coverage"), false);
		fclose(out);
		assert_null(strchr(text, '\033'));
		json_object_put(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_every_role_in_order),
		cmocka_unit_test(state_follows_from_the_rows),
		cmocka_unit_test(why_a_row_is_not_proven_is_told),
		cmocka_unit_test(small_buffer_is_an_error),
		cmocka_unit_test(table_shows_hooks_limits_and_what_was_tried),
		cmocka_unit_test(foreign_rows_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
