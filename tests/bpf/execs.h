/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

enum {
	EXECS_KILLED = 1000, /* + the signal that ended the program */
	EXECS_WORDS = 3,
};

/*
 * "run HOW FILE ARGV0": a child executes the file with this argv[0] and is waited for. HOW: path,
 * thread, fd, below (an open folder), gone (unlinked), memfd, 32 (makes the file), jail (/manager
 * below FILE). And for the caller itself: "run nsroot - -", root in a user namespace of its own;
 * "run mount FROM TO", one file over another in a mount namespace of its own. 0: it ran and ended
 * well; an errno; or EXECS_KILLED + signal.
 */
int execs_run(char *const *words);
