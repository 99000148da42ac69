// SPDX-License-Identifier: Apache-2.0
/*
 * The ceiling doubles (2, 4, ... 60 s) and the wait is drawn from its upper half: a thousand
 * chargers behind one broker come back spread over half a minute, and a single one is back within a
 * second or two after a hiccup.
 */
#include "publish/backoff.h"

#include "base/macros.h"

#define SECOND_NS 1000000000ULL

uint64_t backoff_ns(unsigned failures, uint32_t chance)
{
	uint64_t ceiling = MIN(1ULL << MIN(failures, 6U), 60ULL) * SECOND_NS;
	uint64_t half = ceiling / 2;

	/* 32 random bits as a fraction of the upper half. */
	return MAX(half, SECOND_NS) + (((ceiling - MAX(half, SECOND_NS)) * chance) >> 32);
}
