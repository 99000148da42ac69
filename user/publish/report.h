/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The status topic: what is to be said there, and whether it has been said on this connection. */
#include <stdbool.h>
#include <stdint.h>

#include "journal/publish_conf.h"
#include "publish/broker.h"
#include "publish/status.h"

struct report {
	struct status status;
	const char *blind; /* why the daemon counts as gone (static text); NULL: it runs */
	bool said;	   /* something has been sent on this connection */
	const char *said_blind;
	char said_content[HASH_HEX];
	uint64_t said_stamp_us;
	uint64_t said_ns;
	int mid; /* open; 0: none */
	int told_err;
};

void report_fini(struct report *report);
/* status.json has changed. */
void report_read(struct report *report, const char *run_dir);
/* Whether the daemon is there; says it when that changes. */
void report_check(struct report *report, bool daemon_runs, uint64_t now_ns);
/* Publishes what is new, if nothing of it is open. */
void report_send(struct report *report, struct broker *broker, const struct publish_conf *conf,
		 uint64_t now_ns);
/* True: the message was the status. */
bool report_ack(struct report *report, int mid);
/* The connection is gone. */
void report_restart(struct report *report);
/* When report_check() may come to another result by itself. */
uint64_t report_deadline(const struct report *report);
