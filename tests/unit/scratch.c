// SPDX-License-Identifier: Apache-2.0
/* The directory is made anew for each test, so that none finds what another left. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"

void scratch_make(struct scratch *scratch)
{
	snprintf(scratch->path, sizeof(scratch->path), "/tmp/evmon-unit-XXXXXX");
	assert_non_null(mkdtemp(scratch->path));
	scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(scratch->fd >= 0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void scratch_remove(struct scratch *scratch)
{
	close(scratch->fd);
	remove_tree(scratch->path);
}

int scratch_set_up(void **state)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_make(scratch);
	*state = scratch;
	return 0;
}

int scratch_tear_down(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

void scratch_write(const struct scratch *scratch, const char *path, const void *data, size_t size)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s", path);
	for (char *slash = strchr(whole, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdirat(scratch->fd, whole, 0755);
		*slash = '/';
	}
	assert_int_equal(file_write_atomic(scratch->fd, path, data, size, 0644), 0);
}

void scratch_text(const struct scratch *scratch, const char *path, const char *text)
{
	scratch_write(scratch, path, text, strlen(text));
}

void scratch_drop(const struct scratch *scratch, const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s/%s", scratch->path, path);
	remove_tree(whole);
}

uint32_t scratch_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

void scratch_bytes(uint64_t *state, void *to, size_t n)
{
	uint8_t *bytes = to;

	while (n-- > 0)
		*bytes++ = (uint8_t)scratch_random(state);
}
