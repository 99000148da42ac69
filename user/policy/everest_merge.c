// SPDX-License-Identifier: Apache-2.0
/*
 * JSON Merge Patch on our trees: mappings are merged key by key, null removes a key, anything else
 * replaces what was there. Null is what YAML reads as such when it is not in quotation marks. Nodes
 * are only hung elsewhere, never copied, and die with their documents. The depth is the documents'.
 * New keys go to the end; EVerest sorts by id anyway.
 */
#include "policy/everest_merge.h"

#include <string.h>

static bool is_null(const struct node *node)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	if (node->kind != NODE_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(node->text, words[i]))
			return true;
	return false;
}

static void mark(struct node *node)
{
	node->patch = true;
	for (struct node *child = node->first; child; child = child->next)
		mark(child);
}

/* Where the value of the key hangs, or would be hung. */
static struct node **link_of(struct node *map, const char *key)
{
	struct node **link = &map->first;

	while (*link && strcmp((*link)->key->text, key) != 0)
		link = &(*link)->next;
	return link;
}

/* A mapping of the patch where there was none: what it removes is not there. */
static void strip_nulls(struct node *map)
{
	struct node **link = &map->first;

	while (*link) {
		if (is_null(*link)) {
			*link = (*link)->next;
			continue;
		}
		if ((*link)->kind == NODE_MAP)
			strip_nulls(*link);
		link = &(*link)->next;
	}
}

static void merge_child(struct node *target, struct node *value)
{
	struct node **link = link_of(target, value->key->text);
	struct node *old = *link, *next = old ? old->next : NULL;
	struct node *merged;

	value->next = NULL;
	if (old)
		old->next = NULL;
	merged = everest_merge(old, value);
	if (merged)
		merged->next = next;
	*link = merged ? merged : next;
}

struct node *everest_merge(struct node *target, struct node *patch)
{
	struct node *value, *next;

	if (!patch)
		return target;
	if (is_null(patch))
		return NULL;
	if (!target || target->kind != NODE_MAP || patch->kind != NODE_MAP) {
		mark(patch);
		if (patch->kind == NODE_MAP)
			strip_nulls(patch);
		return patch;
	}
	for (value = patch->first; value; value = next) {
		next = value->next;
		merge_child(target, value);
	}
	return target;
}
