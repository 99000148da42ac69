// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks outlive the daemon, and count on. Whoever comes next finds tallies, rings and the numbers
 * that they go by as they were left, and three things to do before it watches: names for the
 * numbers, in their order; what of each count the journal has already; and a word about the time in
 * which nobody was here, with how much was counted then. Who did it is told by each tally's own
 * alert, from the records that still lie in the rings, or from the last actor that the tally has.
 */
#include "takeover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "kernel/kept.h"
#include "pipeline.h"

static int class_keep(unsigned class, const char *name, void *userdata)
{
	struct daemon *daemon = userdata;

	return kept_name_set(daemon->kernel, KEPT_CLASSES, class - EVMON_CLASS_MODULE, name);
}

/* In the order of their numbers, so that each gets its own again. */
static int classes_recall(struct daemon *daemon)
{
	char name[KEPT_NAME_MAX];

	for (unsigned i = 0; i < EVMON_CLASSES - EVMON_CLASS_MODULE; i++) {
		int err = kept_name(daemon->kernel, KEPT_CLASSES, i, name);

		if (err < 0 || !name[0])
			return err;
		err = modules_class(daemon->modules, name);
		if (err < 0)
			return err;
	}
	return 0;
}

static int rules_recall(struct daemon *daemon)
{
	struct rule_numbers *numbers = &daemon->rule_numbers;

	for (; numbers->n < ARRAY_SIZE(numbers->names); numbers->n++) {
		int err = kept_name(daemon->kernel, KEPT_RULES, (unsigned)numbers->n,
				    numbers->names[numbers->n]);

		if (err < 0 || !numbers->names[numbers->n][0])
			return err;
	}
	return 0;
}

int takeover_rules(struct daemon *daemon, struct policy *policy)
{
	struct rule_numbers *numbers = &daemon->rule_numbers;
	size_t n = numbers->n;
	int err = rule_numbers_assign(numbers, policy);

	for (; err >= 0 && n < numbers->n; n++)
		err = kept_name_set(daemon->kernel, KEPT_RULES, (unsigned)n, numbers->names[n]);
	return err;
}

static int pending_recall(const struct evmon_tally_key *key, const struct kept_pending *pending,
			  void *userdata)
{
	const struct aggregate_pending before = { pending->before.count, pending->before.first_ns,
						  pending->before.last_ns };
	struct daemon *daemon = userdata;
	int err = -E2BIG;

	if (pending->size && pending->size <= sizeof(pending->alert))
		err = aggregate_recall(daemon->aggregate, key, &before, pending->alert,
				       pending->size);
	if (err < 0)
		log_err_errno(err, "%llu findings of the daemon before cannot be told",
			      (unsigned long long)pending->before.count);
	return err == -ENOMEM ? err : 0;
}

int takeover_start(struct daemon *daemon)
{
	struct journal_heads heads;
	int err;

	journal_get_heads(daemon->journal, &heads);
	err = kept_settle(daemon->kernel, heads.id, heads.seq);
	if (err >= 0)
		err = kept_pending_each(daemon->kernel, pending_recall, daemon);
	if (err >= 0)
		err = classes_recall(daemon);
	if (err >= 0)
		err = rules_recall(daemon);
	modules_follow(daemon->modules, class_keep, daemon);
	return err;
}

int takeover_tell(struct daemon *daemon)
{
	struct kept_before before = kept_before(daemon->kernel);
	char detail[256], why[KERNEL_REASON_MAX];
	uint64_t untold = 0, away_ms;
	int err = 0;

	if (kernel_outdated(daemon->kernel))
		err = pipeline_self(daemon, EVMON_RULE_SELF_GAP, "upgrade",
				    "the evmon before was another build: what its hooks counted "
				    "after its last alert is not known");
	if (err >= 0 && kernel_tampered(daemon->kernel, why))
		err = pipeline_self(daemon, EVMON_RULE_SELF_TAMPERED, "pins", why);
	if (err < 0 || !before.was_here)
		return err;
	err = kept_untold(daemon->kernel, &untold);
	if (err < 0)
		return err;
	away_ms = (daemon->started_ns - MIN(before.stamp_ns, daemon->started_ns)) / 1000000;
	snprintf(detail, sizeof(detail),
		 "evmon was away for %llu.%03llu s%s; hooks went on and counted %llu violation%s "
		 "that were not told yet",
		 (unsigned long long)(away_ms / 1000), (unsigned long long)(away_ms % 1000),
		 before.ended ? "" : " at most, after it had been killed or had crashed",
		 (unsigned long long)untold, untold == 1 ? "" : "s");
	log_notice("%s", detail);
	return pipeline_self(daemon, EVMON_RULE_SELF_GAP, "away", detail);
}

void takeover_stamp(struct daemon *daemon)
{
	daemon->stamp_ns = clock_boot_ns();
	kept_stamp(daemon->kernel, daemon->stamp_ns);
}

/* A SIGCONT says that somebody may have stopped it before, and not when: at the earliest after the
 * last stamp. What is counted meanwhile is found as after lost records. */
int takeover_continued(struct daemon *daemon, pid_t sender)
{
	uint64_t ms = (clock_boot_ns() - daemon->stamp_ns) / 1000000;
	char detail[160];
	int err;

	snprintf(detail, sizeof(detail),
		 "evmon had been stopped for at most %llu.%03llu s when pid %d let it go on",
		 (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000), (int)sender);
	log_notice("%s", detail);
	err = pipeline_self(daemon, EVMON_RULE_SELF_GAP, "stopped", detail);
	if (err >= 0)
		err = pipeline_drain(daemon);
	return err < 0 ? err : pipeline_sweep(daemon);
}

void takeover_telling(const struct evmon_tally_key *key, const struct aggregate_told *before,
		      const struct aggregate_told *after, void *userdata)
{
	struct daemon *daemon = userdata;
	struct kept_telling telling = { .before = { before->count, before->last_ns },
					.after = { after->count, after->last_ns } };
	struct journal_heads heads;
	int err;

	journal_get_heads(daemon->journal, &heads);
	if (after->count != before->count)
		telling.seq = heads.seq + 1;
	err = kept_tell(daemon->kernel, key, &telling);
	if (err < 0)
		log_err_errno(err, "cannot keep what was told; a restart may tell it again");
}

static struct kept_count count_of(const struct aggregate_pending *pending)
{
	return (struct kept_count){ pending->count, pending->first_ns, pending->last_ns };
}

/* Rare: what user space counts are devices, findings of files, and evmon's own. */
void takeover_pending(const struct evmon_tally_key *key, const struct aggregate_keeping *keeping,
		      void *userdata)
{
	_cleanup_(freep) struct kept_pending *pending = calloc(1, sizeof(*pending));
	struct daemon *daemon = userdata;
	struct journal_heads heads;
	int err = -ENOMEM;

	journal_get_heads(daemon->journal, &heads);
	if (pending) {
		pending->before = count_of(&keeping->before);
		pending->after = count_of(&keeping->after);
		if (pending->before.count != pending->after.count)
			pending->seq = heads.seq + 1;
		if (keeping->size <= sizeof(pending->alert))
			pending->size = keeping->size;
		if (keeping->packed)
			memcpy(pending->alert, keeping->packed, pending->size);
		err = kept_pending_set(daemon->kernel, key, pending);
	}
	if (err < 0)
		log_err_errno(err, "cannot keep what was counted; a restart may leave it out");
}

struct aggregate_told takeover_told(const struct evmon_tally_key *key, void *userdata)
{
	struct daemon *daemon = userdata;
	struct kept_told told = kept_told(daemon->kernel, key);

	return (struct aggregate_told){ told.count, told.last_ns };
}
