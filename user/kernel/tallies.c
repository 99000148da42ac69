// SPDX-License-Identifier: Apache-2.0
/*
 * Tallies are written by hooks and read here. A count only grows and no entry is deleted while
 * evmon runs; the actor is what the last hook wrote, or nobody.
 */
#include "kernel/tallies.h"

#include <errno.h>

#include "evmon/tally.h"
#include "kernel/internal.h"

enum {
	READS = 3
};

static int map_fd(const struct kernel *kernel)
{
	return bpf_map__fd(kernel->skeleton->maps.evmon_tallies);
}

/*
 * A hook may be at work on the value while it is copied, so an actor whose seal is broken is read
 * again; one that two processors have mixed stays so until the next finding, and is nobody. The
 * class is the slot's, whoever it was.
 */
static int value_read(int fd, const void *key, struct evmon_tally *ret_tally)
{
	struct evmon_tally tally = { 0 };

	for (int i = 0; i < READS; i++) {
		if (bpf_map_lookup_elem(fd, key, &tally) < 0)
			return -errno;
		if (tally.actor.seal == evmon_actor_seal(&tally.actor))
			break;
	}
	if (tally.actor.seal != evmon_actor_seal(&tally.actor))
		tally.actor = (struct evmon_actor){ .class = tally.actor.class };
	*ret_tally = tally;
	return 0;
}

/* The entry that a rule and verdict share for the keys that found the map full. */
static int overflow_read(const struct kernel *kernel, const struct evmon_tally_key *key,
			 struct evmon_tally *ret_tally)
{
	uint32_t i = key->rule * (uint32_t)EVMON_VERDICT_MAX + key->verdict;
	struct evmon_tally tally = { 0 };
	int err = value_read(bpf_map__fd(kernel->skeleton->maps.evmon_overflow), &i, &tally);

	if (err < 0)
		return err;
	if (!tally.count)
		return -ENOENT;
	*ret_tally = tally;
	return 0;
}

int tallies_read(const struct kernel *kernel, const struct evmon_tally_key *key,
		 struct evmon_tally *ret_tally)
{
	if (key->slot == EVMON_SLOT_OVERFLOW)
		return overflow_read(kernel, key, ret_tally);
	return value_read(map_fd(kernel), key, ret_tally);
}

int tallies_each(const struct kernel *kernel, tallies_fn fn, void *userdata)
{
	struct evmon_tally_key key, next;
	const struct evmon_tally_key *from = NULL;
	struct evmon_tally tally = { 0 };
	int err;

	while (bpf_map_get_next_key(map_fd(kernel), from, &next) == 0) {
		key = next;
		from = &key;
		if (key.rule == EVMON_RULE_CANARY || tallies_read(kernel, &key, &tally) < 0)
			continue;
		err = fn(&key, &tally, userdata);
		if (err < 0)
			return err;
	}
	return 0;
}

int tallies_each_overflow(const struct kernel *kernel, tallies_fn fn, void *userdata)
{
	for (uint32_t i = 0; i < EVMON_RULES * EVMON_VERDICT_MAX; i++) {
		struct evmon_tally_key key = { .rule = (uint16_t)(i / EVMON_VERDICT_MAX),
					       .slot = EVMON_SLOT_OVERFLOW,
					       .verdict = i % EVMON_VERDICT_MAX };
		struct evmon_tally tally;
		int err = overflow_read(kernel, &key, &tally);

		if (err == -ENOENT)
			continue;
		if (err >= 0)
			err = fn(&key, &tally, userdata);
		if (err < 0)
			return err;
	}
	return 0;
}

int tallies_stand(struct kernel *kernel, const struct evmon_tally_key *key,
		  const struct evmon_actor *actor, uint64_t now_ns)
{
	struct evmon_tally tally = { .count = 1,
				     .first_ns = now_ns,
				     .last_ns = now_ns,
				     .actor = *actor };

	tally.actor.seal = evmon_actor_seal(actor);
	return bpf_map_update_elem(map_fd(kernel), key, &tally, BPF_NOEXIST) < 0 ? -errno : 0;
}

int tallies_count(struct kernel *kernel, const struct evmon_tally_key *key,
		  const struct evmon_actor *actor, uint64_t now_ns)
{
	int err = tallies_stand(kernel, key, actor, now_ns);
	struct evmon_tally tally;

	if (err != -EEXIST)
		return err;
	if (bpf_map_lookup_elem(map_fd(kernel), key, &tally) < 0)
		return -errno;
	tally.count++;
	tally.last_ns = now_ns;
	tally.actor = *actor;
	tally.actor.seal = evmon_actor_seal(actor);
	return bpf_map_update_elem(map_fd(kernel), key, &tally, BPF_EXIST) < 0 ? -errno : 0;
}

uint64_t tallies_canary(const struct kernel *kernel, unsigned hook)
{
	struct evmon_tally_key key = { .rule = EVMON_RULE_CANARY };
	struct evmon_tally tally = { 0 };

	key.object.canary.hook = (uint16_t)hook;
	return tallies_read(kernel, &key, &tally) < 0 ? 0 : tally.count;
}
