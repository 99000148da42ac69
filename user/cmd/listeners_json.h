/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inventory for programs: a JSON object a line for each socket and owner, its members as in
 * alerts (schema evmon.listener/1). */
#include <stdio.h>

struct inventory;

int listeners_write_json(FILE *out, const struct inventory *inventory);
