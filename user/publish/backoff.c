// SPDX-License-Identifier: Apache-2.0
/*
 * The ceiling doubles (2, 4, ... 60 s) and the wait is drawn from its upper half: a thousand
 * chargers behind one broker come back spread over half a minute, and a single one is back within a
 * second or two after a hiccup.
 */
#include "publish/backoff.h"

#include "base/macros.h"

#define MS_NS 1000000ULL

uint64_t backoff_ns(unsigned failures, uint32_t chance)
{
	uint64_t most_ms = MIN(1ULL << MIN(failures, 6U), 60ULL) * 1000;
	uint64_t least_ms = MAX(most_ms / 2, 1000ULL);

	/* 32 random bits as a fraction of what lies between; in ns that product would overflow. */
	return (least_ms + (((most_ms - least_ms) * chance) >> 32)) * MS_NS;
}
