/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The verbs of `evmon policy`; argv[0] is "policy WORD", for messages. Exit codes. */

int policy_show_main(int argc, char **argv);
int policy_diff_main(int argc, char **argv);
int policy_schema_main(int argc, char **argv);
int policy_from_everest_main(int argc, char **argv);
