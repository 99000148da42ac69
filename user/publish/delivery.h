/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From the journal to the broker: reads from the cursor, keeps at most a window open, moves the
 * cursor on acknowledgement.
 */
#include <stdbool.h>
#include <stdint.h>

#include "journal/publish_conf.h"
#include "journal/reader.h"
#include "publish/broker.h"
#include "journal/cursor.h"
#include "publish/window.h"

struct delivery {
	const char *run_dir;
	char state_dir[PATH_MAX];
	struct journal_reader *reader; /* owned; NULL: the journal is not there (yet) */
	struct cursor cursor;
	struct window window;
	bool idle;	       /* all that may be sent was sent */
	bool seek_due;	       /* the reader does not stand at the cursor yet */
	uint64_t retry_ns;     /* after an error of the journal; UINT64_MAX: none */
	uint64_t told_lost_to; /* up to where losses were told */
	bool told_lost;	       /* the first of them; the others are summed up at the end */
	int told_err;	       /* the error of the journal that was told last */
	int told_cursor_err;
};

/* Loads the cursor; says what is odd about it. */
void delivery_init(struct delivery *delivery, const char *run_dir, int cursor_fd);
void delivery_fini(struct delivery *delivery);
/* Opens the journal of that state directory if it is not open, or another one is. */
void delivery_open(struct delivery *delivery, const char *state_dir, uint64_t now_ns);
/* Sends what there is until the window is full or the broker fails. */
void delivery_pump(struct delivery *delivery, struct broker *broker,
		   const struct publish_conf *conf, uint64_t now_ns);
/* The broker has acknowledged a message. */
void delivery_ack(struct delivery *delivery, int mid, uint64_t now_ns);
/* The connection is gone: what was open is sent again, from the cursor on. */
void delivery_restart(struct delivery *delivery);
/* Saves the cursor if that is due, or if there is nothing else to do; `now_ns` UINT64_MAX: at
 * any rate. */
void delivery_save(struct delivery *delivery, uint64_t now_ns);
