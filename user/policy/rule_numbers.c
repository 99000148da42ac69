// SPDX-License-Identifier: Apache-2.0
/*
 * A rule of the closed list has its number for ever; a vendor's would have it by its place in the
 * policy, which is good for as long as there is one policy. Where policies follow each other the
 * place would give one rule's counts to another, so names are numbered in the order in which they
 * are first heard of, and never forgotten.
 */
#include "policy/rule_numbers.h"

#include <errno.h>
#include <string.h>

static size_t name_find(const struct rule_numbers *numbers, const char *name)
{
	size_t i = 0;

	while (i < numbers->n && strcmp(numbers->names[i], name) != 0)
		i++;
	return i;
}

int rule_numbers_assign(struct rule_numbers *numbers, struct policy *policy)
{
	size_t before = numbers->n;

	for (size_t i = 0; i < policy->n_bind; i++) {
		struct bind_rule *item = &policy->bind[i];
		size_t at;

		if (rule_from_name(item->rule) > 0)
			continue;
		at = name_find(numbers, item->rule);
		if (at == ARRAY_SIZE(numbers->names)) {
			numbers->n = before;
			return -ENOSPC;
		}
		if (at == numbers->n)
			memcpy(numbers->names[numbers->n++], item->rule, sizeof(item->rule));
		item->number = EVMON_RULE_VENDOR + (unsigned)at;
	}
	return 0;
}

unsigned rule_number(const struct policy *policy, size_t place)
{
	const struct bind_rule *item = &policy->bind[place];
	int known = rule_from_name(item->rule);

	if (known > 0)
		return (unsigned)known;
	return item->number ? item->number : EVMON_RULE_VENDOR + (unsigned)place;
}

bool rule_is_numbered(const struct policy *policy, unsigned number)
{
	for (size_t i = 0; i < policy->n_bind; i++)
		if (rule_number(policy, i) == number)
			return true;
	return false;
}
