/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For the tests of this room: the four headers that cmocka needs, and policies from texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/internal.h"
#include "policy/policy.h"

/* A policy from the text of a file; fails the test, with what is wrong, where there is none. */
static inline struct policy *policy_of(const char *text)
{
	struct policy_errors errors;
	struct policy *policy = NULL;
	int err = policy_load_bytes("test.yaml", text, strlen(text), &policy, &errors);

	if (err == -EBADMSG)
		print_error("%u:%u: %s\n", errors.at[0].line, errors.at[0].column,
			    errors.at[0].text);
	assert_int_equal(err, 0);
	assert_non_null(policy);
	return policy;
}

static inline struct policy *policy_default(void)
{
	struct policy *policy = NULL;

	assert_int_equal(policy_new_default(&policy), 0);
	return policy;
}
