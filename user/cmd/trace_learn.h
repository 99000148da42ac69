/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * --learn: the policy that a tree would need, out of what was seen of it, each line with how often.
 * What breaks a rule of the policy in force is marked; nobody should take it over unread.
 */
#include <stdint.h>
#include <stdio.h>

#include "alert/alert.h"

struct learn;

int learn_new(struct learn **ret_learn);
void learn_free(struct learn *learn);
DEFINE_CLEANUP(struct learn *, learn_free);

/* One more event. Beyond LEARN_MAX different ones the rest is counted only. */
int learn_add(struct learn *learn, const struct alert *alert);

struct learn_facts {
	const char *root; /* executable of the tree's root; empty: the policy's manager */
	double seconds;
	uint64_t lost;		    /* events that were not seen */
	uint64_t root_capabilities; /* checks by root tasks, which no event tells of */
};

/* The policy as YAML. `policy` is the one that judged. */
int learn_write(const struct learn *learn, const struct policy *policy,
		const struct learn_facts *facts, FILE *out);
