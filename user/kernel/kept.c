// SPDX-License-Identifier: Apache-2.0
/*
 * A daemon may be killed between any two instructions, and the next one shall neither tell a
 * count twice nor leave one out. What decides is whether the alert got into the journal, so each
 * alert's number is put down here first, with what of the count will have been told by it; the next
 * daemon compares that with the journal's last line. Numbers are put down and settled before any
 * other line is written, since a line that did not get there leaves its number to the next one.
 */
#include "kernel/kept.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/internal.h"
#include "kernel/pins.h"
#include "kernel/tallies.h"

struct kept_state {
	uint64_t stamp_ns;
	uint32_t ended;
	uint32_t pad;
	char journal[16]; /* which the numbers of lines are of */
};

static const struct {
	const char *name;
	enum bpf_map_type type;
	uint32_t key_size, value_size, max_entries, flags;
} maps[KEPT_MAPS] = {
	[KEPT_STATE] = { "evmon_kept", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
			 sizeof(struct kept_state), 1, 0 },
	/* Room for each key that the kernel side can have. */
	[KEPT_TOLD] = { "evmon_told", BPF_MAP_TYPE_HASH, sizeof(struct evmon_tally_key),
			sizeof(struct kept_telling), EVMON_TALLIES + EVMON_RULES *EVMON_VERDICT_MAX,
			BPF_F_NO_PREALLOC },
	[KEPT_CLASS_NAMES] = { "evmon_classes", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), KEPT_NAME_MAX,
			       EVMON_CLASSES - EVMON_CLASS_MODULE, 0 },
	[KEPT_RULE_NAMES] = { "evmon_rules", BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), KEPT_NAME_MAX,
			      EVMON_RULES - EVMON_RULE_VENDOR, 0 },
	[KEPT_USB] = { "evmon_noticed", BPF_MAP_TYPE_HASH, sizeof(struct evmon_usb_key),
		       sizeof(uint64_t), EVMON_USB_KEYS, BPF_F_NO_PREALLOC },
	[KEPT_PENDING] = { "evmon_pending", BPF_MAP_TYPE_HASH, sizeof(struct evmon_tally_key),
			   sizeof(struct kept_pending), KEPT_PENDING_MAX, BPF_F_NO_PREALLOC },
};

static const uint32_t zero;

void kept_close(struct kept *kept)
{
	for (unsigned i = 0; i < KEPT_MAPS; i++)
		closep(&kept->fds[i]);
}

/* Made anew with the maps of hooks, or taken over with them. */
int kept_open(struct kernel *kernel)
{
	struct kept *kept = &kernel->kept;
	struct kept_state state = { 0 };
	int err = 0;

	for (unsigned i = 0; i < KEPT_MAPS && !err; i++) {
		LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = maps[i].flags);

		if (kernel->pins.adopted) {
			err = pins_map_get(&kernel->pins, maps[i].name, &kept->fds[i]);
			continue;
		}
		kept->fds[i] = bpf_map_create(maps[i].type, maps[i].name, maps[i].key_size,
					      maps[i].value_size, maps[i].max_entries, &options);
		if (kept->fds[i] < 0)
			err = -errno;
		else if (kernel->pins.on)
			err = pins_map_put(&kernel->pins, maps[i].name, kept->fds[i]);
	}
	if (err || !kernel->pins.adopted)
		return err;
	if (bpf_map_lookup_elem(kept->fds[KEPT_STATE], &zero, &state) < 0)
		return -errno;
	kept->before = (struct kept_before){ .was_here = true,
					     .ended = state.ended,
					     .stamp_ns = state.stamp_ns };
	return 0;
}

struct kept_before kept_before(const struct kernel *kernel)
{
	return kernel->kept.before;
}

static void state_put(struct kernel *kernel, uint64_t now_ns, bool ended)
{
	int fd = kernel->kept.fds[KEPT_STATE];
	struct kept_state state;

	if (fd < 0 || bpf_map_lookup_elem(fd, &zero, &state) < 0)
		return;
	state.stamp_ns = now_ns;
	state.ended = ended;
	bpf_map_update_elem(fd, &zero, &state, BPF_ANY);
}

void kept_stamp(struct kernel *kernel, uint64_t now_ns)
{
	state_put(kernel, now_ns, false);
}

void kept_end(struct kernel *kernel, uint64_t now_ns)
{
	state_put(kernel, now_ns, true);
}

/* Another journal than the one before says nothing of what was told to that; it was told then. */
static bool is_told(uint64_t seq, bool same, uint64_t last_seq)
{
	return !same || seq <= last_seq;
}

static int told_settle(const struct kernel *kernel, bool same, uint64_t last_seq)
{
	int fd = kernel->kept.fds[KEPT_TOLD];
	struct evmon_tally_key key, *from = NULL;
	struct kept_telling telling;

	for (; bpf_map_get_next_key(fd, from, &key) == 0; from = &key) {
		if (bpf_map_lookup_elem(fd, &key, &telling) < 0)
			return -errno;
		/* What is written goes to its bucket's front: once each, or there is no end. */
		if (!telling.seq)
			continue;
		if (is_told(telling.seq, same, last_seq))
			telling.before = telling.after;
		telling.after = telling.before;
		telling.seq = 0;
		if (bpf_map_update_elem(fd, &key, &telling, BPF_EXIST) < 0)
			return -errno;
	}
	return 0;
}

struct settling {
	struct kernel *kernel;
	bool same;
	uint64_t last_seq;
};

static int pending_settle(const struct evmon_tally_key *key, const struct kept_pending *pending,
			  void *userdata)
{
	const struct settling *settling = userdata;
	struct kept_pending settled = *pending;

	if (!pending->seq)
		return 0;
	if (is_told(pending->seq, settling->same, settling->last_seq))
		settled.before = pending->after;
	settled.seq = 0;
	return kept_pending_set(settling->kernel, key, &settled);
}

int kept_settle(struct kernel *kernel, const char *journal, uint64_t last_seq)
{
	struct settling settling = { .kernel = kernel, .last_seq = last_seq };
	int err, state_fd = kernel->kept.fds[KEPT_STATE];
	struct kept_state state;

	if (state_fd < 0)
		return 0;
	if (bpf_map_lookup_elem(state_fd, &zero, &state) < 0)
		return -errno;
	settling.same = !strncmp(state.journal, journal, sizeof(state.journal));
	err = told_settle(kernel, settling.same, last_seq);
	if (!err)
		err = kept_pending_each(kernel, pending_settle, &settling);
	if (err)
		return err;
	memset(state.journal, 0, sizeof(state.journal));
	snprintf(state.journal, sizeof(state.journal), "%s", journal);
	return bpf_map_update_elem(state_fd, &zero, &state, BPF_ANY) < 0 ? -errno : 0;
}

struct kept_told kept_told(const struct kernel *kernel, const struct evmon_tally_key *key)
{
	int fd = kernel->kept.fds[KEPT_TOLD];
	struct kept_telling telling;

	if (fd < 0 || bpf_map_lookup_elem(fd, key, &telling) < 0)
		return (struct kept_told){ 0 };
	return telling.before;
}

int kept_tell(struct kernel *kernel, const struct evmon_tally_key *key,
	      const struct kept_telling *telling)
{
	int fd = kernel->kept.fds[KEPT_TOLD];

	if (fd < 0)
		return 0;
	return bpf_map_update_elem(fd, key, telling, BPF_ANY) < 0 ? -errno : 0;
}

struct untold {
	const struct kernel *kernel;
	uint64_t count;
};

static int untold_add(const struct evmon_tally_key *key, const struct evmon_tally *tally,
		      void *userdata)
{
	struct untold *untold = userdata;
	uint64_t told = kept_told(untold->kernel, key).count;

	if (tally->count > told)
		untold->count += tally->count - told;
	return 0;
}

int kept_untold(struct kernel *kernel, uint64_t *ret_count)
{
	struct untold untold = { .kernel = kernel };
	int err = tallies_each(kernel, untold_add, &untold);

	if (!err)
		err = tallies_each_overflow(kernel, untold_add, &untold);
	*ret_count = untold.count;
	return err;
}

static int names_fd(const struct kernel *kernel, enum kept_names which)
{
	return kernel->kept.fds[which == KEPT_CLASSES ? KEPT_CLASS_NAMES : KEPT_RULE_NAMES];
}

int kept_name_set(struct kernel *kernel, enum kept_names which, unsigned i, const char *name)
{
	char value[KEPT_NAME_MAX] = "";

	snprintf(value, sizeof(value), "%s", name);
	return bpf_map_update_elem(names_fd(kernel, which), &i, value, BPF_ANY) < 0 ? -errno : 0;
}

int kept_name(const struct kernel *kernel, enum kept_names which, unsigned i,
	      char ret_name[KEPT_NAME_MAX])
{
	ret_name[0] = '\0';
	if (bpf_map_lookup_elem(names_fd(kernel, which), &i, ret_name) < 0)
		return -errno;
	ret_name[KEPT_NAME_MAX - 1] = '\0';
	return 0;
}

int kept_usb_set(struct kernel *kernel, const struct evmon_usb_key *key, uint64_t noticed)
{
	int fd = kernel->kept.fds[KEPT_USB];

	return fd >= 0 && bpf_map_update_elem(fd, key, &noticed, BPF_ANY) < 0 ? -errno : 0;
}

uint64_t kept_usb(const struct kernel *kernel, const struct evmon_usb_key *key)
{
	uint64_t noticed = 0;
	int fd = kernel->kept.fds[KEPT_USB];

	return fd >= 0 && bpf_map_lookup_elem(fd, key, &noticed) == 0 ? noticed : 0;
}

int kept_pending_set(struct kernel *kernel, const struct evmon_tally_key *key,
		     const struct kept_pending *pending)
{
	int fd = kernel->kept.fds[KEPT_PENDING];

	if (fd < 0)
		return 0;
	if (!pending->before.count && !pending->after.count)
		return bpf_map_delete_elem(fd, key) < 0 && errno != ENOENT ? -errno : 0;
	return bpf_map_update_elem(fd, key, pending, BPF_ANY) < 0 ? -errno : 0;
}

/* All keys first: what fn writes changes their order. */
int kept_pending_each(struct kernel *kernel, kept_pending_fn fn, void *userdata)
{
	_cleanup_(freep) struct evmon_tally_key *keys = calloc(KEPT_PENDING_MAX, sizeof(*keys));
	_cleanup_(freep) struct kept_pending *pending = calloc(1, sizeof(*pending));
	int err = 0, fd = kernel->kept.fds[KEPT_PENDING];
	size_t n = 0;

	if (!keys || !pending)
		return -ENOMEM;
	while (n < KEPT_PENDING_MAX &&
	       bpf_map_get_next_key(fd, n ? &keys[n - 1] : NULL, &keys[n]) == 0)
		n++;
	for (size_t i = 0; i < n && err >= 0; i++)
		if (bpf_map_lookup_elem(fd, &keys[i], pending) == 0)
			err = fn(&keys[i], pending, userdata);
	return err;
}
