/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The status as a page for people. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;

void status_print(FILE *out, struct json_object *status, uint64_t now_us, bool color);
