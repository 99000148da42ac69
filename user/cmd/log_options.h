/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `evmon log` was asked for. */
#include <limits.h>

#include "cmd/log_line.h"

struct log_options {
	char state_dir[PATH_MAX];
	struct log_filter filter;
	uint64_t lines; /* the last so many; UINT64_MAX: all */
	bool follow, json, verify;
};

/* 0: go on; 1: help was shown; -EINVAL: said what is wrong. */
int log_options_parse(int argc, char **argv, struct log_options *ret_options);
