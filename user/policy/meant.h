/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What was probably meant by a number that is none as we write them: `, did you mean "30s"?`, or
 * nothing. What is proposed would be accepted as such a number, though perhaps not within range. */
#include "policy/errors.h"

struct phrase meant_duration(const char *text);
struct phrase meant_size(const char *text);
struct phrase meant_port(const char *text);
