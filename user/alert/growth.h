/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a key has grown by since it was last alerted. */
#include "alert/keys.h"

enum {
	GROWTH_GRACE_NS = 1000000000, /* from a hook's clock to its count, from record to arrival */
};

struct growth {
	uint64_t count;
	uint64_t kernel; /* the tally's count, reported once the alert is out */
	uint64_t first_ns, last_ns;
	struct evmon_actor actor; /* tgid 0: not known */
};

/* From the tally as it is now (count 0: the kernel keeps none) and what is counted here. */
void growth_of(struct key_entry *e, const struct evmon_tally *tally, struct growth *ret_growth);
/* The tally is there but can't be read now: the violation at hand is one of its count. */
void growth_assume(const struct key_entry *e, const struct alert *alert, struct growth *ret_growth);
/* Counts a violation here, for want of a tally. */
void growth_count(struct key_entry *e, const struct alert *alert);
/* The growth is in an alert that is out. */
void growth_reported(struct key_entry *e, uint64_t kernel, uint64_t last_ns, uint64_t now_ns);
