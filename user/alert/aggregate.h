/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Folding: the first violation of a key is alerted at once; at the end of each window in which
 * its tally grew one more alert carries the growth; windows of a key that keeps growing double up
 * to window_max and start over after a quiet one; at most 64 keys a rule and window, the rest
 * share one (one a verdict, where a rule has several). For each rule the sum over its alerts
 * equals the sum of its tallies. What the sink refuses stays to be alerted.
 */
#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"

enum {
	AGGREGATE_KEYS_PER_RULE = 64
};

struct aggregate;

/* Of a key's count, up to and with the violation at last_ns. */
struct aggregate_told {
	uint64_t count, last_ns;
};

/* Where alerts go; -errno is passed up. It must not call back. */
typedef int (*aggregate_sink_fn)(struct alert *alert, void *userdata);
/* The kernel's exact count of a key now; -ENOENT: the kernel keeps none (the key was counted in
 * an overflow entry). Overflow entries are read, and swept, under a key of their own: rule, verdict
 * and slot EVMON_SLOT_OVERFLOW, all else zero. */
typedef int (*aggregate_read_fn)(const struct evmon_tally_key *key, struct evmon_tally *ret_tally,
				 void *userdata);

/* Of the kernel's count of a key: what was told before, and what will have been told once the alert
 * that comes next is out; the two are the same where that alert failed. Called for each key of the
 * alert, before the sink, so that whoever takes over after a crash can know. */
typedef void (*aggregate_telling_fn)(const struct evmon_tally_key *key,
				     const struct aggregate_told *before,
				     const struct aggregate_told *after, void *userdata);
/* What had been told of the key before this aggregate was made; count 0: nothing. */
typedef struct aggregate_told (*aggregate_told_fn)(const struct evmon_tally_key *key,
						   void *userdata);

/* What user space itself has counted of a key and not told yet. */
struct aggregate_pending {
	uint64_t count, first_ns, last_ns;
};

/* As aggregate_telling_fn, of such a key: what is pending, what will be once the alert that comes
 * next is out (the same where none does), and the alert to tell it by, as compact.h packs it. */
struct aggregate_keeping {
	struct aggregate_pending before, after;
	const void *packed;
	size_t size;
};
typedef void (*aggregate_pending_fn)(const struct evmon_tally_key *key,
				     const struct aggregate_keeping *keeping, void *userdata);

struct aggregate_config {
	uint64_t window_ns, window_max_ns;
	aggregate_sink_fn sink;
	aggregate_read_fn read;
	aggregate_telling_fn telling; /* these three may be NULL: nobody takes over */
	aggregate_told_fn told;
	aggregate_pending_fn pending;
	void *userdata;
};

/* -EINVAL: a window of no length, or window_max below it. */
int aggregate_new(const struct aggregate_config *config, struct aggregate **ret_aggregate);
void aggregate_free(struct aggregate *aggregate);
DEFINE_CLEANUP(struct aggregate *, aggregate_free);

/* A violation that a record told of. Its count, first, last and time_ns are replaced: by the
 * tally's growth and by now. The sink may be called with other alerts before. */
int aggregate_push(struct aggregate *aggregate, struct alert *alert, uint64_t now_ns);
/* One that user space counts itself (usb, config, exec.root-steady, self): adds `count` to its
 * own tally of the key (rule and object bytes), then as aggregate_push. `identity` tells objects
 * of one rule apart (a device's port and numbers, a config finding's words). */
int aggregate_push_own(struct aggregate *aggregate, struct alert *alert, const char *identity,
		       uint64_t now_ns);
/* What was pending when another ended; told with the next tick. Before that key is pushed here. */
int aggregate_recall(struct aggregate *aggregate, const struct evmon_tally_key *key,
		     const struct aggregate_pending *pending, const void *packed, size_t size);
/* A tally seen in a sweep: alerts what no record has told of. Where the kernel made a record within
 * the last second, that is given as long to arrive, and aggregate_deadline() says so. */
int aggregate_sweep(struct aggregate *aggregate, const struct evmon_tally_key *key,
		    const struct evmon_tally *tally, const struct modules *modules,
		    const struct policy *policy, uint64_t now_ns);
/* Other windows from now on; those that are open end when the longest of them would. */
void aggregate_windows(struct aggregate *aggregate, uint64_t window_ns, uint64_t window_max_ns,
		       uint64_t now_ns);
/* When the next window ends; 0: none is open. */
uint64_t aggregate_deadline(const struct aggregate *aggregate);
/* Ends the windows that are due; with `all` every one (at stop): what grew is alerted. */
int aggregate_tick(struct aggregate *aggregate, uint64_t now_ns, bool all);
