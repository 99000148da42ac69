/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A directory for one test, and numbers that look random and are the same each time. */
#include <stddef.h>
#include <stdint.h>

struct scratch {
	char path[64];
	int fd;
};

/* Both fail the test if they can't. */
void scratch_make(struct scratch *scratch);
void scratch_remove(struct scratch *scratch);
/* The same for cmocka: *state is a scratch. */
int scratch_set_up(void **state);
int scratch_tear_down(void **state);
/* A file below the directory; directories on the way are made. */
void scratch_write(const struct scratch *scratch, const char *path, const void *data, size_t size);
void scratch_text(const struct scratch *scratch, const char *path, const char *text);
/* Takes away a file or a whole directory below it. */
void scratch_drop(const struct scratch *scratch, const char *path);

/* xorshift64: a seed (not 0) gives its row. */
uint32_t scratch_random(uint64_t *state);
void scratch_bytes(uint64_t *state, void *to, size_t n);
