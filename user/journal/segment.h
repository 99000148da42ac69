/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of a chain: how they are called, which there are, how a new one comes to be. */
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum chain_id {
	CHAIN_URGENT,  /* critical, high */
	CHAIN_ROUTINE, /* medium, low */
	CHAINS
};

enum {
	SEGMENT_NAME_MAX = 40,
	SEGMENT_MODE = 0640
};

const char *chain_name(enum chain_id id);
void segment_name(enum chain_id id, uint64_t number, char name[SEGMENT_NAME_MAX]);

/* Numbers in ascending order; the caller frees the array. None is no error. */
struct segments {
	uint64_t *numbers;
	size_t n;
};
int segments_list(int dir_fd, enum chain_id id, struct segments *ret_segments);

static inline void segments_freep(struct segments *segments)
{
	free(segments->numbers);
}

/* Makes a segment of `size` zeros; it has its name only when it is whole on the disk. */
int segment_create(int dir_fd, enum chain_id id, uint64_t number, uint64_t size, int *ret_fd);
/* Removes it; -errno. */
int segment_drop(int dir_fd, enum chain_id id, uint64_t number);
/* Writes zeros over [from, to). */
int segment_zero(int fd, uint64_t from, uint64_t to);
