/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What one daemon leaves to the next beside what hooks write: how much of each count has been told,
 * what numbers stand for, and when it was last seen alive. Maps that no program uses, pinned with
 * the others, so that they live exactly as long as the counts which they speak of.
 *
 * How much was told is written before the alert is, with the number that the alert will have in
 * the journal: whether it got there, the journal itself says (kept_settle()).
 */
#include <stdbool.h>
#include <stdint.h>

#include "evmon/tally.h"
#include "evmon/usb.h"
#include "kernel/kernel.h"

enum {
	KEPT_NAME_MAX = 64,
	KEPT_PENDING_MAX = 1024, /* keys that user space counts */
	KEPT_ALERT_MAX = 2048,	 /* bytes of an alert, packed */
};

/* The daemon before; all zero: there was none, or its counts could not be taken over. */
struct kept_before {
	bool was_here;
	bool ended;	   /* in order, by kept_end() */
	uint64_t stamp_ns; /* CLOCK_BOOTTIME when it was last seen */
};
struct kept_before kept_before(const struct kernel *kernel);

/* Still here. */
void kept_stamp(struct kernel *kernel, uint64_t now_ns);
/* The last stamp of one that ends in order. */
void kept_end(struct kernel *kernel, uint64_t now_ns);

/* Once, before anything is written to the journal (by its id and its last line's number): what was
 * told by then is known, what did not get there is not. Sums what is untold. */
int kept_settle(struct kernel *kernel, const char *journal, uint64_t last_seq);
/* Violations that were counted and not told, of those that kernel side counts. */
int kept_untold(struct kernel *kernel, uint64_t *ret_count);

/* Of a key's count, up to and with the violation at last_ns; 0: nothing. */
struct kept_told {
	uint64_t count, last_ns;
};
struct kept_told kept_told(const struct kernel *kernel, const struct evmon_tally_key *key);

struct kept_telling {
	struct kept_told before, after; /* told already; told once line `seq` is written */
	uint64_t seq;			/* 0: `before` is all that was told */
};
/* -E2BIG: no room; a daemon that is killed then tells the key's whole count again. */
int kept_tell(struct kernel *kernel, const struct evmon_tally_key *key,
	      const struct kept_telling *telling);

/* What user space itself has counted of a key and not told yet, with the alert to tell it by. */
struct kept_count {
	uint64_t count, first_ns, last_ns;
};
struct kept_pending {
	struct kept_count before, after; /* pending now; pending once line `seq` is written */
	uint64_t seq;			 /* 0: `before` is what is pending */
	uint64_t size;			 /* of the alert, packed; 0: it was too long */
	unsigned char alert[KEPT_ALERT_MAX];
};
/* Nothing pending: forgets the key. */
int kept_pending_set(struct kernel *kernel, const struct evmon_tally_key *key,
		     const struct kept_pending *pending);
/* Each key of which something is, after kept_settle(); an error of fn is passed up. */
typedef int (*kept_pending_fn)(const struct evmon_tally_key *key,
			       const struct kept_pending *pending, void *userdata);
int kept_pending_each(struct kernel *kernel, kept_pending_fn fn, void *userdata);

/* Names by number, kept before the number is used. "": none. */
enum kept_names {
	KEPT_CLASSES, /* from EVMON_CLASS_MODULE */
	KEPT_RULES,   /* from EVMON_RULE_VENDOR */
	KEPT_NAMES_MAX
};
int kept_name_set(struct kernel *kernel, enum kept_names which, unsigned i, const char *name);
int kept_name(const struct kernel *kernel, enum kept_names which, unsigned i,
	      char ret_name[KEPT_NAME_MAX]);

/* How many attachments of a USB device user space has noticed. -E2BIG: no room. */
int kept_usb_set(struct kernel *kernel, const struct evmon_usb_key *key, uint64_t noticed);
uint64_t kept_usb(const struct kernel *kernel, const struct evmon_usb_key *key);
