// SPDX-License-Identifier: Apache-2.0
/*
 * Saving is a synced rename, some KiB on the flash, so it waits for company. What a crash loses of
 * it is sent again: at least once is the promise, and (journal, seq) tells the consumer. A cursor
 * that can't be read is no cursor: everything that the journal still has is sent again.
 */
#include "journal/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"

#define SECOND_NS 1000000000ULL

enum {
	BATCH = 32,
	RETRY_S = 15,
	TEXT_MAX = 64,
	CURSOR_MODE = 0644 /* the daemon, another user, asks what was delivered */
};

/* A regular file: anything else might keep the reader waiting. */
static ssize_t read_text(int dir_fd, char text[TEXT_MAX])
{
	_cleanup_(closep) int fd = -1;
	struct stat st;
	ssize_t n;

	fd = openat(dir_fd, "cursor", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	n = read(fd, text, TEXT_MAX - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return n;
}

int cursor_load(struct cursor *ret_cursor, int dir_fd)
{
	struct cursor cursor = { .dir_fd = dir_fd };
	char text[TEXT_MAX], canonical[TEXT_MAX];
	ssize_t n = read_text(dir_fd, text);

	*ret_cursor = cursor;
	if (n < 0)
		return (int)n;
	/* NOLINTNEXTLINE(cert-err34-c): compared with what would have been written */
	if (sscanf(text, "%8[0-9a-f] %" SCNu64, cursor.journal, &cursor.seq) != 2)
		return -EBADMSG;
	snprintf(canonical, sizeof(canonical), "%s %" PRIu64 "\n", cursor.journal, cursor.seq);
	if (strcmp(text, canonical) != 0 || strlen(cursor.journal) != JOURNAL_ID_MAX - 1)
		return -EBADMSG;
	*ret_cursor = cursor;
	return 0;
}

static void note_unsaved(struct cursor *cursor, uint64_t now_ns)
{
	if (cursor->unsaved++ == 0)
		cursor->unsaved_ns = now_ns;
}

void cursor_reset(struct cursor *cursor, const char *journal, uint64_t now_ns)
{
	snprintf(cursor->journal, sizeof(cursor->journal), "%s", journal);
	cursor->seq = 0;
	note_unsaved(cursor, now_ns);
}

void cursor_move(struct cursor *cursor, uint64_t seq, uint64_t now_ns)
{
	if (seq <= cursor->seq)
		return;
	cursor->seq = seq;
	note_unsaved(cursor, now_ns);
}

uint64_t cursor_deadline(const struct cursor *cursor)
{
	if (cursor->unsaved == 0)
		return UINT64_MAX;
	return cursor->unsaved >= BATCH ? cursor->unsaved_ns : cursor->unsaved_ns + SECOND_NS;
}

int cursor_save(struct cursor *cursor, uint64_t now_ns)
{
	char text[TEXT_MAX];
	int n, err;

	if (cursor->unsaved == 0)
		return 0;
	n = snprintf(text, sizeof(text), "%s %" PRIu64 "\n", cursor->journal, cursor->seq);
	err = file_write_durable(cursor->dir_fd, "cursor", text, (size_t)n, CURSOR_MODE);
	cursor->unsaved = err < 0 ? 1 : 0;
	cursor->unsaved_ns = now_ns + RETRY_S * SECOND_NS - SECOND_NS;
	return err;
}
