/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Coverage for people, out of its JSON: shared by `coverage` and `status`. */
#include <stdbool.h>
#include <stdio.h>

struct json_object;

/* "protecting" good, "blind" worst. */
enum tint state_tint(const char *state);
/* The table, then what better hooks were tried. `coverage` is the array; NULL prints nothing. */
void coverage_print(FILE *out, struct json_object *coverage, bool color);
/* The same of what was read and not tried. */
void coverage_print_read(FILE *out, struct json_object *coverage, bool color);
