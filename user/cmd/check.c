// SPDX-License-Identifier: Apache-2.0
/*
 * Says of a policy whether it would be taken, before anybody restarts anything. Several files are
 * read one over the other, as policy.yaml and its drop-ins are: a rule that only the two of them
 * bury together is found, too.
 */
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/policy_read.h"

static const char help[] =
	"Usage: evmon check [FILE...]\n"
	"\n"
	"Reads policy files, one over the other and over the built-in policy, and says what is wrong with\n"
	"them, up to twenty mistakes at once: FILE:LINE:COLUMN: what, and what was probably meant. Without\n"
	"FILE those are read that `evmon run` reads: /etc/evmon/policy.yaml, /etc/evmon/policy.d/*.yaml.\n"
	"\n"
	"Exit status: 0 the policy is valid, 3 it is not, 5 a file may not be read.\n"
	"\n"
	"  -h, --help   this text\n";

int check_main(int argc, char **argv)
{
	_cleanup_(policy_files_free) struct policy_files files = { .paths = NULL };
	int status;

	status = option_only_help(argc, argv, help);
	if (status >= 0)
		return status;
	status = policy_files_read(argv + optind, &files);
	if (status != EXIT_GOOD)
		return status;
	printf("policy %s is valid: ", files.policy->hash);
	policy_files_print(stdout, &files);
	putchar('\n');
	return EXIT_GOOD;
}
