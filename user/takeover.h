/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a daemon takes over from the one before it, and what it leaves to the next. */
#include "daemon.h"

/* After kernel_new(), before names are given and anything is written to the journal. */
int takeover_start(struct daemon *daemon);
/* Before a policy's rules are used: their numbers mean the same to the next daemon. */
int takeover_rules(struct daemon *daemon, struct policy *policy);
/* How long nobody was here and what was counted then (self.gap), and what is gone that should be
 * there (self.tampered). */
int takeover_tell(struct daemon *daemon);
/* Still here. */
void takeover_stamp(struct daemon *daemon);
/* It had been stopped, and goes on (SIGCONT). */
int takeover_continued(struct daemon *daemon, pid_t sender);
/* The aggregate's. */
void takeover_telling(const struct evmon_tally_key *key, const struct aggregate_told *before,
		      const struct aggregate_told *after, void *userdata);
struct aggregate_told takeover_told(const struct evmon_tally_key *key, void *userdata);
void takeover_pending(const struct evmon_tally_key *key, const struct aggregate_keeping *keeping,
		      void *userdata);
