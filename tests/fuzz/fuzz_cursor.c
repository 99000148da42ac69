// SPDX-License-Identifier: Apache-2.0
/*
 * cursor_load(): evmon-publish writes it, the daemon reads it as a stranger's. What is taken for a
 * cursor is, byte for byte, what would be written for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "journal/cursor.h"

static void put(int dir_fd, const uint8_t *data, size_t size)
{
	int fd = openat(dir_fd, "cursor", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	PROMISE(fd >= 0);
	PROMISE(write(fd, data, size) == (ssize_t)size);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/dev/shm/evmon-fuzz-XXXXXX", text[64];
	struct cursor cursor;
	int dir_fd, err;

	PROMISE(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	PROMISE(dir_fd >= 0);
	put(dir_fd, data, size);
	err = cursor_load(&cursor, dir_fd);
	PROMISE(err == 0 || (err == -EBADMSG && !cursor.seq && !cursor.journal[0]));
	if (err == 0) {
		int n = snprintf(text, sizeof(text), "%s %" PRIu64 "\n", cursor.journal,
				 cursor.seq);

		PROMISE((size_t)n == size && memcmp(text, data, size) == 0);
	}
	unlinkat(dir_fd, "cursor", 0);
	close(dir_fd);
	rmdir(dir);
	return 0;
}
