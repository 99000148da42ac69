/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an alert shows of a command line. */
#include <stdbool.h>
#include <stddef.h>

#include "process/process.h"

enum {
	CMDLINE_MAX = 1024
};

struct cmdline_argument {
	const char *text; /* into the process's args; raw bytes */
	size_t length;
};

struct cmdline {
	struct cmdline_argument arg[PROCESS_ARGS];
	size_t n;
	bool truncated; /* something that was to be shown did not fit */
};

/* At most PROCESS_ARGS arguments and max bytes; all of them if `full`, else argv[0], --module and
 * --prefix with their values, and an interpreter's script. */
void cmdline_select(const struct process *p, bool full, size_t max, struct cmdline *ret_cmdline);
