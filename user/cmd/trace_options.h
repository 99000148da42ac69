/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct trace_options {
	pid_t pid;	      /* -p; 0: none */
	const char *module;   /* -m: id or name */
	int sensor;	      /* -s: enum evmon_sensor; -1: all */
	bool violations;      /* -x */
	uint64_t count;	      /* -n; 0: no limit */
	uint64_t duration_ns; /* -d; 0: no limit */
	bool json;
	const char *output; /* -o; NULL: stdout */
	const char *learn;  /* --learn: the file; NULL: none */
	char **command;	    /* after --; NULL: none */
};

/* 0; 1: --help was asked for and answered; -EINVAL: said what is wrong. argv[0] is the verb. */
int trace_options_parse(int argc, char **argv, struct trace_options *ret_options);
