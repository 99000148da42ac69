// SPDX-License-Identifier: Apache-2.0
/* Verify: whatever is changed or taken away is found. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/journal.h"
#include "journal/reader.h"
#include "journal_help.h"

#define SMALL 1u

static void fill_both_chains(const struct place *place)
{
	struct journal *journal = place_open(place, SMALL);

	for (unsigned i = 0; i < 6; i++)
		add_line(journal, i % 2, i);
	journal_close(journal);
}

static void check_flips(const struct place *place, const char *chain)
{
	char path[160], error[256], *data;
	size_t size, lines;
	uint64_t n;

	segment_path(place, chain, 1, path);
	data = slurp(path, &size);
	lines = strlen(data);
	/* Each byte of the lines, and behind them a sample of the zeros. */
	for (size_t i = 0; i < size; i += i < lines + 64 ? 1 : 997) {
		data[i] ^= (char)(1 << i % 8);
		spit(path, data, size);
		assert_int_equal(journal_verify(place->state, error, sizeof(error), &n), -EBADMSG);
		data[i] ^= (char)(1 << i % 8);
	}
	spit(path, data, size);
	free(data);
}

static void verify_finds_any_flipped_byte(void **state)
{
	const struct place *place = *state;
	char error[256];
	uint64_t n = 0;

	fill_both_chains(place);
	check_flips(place, "urgent");
	check_flips(place, "routine");
	assert_int_equal(journal_verify(place->state, error, sizeof(error), &n), 0);
	assert_int_equal(n, 6);
}

static void verify_names_missing_segments_and_lines(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char path[160], away[180], error[256] = "";
	uint64_t n;

	for (unsigned i = 0; i < 400; i++)
		add_line(journal, true, i);
	add_line(journal, false, 1);
	journal_close(journal);
	for (unsigned i = 1; i < 4; i++) {
		segment_path(place, "urgent", i, path);
		snprintf(away, sizeof(away), "%s.away", path);
		assert_int_equal(rename(path, away), 0);
		/* The first one may have been rotated away, for all that the files say. */
		assert_int_equal(journal_verify(place->state, error, sizeof(error), &n),
				 i == 1 ? 0 : -EBADMSG);
		assert_int_equal(rename(away, path), 0);
	}
	segment_path(place, "urgent", 4, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(journal_verify(place->state, error, sizeof(error), &n), -EBADMSG);
}

static void verify_passes_while_the_writer_goes_on(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char error[256];
	uint64_t n;

	for (unsigned i = 0; i < 1500; i++) {
		add_line(journal, i % 3 == 0, i);
		if (i % 50 == 0)
			assert_int_equal(journal_verify(place->state, error, sizeof(error), &n), 0);
	}
	journal_close(journal);
	assert_int_equal(journal_verify(place->state, error, sizeof(error), &n), 0);
	assert_true(n < 1500);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(verify_finds_any_flipped_byte),
		WITH_PLACE(verify_names_missing_segments_and_lines),
		WITH_PLACE(verify_passes_while_the_writer_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
