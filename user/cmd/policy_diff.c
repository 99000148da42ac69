// SPDX-License-Identifier: Apache-2.0
/*
 * What a change of policy means, for whoever has to agree to it. A policy that is not valid ends
 * with another status than one that differs.
 */
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/policy.h"
#include "cmd/policy_read.h"
#include "policy/compare.h"

static const char help[] =
	"Usage: evmon policy diff A B\n"
	"\n"
	"Says what becomes allowed and what forbidden if B, read over the built-in policy, takes the place of\n"
	"A. It compares what the policies mean, not their text. `built-in` stands for the built-in policy.\n"
	"\n"
	"Exit status: 0 they mean the same, 1 they differ, 3 one of them is not valid.\n"
	"\n"
	"  -h, --help   this text\n";

static int one_read(char *name, struct policy_files *ret)
{
	char *paths[] = { name, NULL };
	struct policy_files files = { .paths = NULL };

	if (strcmp(name, "built-in") != 0)
		return policy_files_read(paths, ret);
	if (policy_new_default(&files.policy) < 0)
		return EXIT_FAILED;
	*ret = files;
	return EXIT_GOOD;
}

/* Files that say the same in other words, or what nothing depends on, have other hashes at most. */
static int compared(const struct policy *a, const struct policy *b)
{
	bool differ = false;
	int err = policy_compare(stdout, a, b, &differ);

	if (err < 0)
		return log_err_errno(err, "cannot compare the policies"), EXIT_FAILED;
	if (!differ)
		puts("they allow and forbid the same");
	return differ ? EXIT_FAILED : EXIT_GOOD;
}

int policy_diff_main(int argc, char **argv)
{
	_cleanup_(policy_files_free) struct policy_files a = { .paths = NULL };
	_cleanup_(policy_files_free) struct policy_files b = { .paths = NULL };
	int status, other;

	status = option_only_help(argc, argv, help);
	if (status >= 0)
		return status;
	if (argc - optind != 2) {
		log_err("policy diff: wants two policies, A and B");
		return EXIT_USAGE;
	}
	status = one_read(argv[optind], &a);
	other = one_read(argv[optind + 1], &b);
	if (status != EXIT_GOOD || other != EXIT_GOOD)
		return MAX(status, other);
	return compared(a.policy, b.policy);
}
