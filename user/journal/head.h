/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The small files beside the segments. journal/id: the journal's id. journal/head: how far seq may
 * have gone and which segments are being written, so that seq does not restart and missing files
 * are noticed. <run>/synced: the last line that is surely on the disk. journal/lock: held by the
 * writer.
 */
#include <stdbool.h>
#include <stdint.h>

#include "journal/line.h"
#include "journal/segment.h"

int journal_id_read(int dir_fd, char id[JOURNAL_ID_MAX]);
int journal_id_write(int dir_fd, const char *id);

struct head {
	uint64_t floor; /* no seq above it was ever given away */
	uint64_t segments[CHAINS];
};

/* -ENOENT: there is none yet; -EBADMSG: not ours. */
int head_read(int dir_fd, struct head *ret_head);
int head_write(int dir_fd, const struct head *head);

struct mark {
	char id[JOURNAL_ID_MAX];
	uint64_t seq;
};

int mark_read(int run_fd, struct mark *ret_mark);
int mark_write(int run_fd, const struct mark *mark);

/* -EBUSY: somebody else writes. Held until the fd, which the caller owns, is closed. */
int journal_lock(int dir_fd, int *ret_fd);
/* 1: a writer holds the lock; 0: nobody does; -errno. Asking does not take it. */
int journal_locked(int dir_fd);
