/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Policies from files, with every mistake told: file:line:column: what. */
#include <stdio.h>

#include "policy/origins.h"
#include "policy/policy.h"

/* A policy, and what it was made from. */
struct policy_files {
	char **paths; /* NULL-terminated; none: the built-in policy alone */
	struct policy *policy;
	struct origins *origins;
};

/* policy_load_default(); mistakes go to the log. */
int policy_read(const char *path, struct policy **ret_policy);
/* The files named, one over the other, or those of the usual places where there is none. Mistakes
 * go to standard error as a compiler's do. An exit code: with EXIT_GOOD the caller owns *ret. */
int policy_files_read(char *const *paths, struct policy_files *ret);
void policy_files_free(struct policy_files *files);
/* "a.yaml, b.yaml over the built-in policy". */
void policy_files_print(FILE *out, const struct policy_files *files);
