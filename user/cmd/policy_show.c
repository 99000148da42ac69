// SPDX-License-Identifier: Apache-2.0
/*
 * The policy that files make together, as one file. Whoever asks why something was reported finds
 * here which file says so; and what is shown can be put in place of all of them.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/policy.h"
#include "cmd/policy_read.h"
#include "policy/everest_config.h"
#include "policy/show.h"

static const char help[] =
	"Usage: evmon policy show [FILE...]\n"
	"\n"
	"Shows the policy that the files make, read one over the other and over the built-in policy, as\n"
	"YAML that gives the same policy when it is read. Without FILE: what `evmon run` reads. Behind each\n"
	"value stands where it comes from: built-in, or FILE:LINE; and what EVerest's config adds to it: the\n"
	"ids of a module, the broker's socket.\n"
	"\n"
	"  -h, --help   this text\n";

/* Its absence is no news here; the daemon says more. */
static void everest_read(const struct policy *policy, struct everest_config **ret_config)
{
	struct policy_error error = { .line = 0 };
	int err = everest_config_load(policy->config, ret_config, &error);

	if (err == -EBADMSG)
		log_warning("%s:%u:%u: %s", error.file, error.line, error.column, error.text);
	else if (err < 0 && err != -ENOENT)
		log_warning("%s: %s", policy->config, strerror(-err));
}

int policy_show_main(int argc, char **argv)
{
	_cleanup_(everest_config_freep) struct everest_config *everest = NULL;
	_cleanup_(policy_files_free) struct policy_files files = { .paths = NULL };
	int status, err;

	status = option_only_help(argc, argv, help);
	if (status >= 0)
		return status;
	status = policy_files_read(argv + optind, &files);
	if (status != EXIT_GOOD)
		return status;
	everest_read(files.policy, &everest);
	printf("# policy %s: ", files.policy->hash);
	policy_files_print(stdout, &files);
	putchar('\n');
	err = policy_show(stdout, files.policy, files.origins, everest);
	return err < 0 ? log_err_errno(err, "cannot show the policy"), EXIT_FAILED : EXIT_GOOD;
}
