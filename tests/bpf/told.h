/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is told of one exec, record and tally, member by member. */
#include <stdbool.h>
#include <sys/stat.h>

#include "world.h"

struct told {
	unsigned rule;
	size_t n;		 /* the rule's event, from 0 */
	const char *file;	 /* as it was given; NULL: by a descriptor */
	const char *interpreter; /* as a script says; NULL: no script */
	const char *exe;	 /* that runs; NULL: it has no path to compare */
	const struct stat *st;	 /* of that; NULL: nobody else has it */
	const char *args;	 /* argv[0] */
	bool deleted, joined;	 /* by this exec */
	enum evmon_exec_how how;
	unsigned class;
	uid_t uid, euid;
	uint64_t gained;
	uint32_t mntns; /* 0: where the actor reports from */
	uint64_t count; /* in the tally; 0: 1 */
};

/* Fails the test that calls it where record, tally's key or tally say anything else, or the one who
 * did it is not the child of the actor that reports. */
void told_is(const struct world *world, const struct told *told);
