/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What tracefs says of a tracepoint ("sched/sched_process_exec"). */
#include <stdint.h>

/* Its number, by which perf knows it. -ENOENT: this kernel has none such, or no tracefs is
 * mounted. */
int tracepoint_id(const char *name, int *ret_id);
/* Where a field lies in what a program is given. -ENOENT: as above, or it has no such field. */
int tracepoint_field(const char *name, const char *field, uint32_t *ret_offset);
/* The same out of the text of its format. */
int tracepoint_field_of_text(const char *format, const char *field, uint32_t *ret_offset);
