// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks and counts outlive the daemon; this is how they end. What was counted and not told yet goes
 * with them, so a daemon that has been stopped in order is the one to unload after.
 */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "kernel/kernel.h"

static const char help[] =
	"Usage: evmon unload\n"
	"\n"
	"Removes all that `evmon run` has left in the kernel: hooks, counts, records. They go on working\n"
	"when the daemon ends, so that the next one can say what happened in between. Stop the daemon\n"
	"first: it then tells all that was counted.\n"
	"\n"
	"  -h, --help   this text\n";

int unload_main(int argc, char **argv)
{
	int err = option_only_help(argc, argv, help);

	if (err >= 0)
		return err;
	if (option_no_operands(argc, argv) < 0)
		return EXIT_USAGE;
	err = kernel_unload();
	if (err == -ENOENT) {
		printf("nothing of evmon's is loaded\n");
		return EXIT_GOOD;
	}
	if (err == -EBUSY)
		log_err("a daemon is running and needs them: stop it first");
	else if (err < 0)
		log_err_errno(err, "cannot remove " KERNEL_PINS_DIR);
	if (err == -EPERM || err == -EACCES)
		return EXIT_PERMISSION;
	return err < 0 ? EXIT_FAILED : EXIT_GOOD;
}
