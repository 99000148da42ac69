// SPDX-License-Identifier: Apache-2.0
/* The reader: order, following, the mark, what is lost and what is damaged. */
#include "journal/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "journal/head.h"
#include "journal/journal.h"
#include "journal_help.h"

#define SMALL 1u

static struct journal_reader *reader_at(const struct place *place, const char *run, uint64_t after)
{
	struct journal_reader *reader = NULL;

	assert_int_equal(journal_reader_open(place->state, run, &reader), 0);
	assert_int_equal(journal_reader_seek(reader, after), 0);
	return reader;
}

/* The next line must be this one. */
static void assert_next(struct journal_reader *reader, uint64_t seq)
{
	struct journal_line line;
	char expected[32];

	assert_int_equal(journal_reader_next(reader, &line), 1);
	assert_int_equal(line.seq, seq);
	snprintf(expected, sizeof(expected), "\"seq\":%u,", (unsigned)seq);
	assert_non_null(memmem(line.text, line.length, expected, strlen(expected)));
	assert_int_equal(line.text[line.length - 1], '}');
}

static void assert_nothing(struct journal_reader *reader)
{
	struct journal_line line;

	assert_int_equal(journal_reader_next(reader, &line), 0);
}

static bool readable(struct journal_reader *reader, int timeout_ms)
{
	struct pollfd fd = { .fd = journal_reader_fd(reader), .events = POLLIN };

	return poll(&fd, 1, timeout_ms) == 1;
}

static void lines_come_in_order_over_both_chains(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader;

	for (unsigned i = 0; i < 600; i++)
		add_line(journal, i % 7 < 3, i);
	assert_int_equal(journal_sync(journal), 0);
	for (uint64_t after = 0; after <= 600; after += 37) {
		reader = reader_at(place, place->run, after);
		for (uint64_t seq = after + 1; seq <= 600; seq++)
			assert_next(reader, seq);
		assert_nothing(reader);
		journal_reader_close(reader);
	}
	journal_close(journal);
}

static void reader_stops_at_the_mark(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader = reader_at(place, place->run, 0);
	struct journal_reader *all = reader_at(place, NULL, 0);

	add_line(journal, true, 1);
	assert_nothing(reader);
	assert_next(all, 1);
	assert_int_equal(journal_sync(journal), 0);
	add_line(journal, true, 2);
	assert_next(reader, 1);
	assert_nothing(reader);
	assert_int_equal(journal_reader_synced(reader), 1);
	assert_int_equal(journal_sync(journal), 0);
	assert_next(reader, 2);
	assert_nothing(reader);
	journal_reader_close(all);
	journal_reader_close(reader);
	journal_close(journal);
}

static void without_mark_and_writer_all_that_is_whole_is_read(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader;

	add_line(journal, true, 1);
	journal_close(journal);
	assert_int_equal(unlinkat(place->run_fd, "synced", 0), 0);
	reader = reader_at(place, place->run, 0);
	assert_next(reader, 1);
	assert_nothing(reader);
	journal_reader_close(reader);
	/* With a writer the mark is what counts, also while it is not there. */
	journal = place_open(place, SMALL);
	assert_int_equal(unlinkat(place->run_fd, "synced", 0), 0);
	reader = reader_at(place, place->run, 0);
	assert_nothing(reader);
	journal_reader_close(reader);
	journal_close(journal);
}

static void reader_follows_while_the_writer_rotates(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader = reader_at(place, place->run, 0);
	struct journal_lost lost;
	uint64_t seen = 0, seq = 0;

	srand(7);
	while (seq < 4000) {
		/* Never more than one segment behind. */
		for (int n = rand() % 50; n >= 0; n--)
			seq = add_line(journal, rand() % 3 == 0, (unsigned)seq);
		assert_int_equal(journal_sync(journal), 0);
		while (seen < seq)
			assert_next(reader, ++seen);
		assert_nothing(reader);
	}
	journal_reader_get_lost(reader, &lost);
	assert_int_equal(lost.lines, 0);
	journal_reader_close(reader);
	journal_close(journal);
}

static void what_rotation_dropped_is_counted_exactly(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader = reader_at(place, place->run, 0);
	struct journal_lost lost;
	struct journal_line line;
	uint64_t seen = 0, last = 0;

	for (unsigned i = 0; i < 3000; i++)
		add_line(journal, i % 10 != 0, i);
	assert_int_equal(journal_sync(journal), 0);
	while (journal_reader_next(reader, &line) == 1) {
		assert_true(line.seq > last);
		last = line.seq;
		seen++;
	}
	journal_reader_get_lost(reader, &lost);
	assert_int_equal(last, 3000);
	assert_true(lost.lines > 1000);
	assert_int_equal(seen + lost.lines, 3000);
	assert_true(lost.to < 3000);
	journal_reader_close(reader);
	journal_close(journal);
}

static void reader_keeps_pace_with_a_writer_in_another_process(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, 8 << 20);
	struct journal_reader *reader = reader_at(place, place->run, 0);
	uint64_t seen = 0;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		for (unsigned i = 0; i < 6000; i++) {
			add_line(journal, i % 5 == 0, i);
			if (i % 20 == 0)
				journal_sync(journal);
		}
		journal_sync(journal);
		_exit(0);
	}
	while (seen < 6000) {
		struct journal_line line;
		int r;

		assert_true(readable(reader, 60000));
		journal_reader_drain(reader);
		while ((r = journal_reader_next(reader, &line)) == 1)
			assert_int_equal(line.seq, ++seen);
		assert_int_equal(r, 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	journal_reader_close(reader);
	journal_close(journal);
}

static void fd_tells_of_sync_and_of_the_writers_end(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader = reader_at(place, place->run, 0);

	journal_reader_drain(reader);
	add_line(journal, true, 1);
	assert_false(readable(reader, 0));
	assert_int_equal(journal_sync(journal), 0);
	assert_true(readable(reader, 0));
	journal_reader_drain(reader);
	assert_false(readable(reader, 0));
	journal_close(journal);
	assert_true(readable(reader, 0));
	journal_reader_close(reader);
}

static void fd_tells_of_writes_when_there_is_no_runtime_directory(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader = reader_at(place, NULL, 0);

	journal_reader_drain(reader);
	add_line(journal, true, 1);
	assert_true(readable(reader, 0));
	journal_reader_drain(reader);
	assert_next(reader, 1);
	journal_reader_close(reader);
	journal_close(journal);
}

static void runtime_directory_that_comes_back_is_watched_again(void **state)
{
	struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader = reader_at(place, place->run, 0);

	add_line(journal, true, 1);
	journal_close(journal);
	assert_next(reader, 1);
	assert_int_equal(unlinkat(place->run_fd, "synced", 0), 0);
	assert_int_equal(rmdir(place->run), 0);
	close(place->run_fd);
	assert_true(readable(reader, 0));
	journal_reader_drain(reader);
	assert_nothing(reader);
	assert_int_equal(dir_open_make(place->run, 0700, &place->run_fd), 0);
	journal = place_open(place, SMALL);
	add_line(journal, true, 2);
	/* Told by the write; not yet synced. */
	assert_true(readable(reader, 0));
	journal_reader_drain(reader);
	assert_nothing(reader);
	assert_int_equal(journal_sync(journal), 0);
	assert_true(readable(reader, 0));
	journal_reader_drain(reader);
	assert_next(reader, 2);
	journal_reader_close(reader);
	journal_close(journal);
}

/* Changes one byte of a segment, `behind` the n-th newline. */
static void change(const struct place *place, const char *chain, unsigned newline, size_t behind,
		   char value)
{
	char path[160], *data, *at;
	size_t size;

	segment_path(place, chain, 1, path);
	at = data = slurp(path, &size);
	while (newline--)
		at = strchr(at, '\n') + 1;
	assert_int_not_equal(at[behind], value);
	at[behind] = value;
	spit(path, data, size);
	free(data);
}

static void damaged_line_is_told_once_and_the_rest_is_given(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader;
	struct journal_lost lost;
	struct journal_line line;

	for (unsigned i = 0; i < 5; i++)
		add_line(journal, true, i);
	journal_close(journal);
	change(place, "urgent", 2, 200, '~');
	reader = reader_at(place, place->run, 0);
	assert_next(reader, 1);
	assert_next(reader, 2);
	assert_int_equal(journal_reader_next(reader, &line), -EBADMSG);
	assert_non_null(strstr(journal_reader_error(reader), "hash"));
	assert_next(reader, 4);
	assert_next(reader, 5);
	assert_nothing(reader);
	journal_reader_get_lost(reader, &lost);
	assert_int_equal(lost.lines, 1);
	assert_int_equal(lost.from, 3);
	assert_int_equal(lost.to, 3);
	journal_reader_close(reader);
	/* Who has passed the place is not told of it again; who stands before it is. */
	reader = reader_at(place, place->run, 4);
	assert_next(reader, 5);
	journal_reader_close(reader);
	reader = reader_at(place, place->run, 2);
	assert_int_equal(journal_reader_next(reader, &line), -EBADMSG);
	assert_next(reader, 4);
	journal_reader_close(reader);
}

static void synced_lines_behind_a_nul_are_found(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader;
	struct journal_line line;
	int r, damage = 0;
	uint64_t last = 0;

	for (unsigned i = 0; i < 5; i++)
		add_line(journal, true, i);
	journal_close(journal);
	change(place, "urgent", 1, 100, '\0');
	reader = reader_at(place, place->run, 0);
	while ((r = journal_reader_next(reader, &line)) != 0) {
		assert_true(r == 1 || r == -EBADMSG);
		damage += r < 0;
		last = r > 0 ? line.seq : last;
		assert_true(damage < 5);
	}
	assert_true(damage > 0);
	assert_int_equal(last, 5);
	journal_reader_close(reader);
}

static void line_taken_out_whole_is_damage(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader;
	struct journal_line line;
	char path[160], *data, *second, *third;
	size_t size;

	for (unsigned i = 0; i < 4; i++)
		add_line(journal, true, i);
	journal_close(journal);
	segment_path(place, "urgent", 1, path);
	data = slurp(path, &size);
	second = strchr(data, '\n') + 1;
	third = strchr(second, '\n') + 1;
	memmove(second, third, size - (size_t)(third - data));
	spit(path, data, size);
	free(data);
	reader = reader_at(place, place->run, 0);
	assert_next(reader, 1);
	assert_int_equal(journal_reader_next(reader, &line), -EBADMSG);
	assert_non_null(strstr(journal_reader_error(reader), "prev"));
	assert_next(reader, 3);
	assert_next(reader, 4);
	journal_reader_close(reader);
}

static void synced_lines_that_vanished_are_told(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader;
	struct journal_lost lost;
	struct journal_line line;
	char path[160], *data;
	size_t size, kept;

	for (unsigned i = 0; i < 4; i++)
		add_line(journal, true, i);
	journal_close(journal);
	segment_path(place, "urgent", 1, path);
	data = slurp(path, &size);
	kept = (size_t)(strchr(data, '\n') + 1 - data);
	memset(data + kept, 0, size - kept);
	spit(path, data, size);
	free(data);
	reader = reader_at(place, place->run, 0);
	assert_next(reader, 1);
	assert_int_equal(journal_reader_next(reader, &line), -EBADMSG);
	assert_non_null(strstr(journal_reader_error(reader), "lines 2 to 4"));
	assert_nothing(reader);
	journal_reader_get_lost(reader, &lost);
	assert_int_equal(lost.lines, 3);
	journal_reader_close(reader);
}

static void damaged_mark_is_told_once_and_waited_out(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader;
	struct journal_line line;

	add_line(journal, true, 1);
	assert_int_equal(journal_sync(journal), 0);
	reader = reader_at(place, place->run, 0);
	assert_next(reader, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(file_write_atomic(place->run_fd, "synced", "?", 1, 0644), 0);
		assert_int_equal(journal_reader_next(reader, &line), -EBADMSG);
		assert_non_null(strstr(journal_reader_error(reader), "synced"));
		assert_nothing(reader);
		assert_nothing(reader);
		add_line(journal, true, 2 + i);
		assert_int_equal(journal_sync(journal), 0);
		assert_next(reader, 2 + i);
	}
	journal_reader_close(reader);
	journal_close(journal);
}

static void another_journal_in_its_place_is_stale(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_reader *reader;
	struct journal_line line;
	struct mark mark = { .id = "00000000", .seq = 9 };

	add_line(journal, true, 1);
	journal_close(journal);
	reader = reader_at(place, place->run, 0);
	assert_int_equal(mark_write(place->run_fd, &mark), 0);
	assert_int_equal(journal_reader_next(reader, &line), -ESTALE);
	journal_reader_close(reader);
}

static void no_journal_is_enoent(void **state)
{
	const struct place *place = *state;
	struct journal_reader *reader = NULL;
	char error[64];
	uint64_t lines;

	assert_int_equal(journal_reader_open(place->state, place->run, &reader), -ENOENT);
	assert_null(reader);
	assert_int_equal(journal_verify(place->state, error, sizeof(error), &lines), -ENOENT);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(lines_come_in_order_over_both_chains),
		WITH_PLACE(reader_stops_at_the_mark),
		WITH_PLACE(without_mark_and_writer_all_that_is_whole_is_read),
		WITH_PLACE(reader_follows_while_the_writer_rotates),
		WITH_PLACE(what_rotation_dropped_is_counted_exactly),
		WITH_PLACE(reader_keeps_pace_with_a_writer_in_another_process),
		WITH_PLACE(fd_tells_of_sync_and_of_the_writers_end),
		WITH_PLACE(fd_tells_of_writes_when_there_is_no_runtime_directory),
		WITH_PLACE(runtime_directory_that_comes_back_is_watched_again),
		WITH_PLACE(damaged_line_is_told_once_and_the_rest_is_given),
		WITH_PLACE(synced_lines_behind_a_nul_are_found),
		WITH_PLACE(line_taken_out_whole_is_damage),
		WITH_PLACE(synced_lines_that_vanished_are_told),
		WITH_PLACE(damaged_mark_is_told_once_and_waited_out),
		WITH_PLACE(another_journal_in_its_place_is_stale),
		WITH_PLACE(no_journal_is_enoent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
