// SPDX-License-Identifier: Apache-2.0
/*
 * All of these are a line or three of text and replaced by rename, so a reader sees the old or the
 * new one. head is synced, and written rarely: floor runs ahead of seq by FLOOR_STEP (journal.c).
 * The mark lives on tmpfs and is not synced: after a power cut all that can be read was synced.
 *
 * The lock is an open-file-description lock: like flock() it ends with its owner however that dies,
 * and unlike flock() others can ask for it (F_OFD_GETLK) without taking it for a moment, in which
 * the owner's own start would fail.
 */
#include "journal/head.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

enum {
	SMALL_MAX = 256,
	MARK_MODE = 0644 /* a number, for whoever may enter the runtime directory */
};

static int read_small(int dir_fd, const char *name, char text[SMALL_MAX])
{
	ssize_t n = file_read_into(dir_fd, name, text, SMALL_MAX);

	return n < 0 ? (int)n : 0;
}

int journal_id_read(int dir_fd, char id[JOURNAL_ID_MAX])
{
	char text[SMALL_MAX];
	int err = read_small(dir_fd, "id", text);

	if (err < 0)
		return err;
	if (strspn(text, "0123456789abcdef") != JOURNAL_ID_MAX - 1 ||
	    strcmp(text + JOURNAL_ID_MAX - 1, "\n") != 0)
		return -EBADMSG;
	memcpy(id, text, JOURNAL_ID_MAX - 1);
	id[JOURNAL_ID_MAX - 1] = '\0';
	return 0;
}

int journal_id_write(int dir_fd, const char *id)
{
	char text[SMALL_MAX];
	int n = snprintf(text, sizeof(text), "%s\n", id);

	return file_write_durable(dir_fd, "id", text, (size_t)n, SEGMENT_MODE);
}

int head_read(int dir_fd, struct head *ret_head)
{
	struct head head = { 0 };
	char text[SMALL_MAX];
	int err = read_small(dir_fd, "head", text);

	if (err < 0)
		return err;
	/* NOLINTNEXTLINE(cert-err34-c): three numbers of ours, and n says that all were read */
	if (sscanf(text, "floor=%" SCNu64 "\nurgent=%" SCNu64 "\nroutine=%" SCNu64 "\n",
		   &head.floor, &head.segments[CHAIN_URGENT], &head.segments[CHAIN_ROUTINE]) != 3)
		return -EBADMSG;
	*ret_head = head;
	return 0;
}

int head_write(int dir_fd, const struct head *head)
{
	char text[SMALL_MAX];
	int n = snprintf(text, sizeof(text),
			 "floor=%" PRIu64 "\nurgent=%" PRIu64 "\nroutine=%" PRIu64 "\n",
			 head->floor, head->segments[CHAIN_URGENT], head->segments[CHAIN_ROUTINE]);

	return file_write_durable(dir_fd, "head", text, (size_t)n, SEGMENT_MODE);
}

int mark_read(int run_fd, struct mark *ret_mark)
{
	struct mark mark = { 0 };
	char text[SMALL_MAX];
	int err = read_small(run_fd, "synced", text);

	if (err < 0)
		return err;
	/* NOLINTNEXTLINE(cert-err34-c) */
	if (sscanf(text, "%8[0-9a-f] %" SCNu64 "\n", mark.id, &mark.seq) != 2)
		return -EBADMSG;
	*ret_mark = mark;
	return 0;
}

int mark_write(int run_fd, const struct mark *mark)
{
	char text[SMALL_MAX];
	int n = snprintf(text, sizeof(text), "%s %" PRIu64 "\n", mark->id, mark->seq);

	return file_write_atomic(run_fd, "synced", text, (size_t)n, MARK_MODE);
}

int journal_lock(int dir_fd, int *ret_fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_cleanup_(closep) int fd = -1;

	fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, SEGMENT_MODE);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, SEGMENT_MODE) < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int journal_locked(int dir_fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_cleanup_(closep) int fd = -1;

	fd = openat(dir_fd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type != F_UNLCK;
}
