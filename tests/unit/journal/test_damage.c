// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever the files hold, reading ends, tells, and gives what is whole; the writer opens, goes on,
 * and what it writes then is read. Seeded, so that a failure comes back.
 */
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

enum {
	ROUNDS = 200,
	LINES = 120
};

/* Reads to the end; each step must lead on. The last seq; *ret_told how often damage was told. */
static uint64_t read_all(const struct place *place, unsigned *ret_told, unsigned *ret_lines)
{
	struct journal_reader *reader = NULL;
	struct journal_lost lost;
	struct journal_line line;
	uint64_t last = 0;
	int r;

	*ret_told = *ret_lines = 0;
	assert_int_equal(journal_reader_open(place->state, place->run, &reader), 0);
	assert_int_equal(journal_reader_seek(reader, 0), 0);
	while ((r = journal_reader_next(reader, &line)) != 0) {
		assert_true(r == 1 || r == -EBADMSG);
		*ret_told += r < 0;
		*ret_lines += r > 0;
		assert_true(*ret_told + *ret_lines < 100000);
		if (r > 0)
			last = line.seq;
		else
			assert_true(*journal_reader_error(reader));
	}
	/* The end of a chain that was cut off shows as a hole in seq, as rotation does. */
	journal_reader_get_lost(reader, &lost);
	*ret_told += lost.lines > 0;
	journal_reader_close(reader);
	return last;
}

static void mutate(char *data, size_t *size)
{
	size_t lines = strnlen(data, *size), at = (size_t)rand() % (lines + 1);
	size_t n = (size_t)rand() % 300, from = (size_t)rand() % (lines + 1);

	n = MIN(n, *size - MAX(at, from));
	switch (rand() % 6) {
	case 0:
		data[at] = (char)rand();
		break;
	case 1:
		memset(data + at, 0, n);
		break;
	case 2:
		memset(data + at, '\n', n);
		break;
	case 3:
		memmove(data + at, data + from, n);
		break;
	case 4:
		for (size_t i = 0; i < n; i++)
			data[at + i] = (char)rand();
		break;
	default:
		*size = at;
		break;
	}
}

static void mutate_segment(const struct place *place)
{
	char path[160], *data;
	size_t size;

	segment_path(place, rand() % 2 ? "urgent" : "routine", 1 + (unsigned)rand() % 2, path);
	if (access(path, F_OK) < 0)
		return;
	data = slurp(path, &size);
	for (int i = rand() % 3; i >= 0 && size > 0; i--)
		mutate(data, &size);
	spit(path, data, size);
	free(data);
}

static void fill(const struct place *place)
{
	struct journal *journal = place_open(place, SMALL);

	for (unsigned i = 0; i < LINES; i++)
		add_line(journal, i % 5 != 0, i);
	journal_close(journal);
}

static void any_damage_is_survived(void **state)
{
	struct place *place = *state;
	unsigned told, lines, damaged = 0;

	srand(11);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct journal *journal;
		uint64_t seq, last, verified;
		char error[256];

		fill(place);
		mutate_segment(place);
		read_all(place, &told, &lines);
		/* What is not given is told. */
		assert_true(lines == LINES || told > 0);
		damaged += lines < LINES;
		journal_verify(place->state, error, sizeof(error), &verified);
		journal = place_open(place, SMALL);
		seq = add_line(journal, round % 2, round);
		assert_true(seq > LINES - 1 || journal_recovered(journal) ||
			    journal_notice(journal));
		journal_close(journal);
		last = read_all(place, &told, &lines);
		assert_int_equal(last, seq);
		place_remove(place);
		place_make(place);
	}
	assert_true(damaged > ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_damage_is_survived, place_set_up,
						place_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
