// SPDX-License-Identifier: Apache-2.0
/* What rotation took is told by chain, from the cursor on, as often as it took something, and once
 * more by the next writer; what was delivered is not. */
#include "journal/lost.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/macros.h"
#include "journal/cursor.h"
#include "journal_help.h"

static void cursor_put(const struct place *place, const char *journal, uint64_t seq)
{
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];
	struct cursor cursor;

	assert_int_equal(lost_cursor_dir(place->state, path), 0);
	assert_int_equal(dir_open_make(path, 0755, &fd), 0);
	cursor_load(&cursor, fd);
	cursor_reset(&cursor, journal, 1);
	cursor_move(&cursor, seq, 1);
	assert_int_equal(cursor_save(&cursor, 1), 0);
}

static int take(const struct place *place, struct journal *journal, struct lost *ret_lost)
{
	char path[PATH_MAX];

	assert_int_equal(lost_cursor_dir(place->state, path), 0);
	return lost_take(journal, path, ret_lost);
}

/* Routine lines until one of their segments goes; the seq of the last. */
static uint64_t rotate(const struct place *place, struct journal *journal, struct lost *ret_lost)
{
	for (unsigned i = 0; i < 5000; i++) {
		uint64_t seq = add_line(journal, false, i);

		if (take(place, journal, ret_lost) > 0)
			return seq;
	}
	fail_msg("it does not rotate");
	return 0;
}

static void directory_is_beside_the_state(void **state)
{
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(lost_cursor_dir("/var/lib/evmon", path), 0);
	assert_string_equal(path, "/var/lib/evmon-publish");
	assert_int_equal(lost_cursor_dir("a/b//", path), 0);
	assert_string_equal(path, "a/b-publish");
}

static void range_grows_from_the_cursor(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, 1);
	struct journal_heads heads;
	struct lost lost, more;
	uint64_t seq;

	journal_get_heads(journal, &heads);
	for (unsigned i = 0; i < 10; i++)
		add_line(journal, true, i);
	cursor_put(place, heads.id, 7);
	seq = rotate(place, journal, &lost);
	assert_string_equal(lost.chain, "routine");
	assert_int_equal(lost.from, 8);
	assert_in_range(lost.to, 11, seq - 1);
	assert_int_equal(lost.cursor_err, 0);
	assert_int_equal(take(place, journal, &more), 0);
	rotate(place, journal, &more);
	assert_int_equal(more.from, 8);
	assert_true(more.to > lost.to);
	journal_close(journal);
	/* The next writer can't know whether that was still told. */
	journal = place_open(place, 1);
	assert_int_equal(take(place, journal, &lost), 1);
	assert_int_equal(lost.from, more.from);
	assert_int_equal(lost.to, more.to);
	assert_int_equal(take(place, journal, &lost), 0);
	/* What was delivered by then was not lost. */
	cursor_put(place, heads.id, more.to + 20);
	seq = rotate(place, journal, &lost);
	assert_int_equal(lost.from, more.to + 21);
	assert_in_range(lost.to, lost.from, seq - 1);
	journal_close(journal);
}

static void delivered_lines_are_not_lost(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, 1);
	struct journal_heads heads;
	struct lost lost;
	uint64_t to;

	journal_get_heads(journal, &heads);
	cursor_put(place, heads.id, UINT64_MAX);
	for (unsigned i = 0; i < 5000; i++) {
		add_line(journal, false, i);
		assert_int_equal(take(place, journal, &lost), 0);
	}
	journal_close(journal);
	journal = place_open(place, 1);
	/* It did rotate. */
	assert_true(journal_take_removed(journal, CHAIN_ROUTINE, &to));
	assert_true(to > 0);
	assert_false(journal_take_removed(journal, CHAIN_URGENT, &to));
	journal_close(journal);
}

static void cursor_of_another_journal_has_delivered_nothing(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, 1);
	struct lost lost;

	cursor_put(place, "00000000", UINT64_MAX);
	rotate(place, journal, &lost);
	assert_int_equal(lost.from, 1);
	assert_int_equal(lost.cursor_err, 0);
	journal_close(journal);
}

static void no_cursor_has_delivered_nothing(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, 1);
	struct lost lost;

	rotate(place, journal, &lost);
	assert_int_equal(lost.from, 1);
	assert_int_equal(lost.cursor_err, 0);
	journal_close(journal);
}

static void cursor_that_cannot_be_read_is_said(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, 1);
	_cleanup_(closep) int fd = -1;
	char path[PATH_MAX];
	struct lost lost;

	assert_int_equal(lost_cursor_dir(place->state, path), 0);
	assert_int_equal(dir_open_make(path, 0755, &fd), 0);
	assert_int_equal(file_write_atomic(fd, "cursor", "?", 1, 0644), 0);
	rotate(place, journal, &lost);
	assert_int_equal(lost.from, 1);
	assert_int_equal(lost.cursor_err, -EBADMSG);
	journal_close(journal);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directory_is_beside_the_state),
		WITH_PLACE(range_grows_from_the_cursor),
		WITH_PLACE(delivered_lines_are_not_lost),
		WITH_PLACE(cursor_of_another_journal_has_delivered_nothing),
		WITH_PLACE(no_cursor_has_delivered_nothing),
		WITH_PLACE(cursor_that_cannot_be_read_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
