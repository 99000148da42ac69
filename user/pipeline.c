// SPDX-License-Identifier: Apache-2.0
/*
 * The data's way in one screen:
 *
 *   ring -> event_decode -> alert_from_event (names, severity, words)
 *        -> aggregate (the tally's exact count) -> journal_append -> journal_sync -> mirror
 *
 * Nothing is mirrored or published before it is on the disk. High and critical alerts are synced
 * at once, the rest in batches of at most 32 or 50 ms.
 */
#include "pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cmd/naming.h"
#include "found.h"
#include "held.h"
#include "kernel/ring.h"
#include "kernel/tables.h"
#include "kernel/tallies.h"
#include "late.h"
#include "report.h"
#include "undelivered.h"

#define BATCH_NS (50 * 1000000ULL)

static void batch_forget(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->n_batch; i++)
		free(TAKE_PTR(daemon->batch[i].alert));
	daemon->n_batch = 0;
}

/* The journal's state in words, told once when it changes. */
static void journal_state(struct daemon *daemon, int err)
{
	char text[DAEMON_REASON_MAX] = "";

	if (err < 0)
		snprintf(text, sizeof(text), "%.160s/journal: %s", daemon->options->state_dir,
			 strerror(-err));
	if (!strcmp(text, daemon->journal_error))
		return;
	if (err < 0)
		log_err("%s: alerts are not on the disk until this is mended", text);
	else
		log_notice("%s/journal: writes again", daemon->options->state_dir);
	snprintf(daemon->journal_error, sizeof(daemon->journal_error), "%s", text);
	report_status(daemon);
}

int pipeline_sync(struct daemon *daemon)
{
	int err = journal_sync(daemon->journal);

	journal_state(daemon, err);
	for (size_t i = 0; !err && i < daemon->n_batch; i++)
		mirror_send(&daemon->mirror, daemon->batch[i].alert, daemon->batch[i].seq);
	if (err < 0)
		daemon->mirror.lost += daemon->n_batch;
	batch_forget(daemon);
	return loop_timer_set(daemon->batch_timer, 0);
}

static int write_alert(struct daemon *daemon, const struct alert *alert)
{
	bool urgent = alert->severity >= SEVERITY_HIGH;
	struct alert *copy = NULL;
	uint64_t seq = 0;
	int err = journal_append(daemon->journal, alert, &seq);

	daemon->counters.alerts++;
	if (err < 0) {
		/* The aggregate keeps what was not told, and tells it with the next window. */
		journal_state(daemon, err);
		return err;
	}
	/* Also while there is no journald: it is looked for with each alert. */
	if (mirror_is_on(&daemon->mirror))
		copy = malloc(sizeof(*copy));
	if (mirror_is_on(&daemon->mirror) && !copy)
		daemon->mirror.lost++;
	if (copy) {
		*copy = *alert;
		daemon->batch[daemon->n_batch].alert = copy;
		daemon->batch[daemon->n_batch++].seq = seq;
	}
	if (urgent || daemon->n_batch == DAEMON_BATCH)
		return pipeline_sync(daemon);
	return loop_timer_set(daemon->batch_timer, clock_boot_ns() + BATCH_NS);
}

int pipeline_sink(struct alert *alert, void *userdata)
{
	struct daemon *daemon = userdata;
	int err = write_alert(daemon, alert);
	int more = err;

	/* What this line has pushed out. A failure leaves it to be told with the next rotation, or
	 * at the next start. */
	while (more >= 0) {
		_cleanup_(freep) struct alert *lost = NULL;

		more = undelivered_take(daemon, &lost);
		if (more <= 0)
			break;
		more = write_alert(daemon, lost);
	}
	return err;
}

int pipeline_read(const struct evmon_tally_key *key, struct evmon_tally *ret_tally, void *userdata)
{
	struct daemon *daemon = userdata;

	return tallies_read(daemon->kernel, key, ret_tally);
}

/* What follows an aggregate's call. A journal that cannot write is the operator's business, told
 * by journal_state(), and no reason to stop watching. */
static int window_arm(struct daemon *daemon, int err)
{
	if (err < 0 && !daemon->journal_error[0])
		return err;
	return loop_timer_set(daemon->window_timer, aggregate_deadline(daemon->aggregate));
}

/* A record says by which policy it was judged: after a swap some still speak of the one before. */
static const struct policy *policy_of(const struct daemon *daemon, const struct event *event)
{
	bool now = event->policy == tables_policy_serial(daemon->kernel);

	return now || !daemon->policy_before ? daemon->policy : daemon->policy_before;
}

int pipeline_violation(struct daemon *daemon, const struct event *event,
		       const struct alert_opener *opener)
{
	_cleanup_(freep) struct alert *alert = calloc(1, sizeof(*alert));
	int err;

	if (!alert)
		return -ENOMEM;
	alert_from_event(alert, event, daemon->modules, policy_of(daemon, event));
	if (opener)
		alert_opened_by(alert, opener);
	err = aggregate_push(daemon->aggregate, alert, clock_boot_ns());
	return window_arm(daemon, err);
}

static int on_violation(struct daemon *daemon, const struct event *event)
{
	if (event->sensor == EVMON_SENSOR_BIND && event->bind.how == EVMON_BIND_HELD)
		return held_received(daemon, event);
	return pipeline_violation(daemon, event, NULL);
}

static int on_joined(struct daemon *daemon, const struct event *event)
{
	found_joined(daemon, event);
	return held_joined(daemon, event);
}

/* A deed of who was not named yet when it was done; by now it may be. */
static void named_since(struct daemon *daemon, struct event_process *p)
{
	struct tables_task task = { .tgid = p->pid };

	if (p->class < EVMON_CLASS_PENDING || p->slot != EVMON_CLASS_OTHER ||
	    tables_task_get(daemon->kernel, &task) < 0 || task.class < EVMON_CLASS_PENDING)
		return;
	p->class = (uint16_t)task.class;
	p->slot = (uint16_t)task.slot;
}

static int on_record(const void *data, size_t size, void *userdata)
{
	struct daemon *daemon = userdata;
	const struct event_process *p;
	struct event event;
	int err = 0;

	daemon->counters.records++;
	if (event_decode(data, size, &event) < 0) {
		daemon->counters.bad_records++;
		return 0;
	}
	if (!process_is_complete(&event.process))
		late_complete(daemon, &event);
	p = &event.process;
	naming_slot(daemon->kernel, daemon->modules, p->class, p->slot,
		    (struct module_args){ p->args, p->args_length });
	if (event.hook == EVMON_HOOK_TRACE_EXEC)
		return late_exec(daemon, &event);
	if (event.sensor == EVMON_SENSOR_EXEC && event.joined)
		err = on_joined(daemon, &event);
	else
		named_since(daemon, &event.process);
	if (err >= 0 && event.hook == EVMON_HOOK_TP_SET_STATE)
		err = held_listens(daemon, &event);
	if (err < 0 || event.key.rule == EVMON_RULE_NONE)
		return err;
	return on_violation(daemon, &event);
}

int pipeline_drain(struct daemon *daemon)
{
	return ring_consume(daemon->kernel, on_record, daemon);
}

int pipeline_own(struct daemon *daemon, struct alert *alert, const char *identity)
{
	int err = aggregate_push_own(daemon->aggregate, alert, identity, clock_boot_ns());

	return window_arm(daemon, err);
}

int pipeline_finding(struct daemon *daemon, enum evmon_rule rule, const char *what,
		     const char *detail, const char *identity)
{
	_cleanup_(freep) struct alert *alert = calloc(1, sizeof(*alert));

	if (!alert)
		return -ENOMEM;
	alert_from_self(alert, rule, daemon->policy, what, detail);
	return pipeline_own(daemon, alert, identity);
}

int pipeline_self(struct daemon *daemon, enum evmon_rule rule, const char *what, const char *detail)
{
	return pipeline_finding(daemon, rule, what, detail, what);
}

static int on_tally(const struct evmon_tally_key *key, const struct evmon_tally *tally,
		    void *userdata)
{
	struct daemon *daemon = userdata;
	const struct policy *policy = daemon->policy;

	/* A vendor's rule may have left with the policy before; its count is told all the same. */
	if (key->rule >= EVMON_RULE_VENDOR && daemon->policy_before &&
	    !rule_is_numbered(policy, key->rule))
		policy = daemon->policy_before;
	naming_slot(daemon->kernel, daemon->modules, tally->actor.class, key->slot,
		    (struct module_args){ NULL, 0 });
	return aggregate_sweep(daemon->aggregate, key, tally, daemon->modules, policy,
			       clock_boot_ns());
}

int pipeline_sweep(struct daemon *daemon)
{
	int err = tallies_each(daemon->kernel, on_tally, daemon);

	if (err >= 0)
		err = tallies_each_overflow(daemon->kernel, on_tally, daemon);
	return window_arm(daemon, err);
}

/* err: what became of its tally. */
static int found_push(struct daemon *daemon, const struct evmon_tally_key *key,
		      const struct finding *finding, int err)
{
	const struct evmon_actor *actor = &finding->actor;
	_cleanup_(freep) struct alert *alert = calloc(1, sizeof(*alert));
	struct evmon_tally tally;

	if (!alert)
		return -ENOMEM;
	if (err == -EEXIST || err == -E2BIG) /* full: self.map-full tells */
		return 0;
	if (err < 0)
		return err;
	err = tallies_read(daemon->kernel, key, &tally);
	if (err < 0)
		return err;
	naming_slot(daemon->kernel, daemon->modules, actor->class, key->slot,
		    (struct module_args){ NULL, 0 });
	alert_from_tally(alert, key, &tally, daemon->modules, daemon->policy);
	alert_found(alert, finding->hook, &finding->ids, finding->path);
	return window_arm(daemon, aggregate_push(daemon->aggregate, alert, clock_boot_ns()));
}

int pipeline_stand(struct daemon *daemon, const struct evmon_tally_key *key,
		   const struct finding *finding)
{
	int err = tallies_stand(daemon->kernel, key, &finding->actor, clock_boot_ns());

	return found_push(daemon, key, finding, err);
}

int pipeline_count(struct daemon *daemon, const struct evmon_tally_key *key,
		   const struct finding *finding)
{
	int err = tallies_count(daemon->kernel, key, &finding->actor, clock_boot_ns());

	return found_push(daemon, key, finding, err);
}

int pipeline_tick(struct daemon *daemon, bool all)
{
	int err = aggregate_tick(daemon->aggregate, clock_boot_ns(), all);

	return window_arm(daemon, err);
}
