/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The kernel's exact counts, as user space reads them and adds what it found itself. */
#include <stdint.h>

struct kernel;
struct evmon_tally_key;
struct evmon_tally;
struct evmon_actor;

typedef int (*tallies_fn)(const struct evmon_tally_key *key, const struct evmon_tally *tally,
			  void *userdata);

/* -ENOENT: the key has none (never counted, or only in its rule's overflow entry). */
int tallies_read(const struct kernel *kernel, const struct evmon_tally_key *key,
		 struct evmon_tally *ret_tally);
/* All of them but the canary's; fn's -errno ends it. */
int tallies_each(const struct kernel *kernel, tallies_fn fn, void *userdata);
/* The overflow entries that have counts; their keys hold rule, verdict and EVMON_SLOT_OVERFLOW. */
int tallies_each_overflow(const struct kernel *kernel, tallies_fn fn, void *userdata);
/* A finding of user space's own (a task that ran before the hooks): counts once, -EEXIST
 * later; -E2BIG: the map is full. */
/* Adds one; of keys that no hook counts. */
int tallies_count(struct kernel *kernel, const struct evmon_tally_key *key,
		  const struct evmon_actor *actor, uint64_t now_ns);
int tallies_stand(struct kernel *kernel, const struct evmon_tally_key *key,
		  const struct evmon_actor *actor, uint64_t now_ns);
/* How often the canary came by a hook. */
uint64_t tallies_canary(const struct kernel *kernel, unsigned hook);
