/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The way of the data, from the ring to the disk. */
#include "daemon.h"

/* Empties the rings. */
int pipeline_drain(struct daemon *daemon);
/* What a hook or the inventory has counted: to the aggregate. opener: NULL, or see alert.h. */
int pipeline_violation(struct daemon *daemon, const struct event *event,
		       const struct alert_opener *opener);
/* An alert that user space found; count 1. identity: see aggregate_push_own(). */
int pipeline_own(struct daemon *daemon, struct alert *alert, const char *identity);
/* What user space found of a process itself, and by what. */
struct finding {
	enum evmon_hook hook;
	struct evmon_actor actor;
	struct process_ids ids;
	const char *path; /* of the file that was executed; NULL: the tally's will do */
};

/* A finding that is counted once, in the kernel's tallies (tallies_stand). */
int pipeline_stand(struct daemon *daemon, const struct evmon_tally_key *key,
		   const struct finding *finding);
/* The same for one that is counted each time. */
int pipeline_count(struct daemon *daemon, const struct evmon_tally_key *key,
		   const struct finding *finding);
/* self.*: what evmon has to say of itself. */
int pipeline_self(struct daemon *daemon, enum evmon_rule rule, const char *what,
		  const char *detail);
/* The same, and config.*, told apart from others of the rule by its identity, see
 * aggregate_push_own(). */
int pipeline_finding(struct daemon *daemon, enum evmon_rule rule, const char *what,
		     const char *detail, const char *identity);
/* Reads every tally: finds what no record told of. */
int pipeline_sweep(struct daemon *daemon);
/* Ends windows that are due, all of them at stop. */
int pipeline_tick(struct daemon *daemon, bool all);
/* Makes what was written durable, then tells journald. */
int pipeline_sync(struct daemon *daemon);
/* The aggregate's sink and source, for aggregate_new(). */
int pipeline_sink(struct alert *alert, void *userdata);
int pipeline_read(const struct evmon_tally_key *key, struct evmon_tally *ret_tally, void *userdata);
