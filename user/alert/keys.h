/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What aggregation remembers of each key it has alerted: how much of its count, until when the
 * window lasts, and the alert to repeat. A bounded hash table; entries stay where they are.
 */
#include "alert/alert.h"

enum {
	KEYS_KERNEL_MAX = 4096, /* as many as the kernel has tallies */
	KEYS_OWN_MAX = 1024,
};

enum key_state {
	KEY_CLOSED,  /* no window: the next violation is alerted at once */
	KEY_OPEN,    /* alerted; what it grows by is alerted at the window's end */
	KEY_WAITING, /* a sweep saw it grow; its record, with the details, may be under way */
	KEY_FOLDED,  /* shares its rule's alert at the end of the rule's window */
};

struct key_entry {
	struct key_entry *next; /* in the bucket */
	struct evmon_tally_key key;
	bool own;      /* counted by user space */
	bool recalled; /* it is known what was told of it before this table was made */
	bool counted;  /* its growth is in the shared alert that is being made */
	enum key_state state;
	enum evmon_subject subject;
	uint64_t reported; /* of the kernel's count */
	uint64_t pending;  /* counted here and not yet alerted */
	uint64_t pending_first_ns, pending_last_ns;
	uint64_t last_ns;  /* of the last violation alerted */
	uint64_t quiet_ns; /* when the count was last read and nothing was left to alert */
	uint64_t window_ns, end_ns;
	uint64_t seen, seen_last_ns; /* see counted */
	void *kept;		     /* compact copy of the alert while not closed */
	size_t kept_size;
};

struct keys;

int keys_new(struct keys **ret_keys);
void keys_free(struct keys *keys);
DEFINE_CLEANUP(struct keys *, keys_free);

struct key_entry *keys_find(const struct keys *keys, const struct evmon_tally_key *key, bool own);
/* -ENOSPC: as many as there may be (overflow entries are always let in); -ENOMEM. */
int keys_get(struct keys *keys, const struct evmon_tally_key *key, bool own,
	     struct key_entry **ret_entry);
void keys_remove(struct keys *keys, struct key_entry *entry);
/* All entries, NULL first; take the next one before removing an entry. */
struct key_entry *keys_next(const struct keys *keys, const struct key_entry *entry);

/* Replaces the kept alert; beyond a bound on all of them, without its long texts. -ENOMEM. */
int keys_keep(struct keys *keys, struct key_entry *entry, const struct alert *alert);
void keys_drop(struct keys *keys, struct key_entry *entry);
/* Sixteen bytes of a hash stand for the object that user space counts. */
void key_identify(struct evmon_tally_key *key, const char *identity);
/* The key of the overflow entry that a key without a tally of its own is counted in. */
struct evmon_tally_key key_overflow(const struct evmon_tally_key *key);
