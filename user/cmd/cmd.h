/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What all verbs share: their form, and the exit codes, which are part of the contract. */

enum exit_code {
	EXIT_GOOD = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_POLICY = 3,	 /* check, policy: not valid */
	EXIT_NO_SENSOR = 4,	 /* none at all works here; status: blind or not running */
	EXIT_PERMISSION = 5,	 /* the message names what is missing */
	EXIT_JOURNAL_BROKEN = 6, /* a hash, a line or a segment is not as it was written */
};

/* argv[0] is the verb as it was typed. Each answers --help itself, says in one line what is wrong,
 * and returns an exit code. */
int check_main(int argc, char **argv);
int coverage_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int log_main(int argc, char **argv);
int policy_main(int argc, char **argv);
int status_main(int argc, char **argv);
int trace_main(int argc, char **argv);
int unload_main(int argc, char **argv);
