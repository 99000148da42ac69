/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Executables that mean something, by path here, by device and inode in the kernel. */
#include <stdint.h>

struct exe_table;

/* Adds to what the file means: a class (HOST: none), flags. -ENOENT: no such file, and what the
 * path meant before is forgotten; -E2BIG: no room. */
int exe_table_set(struct exe_table *table, const char *path, unsigned class, uint16_t flags);
/* Between the two everything is set anew. Until the end it means what it meant before as well; at
 * the end what was not set again is forgotten, and flags not set again with it. */
void exe_table_begin(struct exe_table *table);
void exe_table_end(struct exe_table *table);
void exe_table_fini(struct exe_table *table);
