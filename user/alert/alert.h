/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the policy says is wrong, with count, severity and explanation: everything an alert's JSON
 * shows except what the journal stamps on it. Plain data, without pointers (it may be kept for
 * another process), about 14 KB: one at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"
#include "policy/policy.h"
#include "process/modules.h"
#include "process/process.h"
#include "process/usb.h"

enum {
	ALERT_MESSAGE_MAX = 256,
	ALERT_LINE_MAX = 8192
};

struct alert_object_self {
	char what[128];
	char detail[512]; /* may hold others' bytes */
	char chain[8];	  /* lines from .. to of that chain of the journal; empty: not about any */
	uint64_t from, to;
};

struct alert_object_exec {
	char path[PROCESS_PATH_MAX];	    /* a script's own path where it is one */
	char interpreter[PROCESS_PATH_MAX]; /* empty: none */
};

/* Who opened a socket that another holds. */
struct alert_opener {
	uint32_t pid;		    /* 0: the holder himself, or nobody knows */
	char exe[PROCESS_PATH_MAX]; /* empty: not known */
};

struct alert {
	uint64_t time_ns; /* CLOCK_BOOTTIME: an event's own; aggregation sets when it is sent */
	enum evmon_sensor sensor;
	enum evmon_rule rule; /* NONE: nothing is broken (trace only) */
	char rule_name[POLICY_NAME_MAX];
	enum severity severity;
	enum evmon_verdict verdict;
	bool usb_gone;	 /* before it could be denied */
	bool usb_missed; /* its uevents never came */
	bool asked_deny;
	uint64_t count;
	uint64_t first_ns, last_ns; /* bound this alert's interval */
	enum evmon_subject subject; /* MAX: folded, of several subjects */
	bool has_module, has_process;
	struct module module;
	struct process process;
	uint64_t folded; /* > 0: keys (at most, out of an overflow entry) that share this alert */
	enum evmon_hook hook;
	struct evmon_tally_key key; /* what it was counted by */
	union {
		struct event_bind bind;
		struct event_capability capability;
		struct event_exec exec;
		struct usb_device usb;
		struct alert_object_self self; /* config and self */
	};
	struct alert_opener opener; /* bind: held */
	char device[16]; /* bind: the interface's name; empty: none, or not of our namespace */
	struct alert_object_exec exec_text;
	bool object_partial; /* from a tally alone: what its key lacks is null */
	bool object_ids;     /* exec: but for uid and euid, which are known */
	char message[ALERT_MESSAGE_MAX];
	char policy[POLICY_HASH_MAX];
};

/* What the journal stamps. trace: journal is NULL, the line is an evmon.event/1. */
struct alert_stamp {
	const char *journal, *station, *boot, *prev;
	uint64_t seq;
	int64_t offset_ns; /* real time less boot time */
	bool synced, durable;
	bool cmdline_full;
};

/* Fill everything from an event: names, message, severity by the policy. count is left 1. Takes
 * events that user space makes up as well (exec.root-steady, bind held). */
void alert_from_event(struct alert *alert, const struct event *event, const struct modules *modules,
		      const struct policy *policy);
/* From a tally alone; `more` is the growth it reports. */
void alert_from_tally(struct alert *alert, const struct evmon_tally_key *key,
		      const struct evmon_tally *tally, const struct modules *modules,
		      const struct policy *policy);
/* To an alert made from a tally that user space itself has put there: who found it, and the ids
 * that it saw. path: the executed file's, where the tally knows none; may be NULL. */
void alert_found(struct alert *alert, enum evmon_hook hook, const struct process_ids *ids,
		 const char *path);
/* To an alert of a socket that is held. */
void alert_opened_by(struct alert *alert, const struct alert_opener *opener);
/* rule NONE: seen and allowed (trace), severity is then of no account. */
void alert_from_usb(struct alert *alert, const struct usb_device *device, enum evmon_rule rule,
		    enum severity severity, const struct policy *policy);
/* What was done about it: LATE or DENIED; ALERT: nothing, though the policy `asked` for denial or
 * not (the baseline's devices). */
void alert_usb_verdict(struct alert *alert, enum evmon_verdict verdict, bool asked);
/* It was to be denied, and is not there any more. After alert_usb_verdict(). */
void alert_usb_gone(struct alert *alert);
/* So many came and went, the last then, and no uevent told of them: a hook did. */
void alert_usb_missed(struct alert *alert, uint64_t count, uint64_t last_ns);
/* self.* and config.*: what is a word, detail a sentence's facts (empty: none). */
void alert_from_self(struct alert *alert, enum evmon_rule rule, const struct policy *policy,
		     const char *what, const char *detail);

/* Now it tells of n keys at once, of no module or process. */
void alert_fold(struct alert *alert, uint64_t n);
/* The last actor is news if it is not the process that the alert shows. */
void alert_by(struct alert *alert, const struct evmon_actor *actor);

/* The line without newline, members in the contract's order, up to and including `"prev":"..."`
 * (the journal appends `,"hash":"..."}`); with stamp->journal NULL the whole event object. Falls
 * back to shorter forms with "truncated":true when the line would pass ALERT_LINE_MAX - 80.
 * The length, or -ENOSPC, which no alert gives in a buffer of ALERT_LINE_MAX. */
int alert_format_json(const struct alert *alert, const struct alert_stamp *stamp, char *buffer,
		      size_t size);
