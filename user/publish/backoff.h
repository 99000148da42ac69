/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How long to wait before the next try: 1 to 60 seconds, longer with each failure, never in step
 * with other chargers that lost the same broker. */
#include <stdint.h>

/* failures: how many tries failed in a row, from 1; chance: any 32 random bits. */
uint64_t backoff_ns(unsigned failures, uint32_t chance);
