// SPDX-License-Identifier: Apache-2.0
/*
 * Segments are named by chain and number: urgent-00000001.jsonl. Numbers rise by one and are never
 * used again, so a hole among them means that a file was taken away; rotation takes only the
 * lowest. A segment that has a successor is complete.
 *
 * A new segment is written full of zeros and synced before it gets its name. Zeros, and not
 * fallocate(): an unwritten extent costs a metadata commit at the first write to each block, and it
 * is the fdatasync of a line that is paid for over the years (4 KiB a line instead of 18).
 */
#include "journal/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const chain_names[CHAINS] = {
	[CHAIN_URGENT] = "urgent",
	[CHAIN_ROUTINE] = "routine",
};

const char *chain_name(enum chain_id id)
{
	return chain_names[id];
}

void segment_name(enum chain_id id, uint64_t number, char name[SEGMENT_NAME_MAX])
{
	snprintf(name, SEGMENT_NAME_MAX, "%s-%08" PRIu64 ".jsonl", chain_names[id], number);
}

/* The number in a segment's name; 0: not one of this chain. Only the canonical form counts. */
static uint64_t number_of(enum chain_id id, const char *name)
{
	size_t prefix = strlen(chain_names[id]);
	char canonical[SEGMENT_NAME_MAX];
	uint64_t number;

	if (strncmp(name, chain_names[id], prefix) != 0 || name[prefix] != '-')
		return 0;
	number = strtoull(name + prefix + 1, NULL, 10);
	segment_name(id, number, canonical);
	return strcmp(name, canonical) == 0 ? number : 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int segments_push(struct segments *segments, uint64_t number)
{
	uint64_t *numbers = NULL;

	/* Room is doubled whenever n reaches a power of two. */
	if ((segments->n & (segments->n - 1)) == 0) {
		numbers = reallocarray(segments->numbers, segments->n ? segments->n * 2 : 1,
				       sizeof(*numbers));
		if (!numbers)
			return -ENOMEM;
		segments->numbers = numbers;
	}
	segments->numbers[segments->n++] = number;
	return 0;
}

int segments_list(int dir_fd, enum chain_id id, struct segments *ret_segments)
{
	_cleanup_(segments_freep) struct segments segments = { 0 };
	_cleanup_(closedirp) DIR *dir = NULL;
	_cleanup_(closep) int fd = -1;
	const struct dirent *entry;
	uint64_t number;
	int err;

	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	TAKE_FD(fd);
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		number = number_of(id, entry->d_name);
		if (number == 0)
			continue;
		err = segments_push(&segments, number);
		if (err < 0)
			return err;
	}
	if (errno)
		return -errno;
	if (segments.n > 1)
		qsort(segments.numbers, segments.n, sizeof(*segments.numbers), compare_numbers);
	*ret_segments = segments;
	segments.numbers = NULL;
	return 0;
}

int segment_zero(int fd, uint64_t from, uint64_t to)
{
	static const char zeros[32768];

	while (from < to) {
		ssize_t n = pwrite(fd, zeros, MIN(to - from, sizeof(zeros)), (off_t)from);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			from += (uint64_t)n;
	}
	return 0;
}

int segment_create(int dir_fd, enum chain_id id, uint64_t number, uint64_t size, int *ret_fd)
{
	char name[SEGMENT_NAME_MAX], temporary[SEGMENT_NAME_MAX];
	_cleanup_(closep) int fd = -1;
	int err;

	segment_name(id, number, name);
	snprintf(temporary, sizeof(temporary), "%s.new", chain_names[id]);
	fd = openat(dir_fd, temporary, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    SEGMENT_MODE);
	if (fd < 0)
		return -errno;
	/* The mode is the contract with the publisher's group, whatever the umask. */
	err = fchmod(fd, SEGMENT_MODE) < 0 ? -errno : segment_zero(fd, 0, size);
	if (err == 0 && fdatasync(fd) < 0)
		err = -errno;
	if (err == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		err = -errno;
	if (err < 0) {
		unlinkat(dir_fd, temporary, 0);
		return err;
	}
	if (fsync(dir_fd) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int segment_drop(int dir_fd, enum chain_id id, uint64_t number)
{
	char name[SEGMENT_NAME_MAX];

	segment_name(id, number, name);
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}
