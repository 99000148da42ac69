// SPDX-License-Identifier: Apache-2.0
/* The writer: what it puts where, how it rotates, and what it makes of what it finds at open. */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/head.h"
#include "journal/reader.h"
#include "journal_help.h"

#define SMALL 1u /* the least space there is: 8 segments of 64 KiB a chain */

static void assert_whole(const struct place *place, uint64_t lines)
{
	char error[256] = "";
	uint64_t n = 0;

	assert_int_equal(journal_verify(place->state, error, sizeof(error), &n), 0);
	assert_int_equal(n, lines);
}

static void chains_share_seq_and_keep_their_own_hash(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_heads before, after;

	assert_int_equal(add_line(journal, true, 1), 1);
	journal_get_heads(journal, &before);
	assert_int_equal(add_line(journal, false, 2), 2);
	assert_int_equal(add_line(journal, false, 3), 3);
	journal_get_heads(journal, &after);
	assert_int_equal(after.seq, 3);
	assert_string_equal(before.urgent, after.urgent);
	assert_string_not_equal(before.routine, after.routine);
	assert_string_equal(before.routine, line_origin);
	journal_close(journal);
	assert_whole(place, 3);
}

static void modes_let_the_group_read(void **state)
{
	const struct place *place = *state;
	struct journal *journal;
	mode_t before = umask(0077);
	char path[160];
	struct stat st;

	journal = place_open(place, SMALL);
	add_line(journal, true, 1);
	umask(before);
	snprintf(path, sizeof(path), "%s/journal", place->state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 02750);
	segment_path(place, "urgent", 1, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	journal_close(journal);
}

static void second_writer_is_refused_and_seen(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL), *other = NULL;
	struct journal_reader *reader = NULL;

	assert_int_equal(place_try_open(place, SMALL, &other), -EBUSY);
	assert_int_equal(journal_reader_open(place->state, place->run, &reader), 0);
	assert_int_equal(journal_reader_written(reader), 1);
	journal_close(journal);
	assert_int_equal(journal_reader_written(reader), 0);
	journal_reader_close(reader);
	/* Asking did not take the lock. */
	journal = place_open(place, SMALL);
	journal_close(journal);
}

static void mark_moves_with_sync_only(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct mark mark;

	assert_false(journal_dirty(journal));
	add_line(journal, false, 1);
	add_line(journal, false, 2);
	assert_true(journal_dirty(journal));
	assert_int_equal(mark_read(place->run_fd, &mark), 0);
	assert_int_equal(mark.seq, 0);
	assert_int_equal(journal_sync(journal), 0);
	assert_false(journal_dirty(journal));
	assert_int_equal(mark_read(place->run_fd, &mark), 0);
	assert_int_equal(mark.seq, 2);
	journal_close(journal);
}

static void active_segment_is_preallocated_and_closed_one_is_plain(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char path[160];
	struct stat st;
	size_t size;
	char *data;

	for (unsigned i = 0; i < 150; i++)
		add_line(journal, true, i);
	journal_close(journal);
	segment_path(place, "urgent", 1, path);
	data = slurp(path, &size);
	assert_null(memchr(data, 0, size));
	assert_int_equal(data[size - 1], '\n');
	free(data);
	segment_path(place, "urgent", 2, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 65536);
	assert_whole(place, 150);
}

static void rotation_keeps_each_chain_in_its_space(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char path[160];
	struct stat st;

	add_line(journal, false, 0);
	for (unsigned i = 0; i < 2000; i++)
		add_line(journal, true, i);
	journal_close(journal);
	segment_path(place, "urgent", 1, path);
	assert_int_equal(access(path, F_OK), -1);
	/* Noise in one chain does not push out the other. */
	segment_path(place, "routine", 1, path);
	assert_int_equal(access(path, F_OK), 0);
	for (unsigned i = 1, n = 0, sum = 0; i < 100; i++) {
		segment_path(place, "urgent", i, path);
		if (stat(path, &st) < 0)
			continue;
		n++;
		sum += (unsigned)st.st_size;
		assert_true(n <= 8 && sum <= 8 * 65536);
	}
	assert_int_equal(place_try_open(place, SMALL, &journal), 0);
	assert_int_equal(add_line(journal, true, 1), 2002);
	journal_close(journal);
}

static void seq_goes_on_after_each_open(void **state)
{
	const struct place *place = *state;
	uint64_t seq = 0;

	for (unsigned i = 0; i < 20; i++) {
		struct journal *journal = place_open(place, SMALL);

		assert_null(journal_notice(journal));
		assert_int_equal(journal_recovered(journal), 0);
		for (unsigned j = 0; j < i; j++)
			assert_int_equal(add_line(journal, (i + j) % 3 == 0, j), ++seq);
		journal_close(journal);
	}
	assert_whole(place, seq);
}

static void seq_does_not_restart_when_all_segments_are_gone(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char path[160];

	for (unsigned i = 0; i < 5; i++)
		add_line(journal, i % 2, i);
	journal_close(journal);
	segment_path(place, "urgent", 1, path);
	assert_int_equal(unlink(path), 0);
	segment_path(place, "routine", 1, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlinkat(place->run_fd, "synced", 0), 0);
	journal = place_open(place, SMALL);
	assert_non_null(journal_notice(journal));
	assert_true(add_line(journal, true, 6) > 5);
	journal_close(journal);
	assert_whole(place, 1);
}

static void mark_ahead_of_the_journal_is_noticed(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	size_t size, kept;
	char path[160], *data;

	for (unsigned i = 0; i < 3; i++)
		add_line(journal, true, i);
	journal_close(journal);
	segment_path(place, "urgent", 1, path);
	data = slurp(path, &size);
	kept = (size_t)(strchr(data, '\n') + 1 - data);
	memset(data + kept, 0, size - kept);
	spit(path, data, size);
	free(data);
	journal = place_open(place, SMALL);
	assert_string_equal(journal_notice(journal), "lines that had been synced are missing");
	assert_int_equal(add_line(journal, true, 4), 4);
	journal_close(journal);
}

static void id_comes_back_from_the_lines(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	struct journal_heads before, after;
	char path[160];

	add_line(journal, true, 1);
	journal_get_heads(journal, &before);
	journal_close(journal);
	snprintf(path, sizeof(path), "%s/journal/id", place->state);
	assert_int_equal(unlink(path), 0);
	journal = place_open(place, SMALL);
	journal_get_heads(journal, &after);
	assert_string_equal(before.id, after.id);
	assert_non_null(journal_notice(journal));
	journal_close(journal);
	assert_whole(place, 1);
}

/* A power cut after any number of bytes of the last line, with or without later pages. */
static void check_cut(const struct place *place, const char *whole, size_t size, size_t kept)
{
	struct journal *journal;
	char path[160], *data = memcpy(test_malloc(size), whole, size);
	size_t end = strlen(whole), last = end;

	while (whole[last - 2] != '\n')
		last--;
	last--;
	memset(data + kept, 0, size - kept);
	if (kept % 2 && kept + 100 < end)
		memcpy(data + kept + 50, whole + kept + 50, end - kept - 50);
	segment_path(place, "urgent", 1, path);
	spit(path, data, size);
	test_free(data);
	unlinkat(place->run_fd, "synced", 0);
	journal = place_open(place, SMALL);
	assert_true(kept == last ? journal_recovered(journal) == 0 || kept % 2 :
				   journal_recovered(journal) > 0);
	assert_int_equal(add_line(journal, true, 99), 3);
	journal_close(journal);
	assert_whole(place, 3);
	data = slurp(path, &size);
	assert_memory_equal(data, whole, last);
	free(data);
}

static void tail_torn_at_any_byte_is_cut(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char path[160], *whole;
	size_t size, end, last;

	for (unsigned i = 0; i < 3; i++)
		add_line(journal, true, i);
	journal_close(journal);
	segment_path(place, "urgent", 1, path);
	whole = slurp(path, &size);
	end = last = strlen(whole);
	while (whole[last - 2] != '\n')
		last--;
	last--;
	assert_true(end - last > 200);
	for (size_t kept = last; kept < end; kept++)
		check_cut(place, whole, size, kept);
	free(whole);
}

static void whole_lines_of_a_killed_writer_stay(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char path[160], *data;
	size_t size;

	add_line(journal, false, 1);
	assert_int_equal(journal_sync(journal), 0);
	add_line(journal, false, 2);
	/* As the page cache has it when the process dies here. */
	segment_path(place, "routine", 1, path);
	data = slurp(path, &size);
	journal_close(journal);
	spit(path, data, size);
	free(data);
	journal = place_open(place, SMALL);
	assert_int_equal(journal_recovered(journal), 0);
	assert_int_equal(add_line(journal, false, 3), 3);
	journal_close(journal);
	assert_whole(place, 3);
}

static void damage_amid_lines_is_kept_as_evidence(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char path[160], error[256], *data;
	size_t size;
	uint64_t n;

	for (unsigned i = 0; i < 3; i++)
		add_line(journal, true, i);
	journal_close(journal);
	segment_path(place, "urgent", 1, path);
	data = slurp(path, &size);
	strchr(data, '\n')[30] ^= 1;
	spit(path, data, size);
	journal = place_open(place, SMALL);
	assert_int_equal(journal_recovered(journal), 0);
	assert_int_equal(add_line(journal, true, 4), 4);
	journal_close(journal);
	free(data);
	assert_int_equal(journal_verify(place->state, error, sizeof(error), &n), -EBADMSG);
	assert_non_null(strstr(error, "urgent-00000001.jsonl, offset "));
}

static void space_may_change_between_runs(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, 4 << 20);
	char path[160];
	struct stat st;

	add_line(journal, true, 1);
	segment_path(place, "urgent", 1, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4 << 20 >> 4);
	journal_close(journal);
	journal = place_open(place, SMALL);
	for (unsigned i = 0; i < 2000; i++)
		add_line(journal, true, i);
	journal_close(journal);
	assert_int_equal(stat(path, &st), -1);
}

static void open_that_fails_harms_nothing(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL), *other = NULL;
	char path[160], moved[160];

	add_line(journal, true, 1);
	journal_close(journal);
	snprintf(path, sizeof(path), "%s/journal/lock", place->state);
	snprintf(moved, sizeof(moved), "%s/journal/lock.away", place->state);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(place_try_open(place, SMALL, &other), -EISDIR);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rename(moved, path), 0);
	journal = place_open(place, SMALL);
	assert_int_equal(add_line(journal, true, 2), 2);
	journal_close(journal);
	assert_whole(place, 2);
}

/* Files may not grow beyond `bytes`: a write that crosses it is cut there and then fails. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void failed_write_leaves_no_trace(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	char path[160], *data;
	uint64_t seq;
	size_t size;

	signal(SIGXFSZ, SIG_IGN);
	add_line(journal, true, 1000000);
	assert_int_equal(journal_sync(journal), 0);
	segment_path(place, "urgent", 1, path);
	data = slurp(path, &size);
	limit_files(strlen(data) + 300);
	assert_int_equal(try_line(journal, true, 1000000, &seq), -EFBIG);
	limit_files(RLIM_INFINITY);
	free(data);
	/* The line that comes in its place is shorter: nothing of the other may show behind it. */
	assert_int_equal(add_line(journal, true, 1), 2);
	journal_close(journal);
	assert_whole(place, 2);
}

static void full_disk_at_rotation_is_an_error_that_passes(void **state)
{
	const struct place *place = *state;
	struct journal *journal = place_open(place, SMALL);
	uint64_t seq = 0, next = 0;

	signal(SIGXFSZ, SIG_IGN);
	limit_files(40000);
	while (try_line(journal, false, 1, &next) == 0)
		seq = next;
	assert_true(seq > 10);
	assert_true(try_line(journal, false, 1, &next) < 0);
	limit_files(RLIM_INFINITY);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(add_line(journal, false, 2), ++seq);
	journal_close(journal);
	assert_whole(place, seq);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PLACE(chains_share_seq_and_keep_their_own_hash),
		WITH_PLACE(modes_let_the_group_read),
		WITH_PLACE(second_writer_is_refused_and_seen),
		WITH_PLACE(mark_moves_with_sync_only),
		WITH_PLACE(active_segment_is_preallocated_and_closed_one_is_plain),
		WITH_PLACE(rotation_keeps_each_chain_in_its_space),
		WITH_PLACE(seq_goes_on_after_each_open),
		WITH_PLACE(seq_does_not_restart_when_all_segments_are_gone),
		WITH_PLACE(mark_ahead_of_the_journal_is_noticed),
		WITH_PLACE(id_comes_back_from_the_lines),
		WITH_PLACE(tail_torn_at_any_byte_is_cut),
		WITH_PLACE(whole_lines_of_a_killed_writer_stay),
		WITH_PLACE(damage_amid_lines_is_kept_as_evidence),
		WITH_PLACE(space_may_change_between_runs),
		WITH_PLACE(open_that_fails_harms_nothing),
		WITH_PLACE(failed_write_leaves_no_trace),
		WITH_PLACE(full_disk_at_rotation_is_an_error_that_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
