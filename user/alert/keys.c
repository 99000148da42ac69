// SPDX-License-Identifier: Apache-2.0
/*
 * The table behind aggregation. Its memory is bounded three ways: entries by the number of tallies
 * that can be (small ones, 150 bytes), kept alerts by KEPT_MAX bytes in all (only keys with a
 * window have one), and beyond that kept alerts lose their long texts. Keys are compared as bytes,
 * as the kernel does; the same key may be there twice, counted by the kernel and by user space.
 */
#include "alert/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alert/compact.h"
#include "base/hash.h"

enum {
	BUCKETS = 1024,
	KEPT_MAX = 4 * 1024 * 1024
};

struct keys {
	struct key_entry *bucket[BUCKETS];
	size_t n_kernel, n_own, kept;
	struct alert shorter; /* room for an alert that is losing its texts */
};

int keys_new(struct keys **ret_keys)
{
	struct keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	*ret_keys = keys;
	return 0;
}

void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct key_entry *e = keys->bucket[i], *next; e; e = next) {
			next = e->next;
			free(e->kept);
			free(e);
		}
	}
	free(keys);
}

/* FNV-1a */
static size_t bucket_of(const struct evmon_tally_key *key)
{
	const unsigned char *byte = (const void *)key;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ byte[i]) * 0x100000001b3;
	return (hash ^ hash >> 32) % BUCKETS;
}

struct key_entry *keys_find(const struct keys *keys, const struct evmon_tally_key *key, bool own)
{
	for (struct key_entry *e = keys->bucket[bucket_of(key)]; e; e = e->next)
		if (e->own == own && !memcmp(&e->key, key, sizeof(*key)))
			return e;
	return NULL;
}

/* Overflow entries are not counted: there are as many as rules and verdicts at most. */
static void count(struct keys *keys, const struct key_entry *e, int more)
{
	size_t *n = e->own ? &keys->n_own : &keys->n_kernel;

	if (e->key.slot != EVMON_SLOT_OVERFLOW)
		*n += (size_t)more;
}

int keys_get(struct keys *keys, const struct evmon_tally_key *key, bool own,
	     struct key_entry **ret_entry)
{
	struct key_entry *e = keys_find(keys, key, own), **bucket = &keys->bucket[bucket_of(key)];
	bool full = own ? keys->n_own >= KEYS_OWN_MAX : keys->n_kernel >= KEYS_KERNEL_MAX;

	if (!e) {
		if (full && key->slot != EVMON_SLOT_OVERFLOW)
			return -ENOSPC;
		e = calloc(1, sizeof(*e));
		if (!e)
			return -ENOMEM;
		e->key = *key;
		e->own = own;
		e->next = *bucket;
		*bucket = e;
		count(keys, e, 1);
	}
	*ret_entry = e;
	return 0;
}

void keys_remove(struct keys *keys, struct key_entry *entry)
{
	struct key_entry **at = &keys->bucket[bucket_of(&entry->key)];

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	count(keys, entry, -1);
	keys_drop(keys, entry);
	free(entry);
}

struct key_entry *keys_next(const struct keys *keys, const struct key_entry *entry)
{
	size_t i = 0;

	if (entry && entry->next)
		return entry->next;
	if (entry)
		i = bucket_of(&entry->key) + 1;
	while (i < BUCKETS && !keys->bucket[i])
		i++;
	return i < BUCKETS ? keys->bucket[i] : NULL;
}

static const struct alert *without_texts(struct alert *shorter, const struct alert *alert)
{
	*shorter = *alert;
	memset(shorter->process.exe, 0, sizeof(shorter->process.exe));
	memset(shorter->process.args, 0, sizeof(shorter->process.args));
	memset(shorter->process.cgroup, 0, sizeof(shorter->process.cgroup));
	memset(&shorter->exec_text, 0, sizeof(shorter->exec_text));
	shorter->process.args_known = false;
	shorter->process.args_length = 0;
	shorter->process.truncated = true;
	return shorter;
}

int keys_keep(struct keys *keys, struct key_entry *entry, const struct alert *alert)
{
	void *packed = NULL;
	size_t size;
	int err;

	if (keys->kept - entry->kept_size >= KEPT_MAX)
		alert = without_texts(&keys->shorter, alert);
	err = compact_pack(alert, &packed, &size);
	if (err)
		return err;
	keys_drop(keys, entry);
	entry->kept = packed;
	entry->kept_size = size;
	entry->subject = alert->subject;
	keys->kept += size;
	return 0;
}

void keys_drop(struct keys *keys, struct key_entry *entry)
{
	keys->kept -= entry->kept_size;
	free(entry->kept);
	entry->kept = NULL;
	entry->kept_size = 0;
}

struct evmon_tally_key key_overflow(const struct evmon_tally_key *key)
{
	return (struct evmon_tally_key){ .rule = key->rule,
					 .slot = EVMON_SLOT_OVERFLOW,
					 .verdict = key->verdict };
}

void key_identify(struct evmon_tally_key *key, const char *identity)
{
	unsigned char *byte = (void *)&key->object;
	char hex[HASH_HEX];

	hash_hex(identity, strlen(identity), hex);
	for (size_t i = 0; i < sizeof(key->object); i++) {
		char pair[] = { hex[2 * i], hex[2 * i + 1], '\0' };

		byte[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
}
