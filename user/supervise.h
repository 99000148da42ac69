/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * evmon-publish as the daemon's child, where no supervisor starts both: see docs/man/evmon.1,
 * "Without systemd".
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json.h"
#include "base/loop.h"

enum {
	SUPERVISE_ERROR_MAX = 192
};

struct supervise {
	pid_t pid;			 /* 0: it does not run */
	struct loop_source *end;	 /* that it has ended; removed with it */
	uint64_t started_ns, next_ns;	 /* next_ns: not before that */
	unsigned starts, failures;	 /* failures: in a row, of one that had hardly run */
	char error[SUPERVISE_ERROR_MAX]; /* why it does not run; empty: it does, or is not to */
};

struct daemon;

/* Starts it where that is the daemon's business, it does not run and the time has come. Nothing
 * that keeps it from running is an error: it is told, and tried again. */
int supervise_look(struct daemon *daemon);
/* Ends it, and waits for its end a few seconds. */
void supervise_end(struct daemon *daemon);
/* The status' member "publisher". */
void supervise_write_json(struct json *json, const struct daemon *daemon);
