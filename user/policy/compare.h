/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What changes between two policies, in words: what becomes allowed, what forbidden. It compares
 * what they mean and not what they say: an item that moves without consequence is no difference.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "policy/policy.h"

/* In the order in which a reviewer wants to know. */
enum effect {
	EFFECT_ALLOWED,	  /* was told or refused, passes in silence now */
	EFFECT_FORBIDDEN, /* the other way round */
	EFFECT_DENIED,	  /* was told only, is refused now */
	EFFECT_TOLERATED, /* was refused, is told only */
	EFFECT_JUDGED,	  /* the same, under another rule or severity */
	EFFECT_SETTING,	  /* allows and forbids nothing by itself */
	EFFECT_MAX
};

struct comparison {
	const struct policy *a, *b;
	FILE *out[EFFECT_MAX];
	char *text[EFFECT_MAX];
	size_t size[EFFECT_MAX];
};

/* Writes the differences under headings; *ret_differ says whether there were any. -ENOMEM. */
int policy_compare(FILE *out, const struct policy *a, const struct policy *b, bool *ret_differ);

/* For the parts of a comparison: one line of it. */
void compare_say(struct comparison *c, enum effect effect, const char *format, ...) _printf_(3, 4);
/* What it means that an action becomes another one; EFFECT_JUDGED where they are the same. */
enum effect action_effect(enum policy_action a, enum policy_action b);
const char *action_name(enum policy_action action);
/* -ENOMEM. */
int compare_bind(struct comparison *c);
