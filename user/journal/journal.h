/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * evmon's durable store of alerts: <state>/journal/{urgent,routine}-NNNNNNNN.jsonl, fixed-size
 * segments of JSON lines, each line chained to the one before by SHA-256. A closed segment is
 * plain JSON lines; the active one is preallocated with zeros and ends at the first NUL. <state>/
 * journal/id holds the journal's id. Two chains, urgent (critical, high) and routine, each with
 * half of the space; seq is shared. Torn tails are cut at open and reported by ret_recovered.
 * After each fdatasync the synced mark goes to <run>/synced by rename: readers stop there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"
#include "base/macros.h"
#include "journal/segment.h"

struct journal;

struct journal_config {
	int state_fd; /* the state directory; not owned */
	int run_fd;   /* the runtime directory; not owned; -1: no mark */
	const char *station;
	uint64_t size; /* bytes for both chains together */
	bool cmdline_full;
};

/* -EROFS, -EACCES, -ENOSPC ..., -EBUSY (somebody else writes): `ret_where` (static text) says
 * what could not be done. */
int journal_open(const struct journal_config *config, struct journal **ret_journal,
		 const char **ret_where);
void journal_close(struct journal *journal); /* syncs */
DEFINE_CLEANUP(struct journal *, journal_close);

/* From the next line on. */
void journal_cmdline(struct journal *journal, bool full);

/* Writes the alert's line. Not durable before journal_sync(). After an error nothing was written
 * and the next try may succeed. */
int journal_append(struct journal *journal, const struct alert *alert, uint64_t *ret_seq);
/* fdatasync of what was appended, then the mark. Nothing to do is no error. */
int journal_sync(struct journal *journal);
/* Lines are waiting for journal_sync(). */
bool journal_dirty(const struct journal *journal);
/* Bytes cut from torn tails at open. */
uint64_t journal_recovered(const struct journal *journal);
/* What open found missing, in words (for self.journal-broken); NULL: nothing. seq then goes on
 * above all that may have been given away. */
const char *journal_notice(const struct journal *journal);

/* True once after rotation took lines of the chain, and after open if it had done so before: all
 * with a seq up to *ret_to are gone. See journal/lost.h for who delivered them. */
bool journal_take_removed(struct journal *journal, enum chain_id id, uint64_t *ret_to);

struct journal_heads {
	char id[9];
	uint64_t seq;
	char urgent[65], routine[65]; /* last hash of each chain */
};
void journal_get_heads(const struct journal *journal, struct journal_heads *ret_heads);
