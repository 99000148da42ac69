// SPDX-License-Identifier: Apache-2.0
/*
 * `bind:` is the one list whose order decides: the first match does. So that a file can add to the
 * page and correct it without repeating it, an item of a rule that is there already replaces that
 * item where it stands, and any other goes before the defaults, after what earlier files put
 * there. A built-in rule that an earlier file switched off comes back to where it was, and
 * bind.unexpected, which is off, comes behind all others: so the order is always that of some
 * single file, and `policy show` can write it.
 */
#include "policy/bind_merge.h"

#include <string.h>

#include "policy/internal.h"
#include "policy/rules.h"

static struct bind_rule *item_find(struct policy *policy, const char *rule)
{
	for (size_t i = 0; i < policy->n_bind; i++)
		if (!strcmp(policy->bind[i].rule, rule))
			return &policy->bind[i];
	return NULL;
}

const struct bind_rule *bind_find(const struct policy *policy, const char *rule)
{
	for (size_t i = 0; i < policy->n_bind; i++)
		if (!strcmp(policy->bind[i].rule, rule))
			return &policy->bind[i];
	return NULL;
}

static void items_move(struct policy *policy, size_t to, size_t from)
{
	memmove(policy->bind + to, policy->bind + from,
		(policy->n_bind - from) * sizeof(*policy->bind));
}

void bind_remove(struct reader *reader, const struct node *node, const char *rule)
{
	struct policy *policy = reader->policy;
	struct bind_rule *old = item_find(policy, rule);
	size_t at = old ? (size_t)(old - policy->bind) : 0;

	if (!old && rule_from_name(rule) < 0)
		reader_error(reader, node, "there is no rule %s to switch off", quoted(rule).text);
	if (!old)
		return;
	items_move(policy, at, at + 1);
	policy->n_bind--;
	memset(&policy->bind[policy->n_bind], 0, sizeof(*policy->bind));
	if (at < reader->n_added)
		reader->n_added--;
}

/* Before the first built-in item that stands behind it; a built-in one has a rank, others none. */
static size_t place_of(const struct reader *reader, const char *rule)
{
	const struct policy *policy = reader->policy;
	int rank = policy_bind_rank(rule);
	size_t at = reader->n_added;

	while (rank >= 0 && at < policy->n_bind && policy_bind_rank(policy->bind[at].rule) < rank)
		at++;
	return at;
}

void bind_merge(struct reader *reader, const struct node *node, const struct bind_rule *item)
{
	struct policy *policy = reader->policy;
	struct bind_rule *to = item_find(policy, item->rule);
	size_t at;

	if (!to && policy->n_bind == POLICY_BIND_ITEMS) {
		reader_error(reader, node, "too many bind items (the limit is %d)",
			     POLICY_BIND_ITEMS);
		return;
	}
	if (!to) {
		at = place_of(reader, item->rule);
		to = &policy->bind[at];
		items_move(policy, at + 1, at);
		policy->n_bind++;
		if (policy_bind_rank(item->rule) < 0)
			reader->n_added++;
	}
	memcpy(to, item, sizeof(*to));
}
