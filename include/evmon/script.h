/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Modules in Python and JavaScript go by their script's path, by its hash: FNV's way, a word at a
 * time. A path is taken in chunks of EVMON_CHUNK - 1 bytes, zeros after its end, up to the first
 * that is not full. Made by kernel/tables.c of a file, by script.bpf.h of an argument.
 */
#include "evmon/types.h"

#define EVMON_HASH_BASIS 0xcbf29ce484222325ULL

enum {
	EVMON_CHUNK = 64
};

union evmon_chunk {
	char text[EVMON_CHUNK];
	__u64 word[EVMON_CHUNK / 8];
};

static inline __attribute__((always_inline)) __u64 evmon_hash_chunk(__u64 hash,
								    const union evmon_chunk *chunk)
{
	for (int i = 0; i < EVMON_CHUNK / 8; i++) {
		hash = (hash ^ chunk->word[i]) * 0x100000001b3ULL;
		hash ^= hash >> 29;
	}
	return hash;
}
