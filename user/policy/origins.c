// SPDX-License-Identifier: Apache-2.0
/*
 * Kept beside the policy and not in it: a policy is plain data that is compared, copied and hashed,
 * and two policies that say the same are the same whoever said it. Some six hundred keys at most
 * (the caps of the lists), so that a search from the start does.
 */
#include "policy/origins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void origins_free(struct origins *origins)
{
	if (!origins)
		return;
	for (size_t i = 0; i < origins->n_files; i++)
		free(origins->files[i]);
	free(origins->files);
	free(origins->at);
	free(origins);
}

/* The name as ours, which outlives the reader's. */
static const char *file_keep(struct origins *origins, const char *file)
{
	char **grown, *copy;

	for (size_t i = 0; i < origins->n_files; i++)
		if (!strcmp(origins->files[i], file))
			return origins->files[i];
	grown = reallocarray(origins->files, origins->n_files + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	origins->files = grown;
	copy = strdup(file);
	if (!copy)
		return NULL;
	grown[origins->n_files++] = copy;
	return copy;
}

static struct origin *entry_of(struct origins *origins, const char *key)
{
	struct origin *grown;

	for (size_t i = 0; i < origins->n; i++)
		if (!strcmp(origins->at[i].key, key))
			return &origins->at[i];
	if (origins->n == origins->room) {
		size_t room = origins->room ? 2 * origins->room : 64;

		grown = reallocarray(origins->at, room, sizeof(*grown));
		if (!grown)
			return NULL;
		origins->at = grown;
		origins->room = room;
	}
	grown = &origins->at[origins->n++];
	snprintf(grown->key, sizeof(grown->key), "%s", key);
	return grown;
}

int origins_put(struct origins *origins, const char *key, struct place place)
{
	const char *file = file_keep(origins, place.file);
	struct origin *entry = file ? entry_of(origins, key) : NULL;

	if (!entry)
		return -ENOMEM;
	entry->file = file;
	entry->line = place.line;
	entry->column = place.column;
	return 0;
}

const struct origin *origins_find(const struct origins *origins, const char *key)
{
	for (size_t i = 0; origins && i < origins->n; i++)
		if (!strcmp(origins->at[i].key, key))
			return &origins->at[i];
	return NULL;
}
