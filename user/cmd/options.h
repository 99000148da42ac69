/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is wrong with a command line, told in one line and always in the same words. argv[0] is the
 * verb. All return -EINVAL. */
#include <getopt.h>
#include <limits.h>

/* Call when getopt_long() (opterr 0, the short options begin with ':') has returned '?' or ':'. */
int option_fault(char *const *argv, const struct option *options, int result);
/* `option` has a value that is not `wanted`. */
int option_bad_value(char *const *argv, const char *option, const char *value, const char *wanted);
/* optarg, the value of `option`, as a path. */
int option_path(char *const *argv, const char *option, char path[PATH_MAX]);
/* 0, or the complaint about the first operand where the verb takes none. */
int option_no_operands(int argc, char *const *argv);
/* For a verb without any option but --help. -1: go on, its operands begin at optind; else the exit
 * status: the help was printed, or the complaint. */
int option_only_help(int argc, char **argv, const char *help);
