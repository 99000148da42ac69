/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A state and a runtime directory for a test, and alerts that nobody committed. */
#include <stdbool.h>
#include <stdint.h>

#include "journal/journal.h"

struct place {
	char root[64], state[80], run[80];
	int state_fd, run_fd;
};

void place_make(struct place *place);
/* Empties and removes it. */
void place_remove(struct place *place);
/* Both for cmocka: *state is a place. */
int place_set_up(void **state);
int place_tear_down(void **state);

/* Opens the journal there, or fails the test. */
struct journal *place_open(const struct place *place, uint64_t size);
/* What journal_open() says. */
int place_try_open(const struct place *place, uint64_t size, struct journal **ret_journal);

/* Appends an alert whose message names `number`; urgent ones are critical. */
int try_line(struct journal *journal, bool urgent, unsigned number, uint64_t *ret_seq);
/* The same, and it must succeed: its seq. */
uint64_t add_line(struct journal *journal, bool urgent, unsigned number);

/* The path of a chain's segment. */
void segment_path(const struct place *place, const char *chain, unsigned number, char path[160]);
/* The whole file; the caller frees. */
char *slurp(const char *path, size_t *ret_size);
void spit(const char *path, const char *data, size_t size);
