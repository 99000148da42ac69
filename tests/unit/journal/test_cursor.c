// SPDX-License-Identifier: Apache-2.0
/* The cursor comes back, is saved in batches, and is not believed when it is damaged. */
#include "journal/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/macros.h"
#include "journal_help.h"

#define SECOND_NS 1000000000ULL

static void what_is_saved_comes_back(void **state)
{
	const struct place *place = *state;
	struct cursor cursor, again;

	assert_int_equal(cursor_load(&cursor, place->run_fd), -ENOENT);
	assert_int_equal(cursor.seq, 0);
	cursor_reset(&cursor, "9f2c61d0", 1);
	cursor_move(&cursor, UINT64_MAX, 1);
	assert_int_equal(cursor_save(&cursor, 1), 0);
	assert_int_equal(cursor_load(&again, place->run_fd), 0);
	assert_true(again.seq == UINT64_MAX);
	assert_string_equal(again.journal, "9f2c61d0");
	assert_true(cursor_deadline(&again) == UINT64_MAX);
}

static void saving_waits_for_a_batch_or_a_second(void **state)
{
	const struct place *place = *state;
	struct cursor cursor;

	cursor_load(&cursor, place->run_fd);
	assert_true(cursor_deadline(&cursor) == UINT64_MAX);
	cursor_move(&cursor, 1, 5 * SECOND_NS);
	cursor_move(&cursor, 2, 5 * SECOND_NS + 500);
	assert_true(cursor_deadline(&cursor) == 6 * SECOND_NS);
	for (uint64_t seq = 3; seq <= 31; seq++)
		cursor_move(&cursor, seq, 5 * SECOND_NS + 500);
	assert_true(cursor_deadline(&cursor) == 6 * SECOND_NS);
	cursor_move(&cursor, 32, 5 * SECOND_NS + 500);
	assert_true(cursor_deadline(&cursor) <= 5 * SECOND_NS + 500);
	assert_int_equal(cursor_save(&cursor, 5 * SECOND_NS + 600), 0);
	assert_true(cursor_deadline(&cursor) == UINT64_MAX);
	/* It never goes back. */
	cursor_move(&cursor, 7, 9 * SECOND_NS);
	assert_int_equal(cursor.seq, 32);
	assert_true(cursor_deadline(&cursor) == UINT64_MAX);
}

static void failed_save_is_due_again_later(void **state)
{
	const struct place *place = *state;
	int nowhere = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cursor cursor, again;

	assert_true(nowhere >= 0);
	cursor_load(&cursor, nowhere);
	cursor_reset(&cursor, "9f2c61d0", 0);
	cursor_move(&cursor, 9, 0);
	assert_true(cursor_save(&cursor, SECOND_NS) < 0);
	assert_true(cursor_deadline(&cursor) == 16 * SECOND_NS);
	close(nowhere);
	cursor.dir_fd = place->run_fd;
	assert_int_equal(cursor_save(&cursor, 16 * SECOND_NS), 0);
	assert_int_equal(cursor_load(&again, place->run_fd), 0);
	assert_int_equal(again.seq, 9);
}

static void damaged_cursor_is_no_cursor(void **state)
{
	static const char *const cases[] = {
		"",
		"9f2c61d0",
		"9f2c61d0 ",
		"9f2c61d0 x\n",
		"9f2c61d0 17",
		"9f2c61d0 17\n\n",
		"9f2c61d0 -1\n",
		"9f2c61d0 +1\n",
		"9f2c61d0 017\n",
		"9f2c61d0 18446744073709551616\n",
		"9f2c61 17\n",
		"9F2C61D0 17\n",
		"9f2c61d0  17\n",
		"9f2c61d0 17 rest\n",
	};
	const struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cursor cursor;

		assert_int_equal(file_write_atomic(place->run_fd, "cursor", cases[i],
						   strlen(cases[i]), 0600),
				 0);
		assert_int_equal(cursor_load(&cursor, place->run_fd), -EBADMSG);
		assert_int_equal(cursor.seq, 0);
		assert_string_equal(cursor.journal, "");
	}
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(what_is_saved_comes_back),
		WITH_PLACE(saving_waits_for_a_batch_or_a_second),
		WITH_PLACE(failed_save_is_due_again_later),
		WITH_PLACE(damaged_cursor_is_no_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
