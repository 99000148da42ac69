/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Executables that mean something, by path here, by device and inode in the kernel. */
#include <stdint.h>

struct exe_table;

/* Adds to what the file means: a class (HOST: none), flags. -ENOENT: no such file, and what the
 * path meant before is forgotten; -E2BIG: no room. */
int exe_table_set(struct exe_table *table, const char *path, unsigned class, uint16_t flags);
/* Forgets the paths behind which there is no file, or another one. */
void exe_table_sweep(struct exe_table *table);
void exe_table_fini(struct exe_table *table);
