/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What goes to the status topic: the daemon's own words from status.json while it is known to run,
 * else `blind` in ours. The daemon puts `"stamp_us"`, CLOCK_BOOTTIME in microseconds, at the top
 * level of status.json, and writes the file at least every 30 seconds.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct status {
	char *text; /* owned; NULL: there is no status.json that could be read */
	size_t size;
	uint64_t stamp_us;	/* 0: it has none */
	char content[HASH_HEX]; /* of all but stamp and counters: has anything else changed? */
};

enum {
	STATUS_OURS_MAX = 512
};

void status_clear(struct status *status);
/* -ENOENT; -EFBIG; -EBADMSG: without a stamp. */
int status_read(struct status *status, int run_fd);
/* The number behind `"stamp_us":` in the outermost object and where its digits are; -EBADMSG. */
int status_find_stamp(const char *text, size_t size, uint64_t *ret_stamp_us, size_t *ret_at,
		      size_t *ret_digits);
/* Why the daemon counts as gone at that time; NULL: it runs. */
const char *status_blind(const struct status *status, bool daemon_runs, uint64_t now_ns);
/* When that answer changes by itself; UINT64_MAX: it does not. */
uint64_t status_deadline(const struct status *status);
/* {"state":state,"station":...,"why":...}; why may be NULL. The length. */
size_t status_compose(char text[STATUS_OURS_MAX], const char *state, const char *station,
		      const char *why);
