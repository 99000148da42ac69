/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The owner object of `evmon run`: everything that lives as long as the daemon hangs here. Shared
 * by the files at the top of user/ and by nothing beneath them.
 */
#include <stdbool.h>
#include <stdint.h>

#include "alert/aggregate.h"
#include "alert/alert.h"
#include "base/loop.h"
#include "base/station.h"
#include "base/watchdog.h"
#include "cmd/run.h"
#include "journal/journal.h"
#include "journal/mirror.h"
#include "journal/publish_conf.h"
#include "kernel/kernel.h"
#include "policy/everest_config.h"
#include "policy/policy.h"
#include "policy/rule_numbers.h"
#include "process/modules.h"
#include "process/usb.h"
#include "process/usb_noticed.h"
#include "supervise.h"
#include "watch.h"

enum {
	DAEMON_BATCH = 32,
	DAEMON_REASON_MAX = 256
};

/* Counted in user space, beside the kernel's own (kernel/ring.h). */
struct daemon_counters {
	uint64_t alerts, records, bad_records, uevents_lost;
	uint64_t unjudged; /* without BTF: execs of tasks that had ended before they were judged */
};

/* The manager as its exec or the snapshot showed it. */
struct daemon_manager {
	uint32_t pid, exe_dev;
	uint64_t start_ns, exe_ino;
	char comm[17];
};

struct daemon {
	const struct run_options *options;
	char station[STATION_MAX];
	char mqtt_url[PUBLISH_URL_MAX]; /* empty: not published */
	bool status_unwritable;
	struct watchdog watchdog;
	uint64_t started_ns;
	int state_fd, run_fd, uevent_fd, files_fd;
	struct loop *loop;
	struct loop_source *window_timer, *batch_timer, *settle_timer, *stamp_timer;
	struct loop_source *supervise_timer;
	struct supervise supervise;
	struct policy *policy;
	struct policy *policy_before; /* what it followed; NULL: nothing */
	struct rule_numbers rule_numbers;
	char policy_error[544];	     /* the files' first mistake; empty: they are valid */
	const char *policy_in_force; /* where they are not: what holds instead */
	struct watch *watch;
	struct loop_source *reload_timer;
	unsigned changed; /* files that changed and are not read again yet */
	uint64_t changed_ns;
	struct everest_config *everest; /* NULL: not there or not readable */
	char everest_error[544];	/* empty: it is read, or not there */
	struct kernel *kernel;
	struct modules *modules;
	struct aggregate *aggregate;
	struct usb_devices *usb;
	struct usb_noticed *noticed;
	struct usb_baseline *baseline;
	struct journal *journal;
	char journal_error[DAEMON_REASON_MAX]; /* empty: it writes */
	struct mirror mirror;
	struct {
		struct alert *alert; /* owned */
		uint64_t seq;
	} batch[DAEMON_BATCH]; /* written, not yet synced: journald hears of them after that */
	size_t n_batch;
	struct daemon_manager manager;
	struct daemon_counters counters;
	unsigned full_told;		/* bit per map that was found full: told once each */
	uint64_t lost_seen;		/* what the last sweep knew of records that were lost */
	uint64_t missed_seen;		/* runs of programs that the kernel has passed over */
	uint64_t joined_lost_seen;	/* the same of the last look at all tasks */
	pid_t canary;			/* 0: none is out */
	struct loop_source *canary_end; /* removed with it */
	uint64_t canary_next_ns;
	int clock_fd;		 /* see clock_step.c */
	int64_t clock_offset_ns; /* of real time to boot time, when it was last looked at */
	uint64_t stamp_ns;	 /* when it was last seen to run, see takeover_stamp() */
	bool proven;		 /* what the last canary showed; told when it changes */
	bool look_due;		 /* at all tasks and sockets, at the next stamp */
};

/* Runs until a signal; an exit code of cmd.h. */
int daemon_run(const struct run_options *options);
