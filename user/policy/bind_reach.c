// SPDX-License-Identifier: Apache-2.0
/*
 * An item that nothing is left for says something that will not happen: its author believes in a
 * rule that is not there. What is dead is told at the item itself; where it is a built-in one, at
 * the file's item that took all of it, since that may have switched off a part of the page without
 * a word.
 */
#include "policy/bind_reach.h"

#include <string.h>

#include "policy/bind.h"
#include "policy/bind_cells.h"
#include "policy/internal.h"

static const struct origin *origin_of(const struct reader *reader, const struct bind_rule *item)
{
	char key[ORIGIN_KEY_MAX];

	snprintf(key, sizeof(key), BIND_ORIGIN "%s", item->rule);
	return origins_find(reader->origins, key);
}

static void reach(const struct policy *policy, bool reached[POLICY_BIND_ITEMS])
{
	struct port_marks marks = { { 0 } };
	struct bind_decisions decisions;

	port_marks_add(&marks, policy);
	for (unsigned port = 1; port < 65536; port = port_marks_next(&marks, port)) {
		bind_decide(policy, port, &decisions);
		for (size_t i = 0; i < decisions.n; i++)
			reached[decisions.at[i].item] = true;
	}
}

static bool ports_within(const struct bind_rule *inner, const struct bind_rule *outer)
{
	for (size_t i = 0; i < inner->n_ports; i++) {
		bool found = false;

		for (size_t k = 0; k < outer->n_ports && !found; k++)
			found = inner->ports[i].first >= outer->ports[k].first &&
				inner->ports[i].last <= outer->ports[k].last;
		if (!found)
			return false;
	}
	return true;
}

static bool takes_all(const struct bind_rule *outer, const struct bind_rule *inner)
{
	return !(bind_item_cells(inner) & ~bind_item_cells(outer)) && ports_within(inner, outer);
}

static bool takes_some(const struct bind_rule *a, const struct bind_rule *b)
{
	if (!(bind_item_cells(a) & bind_item_cells(b)))
		return false;
	for (size_t i = 0; i < a->n_ports; i++)
		for (size_t k = 0; k < b->n_ports; k++)
			if (a->ports[i].first <= b->ports[k].last &&
			    b->ports[k].first <= a->ports[i].last)
				return true;
	return false;
}

/* The earlier item that alone takes all, else the first that takes some. */
static const struct bind_rule *blamed(const struct policy *policy, const struct bind_rule *dead,
				      bool *ret_alone)
{
	const struct bind_rule *some = NULL;

	*ret_alone = true;
	for (const struct bind_rule *item = policy->bind; item < dead; item++) {
		if (takes_all(item, dead))
			return item;
		if (!some && takes_some(item, dead))
			some = item;
	}
	*ret_alone = false;
	return some;
}

static void dead_say(struct reader *reader, const struct origin *origin,
		     const struct bind_rule *dead, const struct bind_rule *by, bool alone)
{
	static const char *const actions
		[] = { [ACTION_ALLOW] = "allow", [ACTION_ALERT] = "alert", [ACTION_DENY] = "deny" };
	struct place place = { origin->file, origin->line, origin->column };
	const struct origin *before = origin_of(reader, by);
	struct phrase where = { "built-in" };

	if (before)
		snprintf(where.text, sizeof(where.text), "line %u", before->line);
	if (before && strcmp(before->file, origin->file) != 0)
		snprintf(where.text, sizeof(where.text), "%.90s:%u", bare(before->file).text,
			 before->line);
	if (alone && takes_all(dead, by) && dead->action != by->action)
		reader_error_at(
			reader, place,
			"%s contradicts %s (%s): the same binds, but %s, not %s; the first decides",
			quoted(dead->rule).text, quoted(by->rule).text, where.text,
			actions[dead->action], actions[by->action]);
	else
		reader_error_at(reader, place,
				"%s can never match: %s (%s) comes first and takes %s",
				quoted(dead->rule).text, quoted(by->rule).text, where.text,
				alone ? "all of it" : "a part, others the rest");
}

/* One error for each item of a file, however many built-in ones it buries. */
static void buried_say(struct reader *reader, const struct bind_rule *by,
		       const bool reached[POLICY_BIND_ITEMS])
{
	const struct origin *origin = origin_of(reader, by);
	const struct policy *policy = reader->policy;
	const struct bind_rule *first = NULL;
	size_t others = 0;

	for (const struct bind_rule *item = by + 1; item < policy->bind + policy->n_bind; item++) {
		bool alone;

		if (reached[item - policy->bind] || origin_of(reader, item) ||
		    blamed(policy, item, &alone) != by)
			continue;
		if (first)
			others++;
		else
			first = item;
	}
	if (!first)
		return;
	reader_error_at(reader, (struct place){ origin->file, origin->line, origin->column },
			"%s leaves nothing for the built-in %s%s: narrow it, or switch %s off",
			quoted(by->rule).text, quoted(first->rule).text,
			others ? " and others" : "", others ? "those" : "that");
}

void bind_reach_check(struct reader *reader)
{
	const struct policy *policy = reader->policy;
	bool reached[POLICY_BIND_ITEMS] = { false };

	reach(policy, reached);
	for (size_t i = 0; i < policy->n_bind; i++) {
		const struct bind_rule *item = &policy->bind[i], *by;
		const struct origin *origin = origin_of(reader, item);
		bool alone;

		if (!origin)
			continue;
		if (!reached[i] && (by = blamed(policy, item, &alone)))
			dead_say(reader, origin, item, by, alone);
		if (reached[i])
			buried_say(reader, item, reached);
	}
}
