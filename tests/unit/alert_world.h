/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A fake kernel around an aggregate: tallies that grow, records that come, come late or are lost,
 * reads and sinks that fail. The clock is the test's own. What comes out is checked as it comes:
 * an alert's count and bounds are those of the deeds that it tells of.
 */
#include "alert/aggregate.h"
#include "alert_help.h"

#define SECOND	   1000000000ULL
#define WINDOW	   (60 * SECOND)
#define WINDOW_MAX (240 * SECOND)

enum {
	KEYS = 400,
	ALERTS = 4096,
	TIMES = 4096,
	OWN = 8
};

/* What a test asks about an alert that came out. */
struct seen {
	uint64_t at_ns, count, first_ns, last_ns, folded;
	struct evmon_tally_key key;
	uint32_t pid;
	bool has_module;
	char message[ALERT_MESSAGE_MAX];
};

struct fake {
	struct evmon_tally_key key;
	struct evmon_tally tally;
	uint64_t alerted;     /* by alerts of its own */
	uint64_t time[TIMES]; /* of deeds that no alert has told of */
	size_t n_times;
	struct {
		struct aggregate_told before, after;
		uint64_t seq;
	} kept;	    /* of what was told, for who takes over */
	bool loose; /* an unreadable tally let an alert tell of one of several: times don't match */
};

/* A key that user space counts, as it is kept. */
struct fake_own {
	struct evmon_tally_key key;
	struct aggregate_pending before, after;
	uint64_t seq;
	unsigned char packed[2048];
	size_t size;
};

struct world {
	struct stage *stage;
	struct aggregate *aggregate;
	struct alert *alert;
	uint64_t now_ns;
	struct fake fakes[KEYS];
	size_t n_fakes;
	struct fake_own own[OWN];
	size_t n_own;
	struct evmon_tally overflow;
	bool has_overflow;
	struct seen seen[ALERTS];
	size_t n_seen;
	uint64_t alerted[EVMON_RULES];
	bool folded[EVMON_RULES];
	int sink_err, read_err;
	bool faults;  /* either has failed before */
	uint64_t seq; /* of the last alert that is out */
	enum {
		ALIVE,
		DIES_BEFORE, /* the next alert is out */
		DIES_AFTER,  /* it is, and before anybody knows */
		DEAD
	} life;
	unsigned random;
};

/* For cmocka: *state is a struct world. */
int world_open(void **state);
int world_close(void **state);
/* A key with a tally of nothing yet, of module api. */
struct fake *fake_add(struct world *w, enum evmon_rule rule, unsigned port);
/* What the hook counts; true: it makes a record of it. */
bool deed(struct world *w, struct fake *fake);
/* The arrival of a deed's record; aggregate_push()'s return. */
int arrive(struct world *w, const struct fake *fake, uint64_t time_ns);
/* Deeds whose records arrive at once. */
void deeds(struct world *w, struct fake *fake, unsigned n);
/* Lets time pass, waking up when asked to, as the daemon's timer does. */
void pass(struct world *w, uint64_t ns);
/* Another aggregate takes over from one that was killed. */
void take_over(struct world *w);
int sweep(struct world *w, const struct fake *fake);
