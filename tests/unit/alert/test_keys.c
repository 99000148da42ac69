// SPDX-License-Identifier: Apache-2.0
/* The table behind aggregation stays bounded, whoever fills it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/compact.h"
#include "alert/keys.h"
#include "alert_help.h"

static struct evmon_tally_key key_of(unsigned number)
{
	struct evmon_tally_key key = { .rule = EVMON_RULE_BIND_ADMIN_PANEL };

	key.object.exec.ino = number;
	return key;
}

static void keys_are_found_walked_and_removed(void **state)
{
	_cleanup_(keys_freep) struct keys *keys = NULL;
	struct evmon_tally_key key = key_of(1);
	struct key_entry *kernel, *own, *again;
	size_t n = 0;

	(void)state;
	assert_int_equal(keys_new(&keys), 0);
	assert_null(keys_find(keys, &key, false));
	assert_int_equal(keys_get(keys, &key, false, &kernel), 0);
	assert_int_equal(keys_get(keys, &key, true, &own), 0);
	assert_ptr_not_equal(kernel, own);
	assert_int_equal(keys_get(keys, &key, false, &again), 0);
	assert_ptr_equal(kernel, again);
	for (unsigned i = 2; i < 3000; i++) {
		key = key_of(i);
		assert_int_equal(keys_get(keys, &key, false, &again), 0);
	}
	for (struct key_entry *e = NULL; (e = keys_next(keys, e));)
		n++;
	assert_int_equal(n, 3000);
	for (struct key_entry *e = keys_next(keys, NULL), *next; e; e = next) {
		next = keys_next(keys, e);
		if (!e->own)
			keys_remove(keys, e);
	}
	assert_ptr_equal(keys_next(keys, NULL), own);
	assert_null(keys_next(keys, own));
}

static void full_table_lets_in_overflow_entries_only(void **state)
{
	_cleanup_(keys_freep) struct keys *keys = NULL;
	struct evmon_tally_key key, overflow;
	struct key_entry *e;

	(void)state;
	assert_int_equal(keys_new(&keys), 0);
	for (unsigned i = 0; i < KEYS_OWN_MAX; i++) {
		key = key_of(i);
		assert_int_equal(keys_get(keys, &key, true, &e), 0);
	}
	key = key_of(KEYS_OWN_MAX);
	assert_int_equal(keys_get(keys, &key, true, &e), -ENOSPC);
	assert_int_equal(keys_get(keys, &key, false, &e), 0);
	overflow = key_overflow(&key);
	assert_int_equal(keys_get(keys, &overflow, true, &e), 0);
	key = key_of(0);
	keys_remove(keys, keys_find(keys, &key, true));
	key = key_of(KEYS_OWN_MAX);
	assert_int_equal(keys_get(keys, &key, true, &e), 0);
}

static void kept_alerts_lose_their_texts_beyond_a_bound(void **state)
{
	_cleanup_(keys_freep) struct keys *keys = NULL;
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);
	struct alert *back = calloc(1, sizeof(*back));
	struct key_entry *e = NULL;
	size_t kept = 0;

	assert_non_null(back);
	alert_from_event(stage->alert, &event, stage->modules, stage->policy);
	memset(stage->alert->process.exe, 'x', PROCESS_PATH_MAX - 1);
	memset(stage->alert->process.cgroup, 'x', PROCESS_PATH_MAX - 1);
	assert_int_equal(keys_new(&keys), 0);
	for (unsigned i = 0; i < 4096; i++) {
		struct evmon_tally_key key = key_of(i);

		assert_int_equal(keys_get(keys, &key, false, &e), 0);
		for (unsigned again = 0; again < 2; again++)
			assert_int_equal(keys_keep(keys, e, stage->alert), 0);
		kept += e->kept_size;
	}
	assert_true(kept < (4U << 20) + 4096 * 600);
	compact_unpack(e->kept, e->kept_size, back);
	assert_string_equal(back->message, stage->alert->message);
	assert_int_equal(back->process.pid, stage->alert->process.pid);
	assert_string_equal(back->process.exe, "");
	assert_true(back->process.truncated);
	assert_false(back->process.args_known);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_walked_and_removed),
		cmocka_unit_test(full_table_lets_in_overflow_entries_only),
		cmocka_unit_test_setup_teardown(kept_alerts_lose_their_texts_beyond_a_bound,
						stage_open, stage_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
