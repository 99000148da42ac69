/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* `evmon --help` and `evmon --version`. */
#include <stdio.h>

void help_print(FILE *out);
void version_print(FILE *out);
