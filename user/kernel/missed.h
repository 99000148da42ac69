/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

struct kernel;

/* How often the kernel passed over a program because another task of that processor was in it. */
uint64_t missed_runs(const struct kernel *kernel);
