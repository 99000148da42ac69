/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Says of each bind item that can never match so, at the file's item that is to blame. */
#include "policy/fields.h"

void bind_reach_check(struct reader *reader);
