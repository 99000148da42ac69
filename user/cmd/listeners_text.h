/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inventory for people. */
#include <stdbool.h>
#include <stdio.h>

struct inventory;

void listeners_print(FILE *out, const struct inventory *inventory, bool color);
