// SPDX-License-Identifier: Apache-2.0
/*
 * `evmon run`: everything is opened, in the order in which it depends on each other, hangs from
 * one object, and is closed in reverse. Hooks are attached before the snapshot is taken, so that
 * no task falls between the two; the journal is open before anything can be found.
 */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/notify.h"
#include "clock_step.h"
#include "cmd/cmd.h"
#include "cmd/naming.h"
#include "devices.h"
#include "devices_missed.h"
#include "everest.h"
#include "exes.h"
#include "found.h"
#include "good.h"
#include "held.h"
#include "kernel/kept.h"
#include "kernel/missed.h"
#include "kernel/ring.h"
#include "kernel/snapshot.h"
#include "kernel/tables.h"
#include "pipeline.h"
#include "proof.h"
#include "reload.h"
#include "report.h"
#include "takeover.h"

#define STAMP_NS (10 * 1000000000ULL)

static int on_ring(int fd, uint32_t events, void *userdata)
{
	(void)fd;
	(void)events;
	return pipeline_drain(userdata);
}

static int on_window(void *userdata)
{
	return pipeline_tick(userdata, false);
}

static int on_batch(void *userdata)
{
	return pipeline_sync(userdata);
}

/* A full map is told once: what it means is in the word, how often in the counters. */
static int full_check(struct daemon *daemon, const struct ring_counts *counts)
{
	const struct {
		bool full;
		const char *what, *detail;
	} maps[] = {
		{ snapshot_is_due(daemon->kernel), "tasks",
		  "the task map is full: who has no entry is judged by the unit's cgroup alone" },
		{ counts->slots_full, "slots",
		  "module instances share a slot: all slots are taken" },
		{ counts->tallies_full, "tallies",
		  "keys share their rule's count: the tally map is full" },
	};
	int err = 0;

	for (unsigned i = 0; err >= 0 && i < ARRAY_SIZE(maps); i++) {
		if (!maps[i].full)
			daemon->full_told &= ~(1U << i);
		if (!maps[i].full || daemon->full_told >> i & 1)
			continue;
		daemon->full_told |= 1U << i;
		log_warning("%s", maps[i].detail);
		err = pipeline_self(daemon, EVMON_RULE_SELF_MAP_FULL, maps[i].what, maps[i].detail);
	}
	return err;
}

/* One of the records that were lost may have said who joined the tree: what an exec has found, what
 * its task is called and what it holds, is looked for as at the start, and counts as often. */
static int joined_check(struct daemon *daemon, uint64_t lost)
{
	int err;

	if (lost == daemon->joined_lost_seen && !daemon->look_due)
		return 0;
	daemon->joined_lost_seen = lost;
	daemon->look_due = false;
	log_notice("records were lost or early, or never made: looking at all tasks and sockets");
	err = found_tasks(daemon);
	if (err >= 0 || err == -ENOTSUP)
		err = held_everywhere(daemon);
	return err;
}

/* Records that were lost left their tallies behind; what was passed over left nothing. */
static int lost_check(struct daemon *daemon)
{
	uint64_t missed = missed_runs(daemon->kernel), lost;
	struct ring_counts counts;
	int err = ring_counts(daemon->kernel, &counts);

	if (missed != daemon->missed_seen)
		log_notice("the kernel has passed over programs %llu times by now: what they "
			   "would have seen is not known",
			   (unsigned long long)missed);
	daemon->missed_seen = missed;
	if (err >= 0)
		err = full_check(daemon, &counts);
	if (err >= 0)
		err = joined_check(daemon, counts.alerts_lost + counts.bulk_lost + missed);
	if (err < 0)
		return err;
	lost = counts.alerts_lost + counts.tallies_full;
	if (lost == daemon->lost_seen)
		return 0;
	daemon->lost_seen = lost;
	return pipeline_sweep(daemon);
}

static int on_signal(int signal, pid_t sender, void *userdata)
{
	struct daemon *daemon = userdata;

	if (signal == SIGCONT)
		return takeover_continued(daemon, sender);
	if (signal == SIGHUP) {
		log_notice("SIGHUP from pid %d: reloading", (int)sender);
		return reload_all(daemon);
	}
	log_notice("%s from pid %d: stopping", signal == SIGTERM ? "SIGTERM" : "SIGINT",
		   (int)sender);
	loop_stop(daemon->loop, EXIT_GOOD);
	return 0;
}

/* Tasks that found no room are looked for until all have it. */
static int room_look(struct daemon *daemon)
{
	int err = 0;

	if (!snapshot_is_due(daemon->kernel))
		return 0;
	err = found_tasks(daemon);
	if (err >= 0 && !snapshot_is_due(daemon->kernel))
		log_notice("the task map has room for all again");
	return err == -ENOTSUP ? 0 : err;
}

static int on_stamp(void *userdata)
{
	struct daemon *daemon = userdata;
	int err = pipeline_drain(daemon);

	if (err >= 0)
		err = lost_check(daemon);
	snapshot_sweep(daemon->kernel);
	takeover_stamp(daemon);
	if (err >= 0)
		err = room_look(daemon);
	if (err >= 0)
		err = devices_missed_look(daemon);
	if (err >= 0)
		err = proof_look(daemon);
	if (err >= 0)
		err = supervise_look(daemon);
	if (err < 0)
		return err;
	report_status(daemon);
	/* The rings are drained here. */
	watchdog_tell(&daemon->watchdog, !daemon->journal_error[0]);
	return loop_timer_set(daemon->stamp_timer, clock_boot_ns() + STAMP_NS);
}

static int on_supervise(void *userdata)
{
	return supervise_look(userdata);
}

static int fail(int err)
{
	if (err == -EPERM || err == -EACCES)
		return EXIT_PERMISSION;
	return err == -ENOTSUP ? EXIT_NO_SENSOR : EXIT_FAILED;
}

/* What cannot be written is told of the directory, not of the file that happens to come first. */
static int dir_try(int dir_fd)
{
	static const char name[] = "trial";
	int err = file_write_atomic(dir_fd, name, "", 0, 0600);

	if (!err && unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		err = -errno;
	return err;
}

static int dirs_open(struct daemon *daemon)
{
	const struct run_options *o = daemon->options;
	int err = dir_open_make(o->state_dir, 0750, &daemon->state_fd);

	if (err < 0)
		return log_err_errno(err, "%s: cannot use the state directory (--state-dir)",
				     o->state_dir);
	err = dir_open_make(o->run_dir, 0755, &daemon->run_fd);
	if (err >= 0)
		err = dir_try(daemon->run_fd);
	if (err < 0)
		return log_err_errno(
			err,
			"%s: cannot write into the runtime directory; mend it or set $RUNTIME_DIRECTORY to another",
			o->run_dir);
	return 0;
}

static int journal_start(struct daemon *daemon)
{
	struct journal_config config = { .state_fd = daemon->state_fd,
					 .run_fd = daemon->run_fd,
					 .station = daemon->station,
					 .size = daemon->policy->journal_size,
					 .cmdline_full = daemon->policy->cmdline_full };
	const char *where = "";
	int err = journal_open(&config, &daemon->journal, &where);

	if (err == -EBUSY)
		log_err("%s/journal: another evmon writes here; stop it or give --state-dir",
			daemon->options->state_dir);
	else if (err < 0)
		log_err_errno(err, "%s/journal: %s", daemon->options->state_dir, where);
	if (err < 0)
		return err;
	if (journal_recovered(daemon->journal))
		log_warning("journal: cut %llu bytes of a line that a power cut had torn",
			    (unsigned long long)journal_recovered(daemon->journal));
	if (daemon->policy->journal_mirror && mirror_open(&daemon->mirror) < 0)
		log_info("no journald here: alerts are not mirrored");
	return 0;
}

static int loop_start(struct daemon *daemon)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCONT, 0 };
	int err = loop_new(&daemon->loop);

	if (err >= 0)
		err = loop_add_signals(daemon->loop, signals, on_signal, daemon);
	if (err >= 0)
		err = loop_add_timer(daemon->loop, on_window, daemon, &daemon->window_timer);
	if (err >= 0)
		err = loop_add_timer(daemon->loop, on_batch, daemon, &daemon->batch_timer);
	if (err >= 0)
		err = loop_add_timer(daemon->loop, found_settled, daemon, &daemon->settle_timer);
	if (err >= 0)
		err = loop_add_timer(daemon->loop, on_stamp, daemon, &daemon->stamp_timer);
	if (err >= 0)
		err = loop_add_timer(daemon->loop, on_supervise, daemon, &daemon->supervise_timer);
	if (err < 0)
		return err;
	return exes_watch(daemon);
}

static int aggregate_start(struct daemon *daemon)
{
	struct aggregate_config config = { .window_ns = daemon->policy->window_ns,
					   .window_max_ns = daemon->policy->window_max_ns,
					   .sink = pipeline_sink,
					   .read = pipeline_read,
					   .telling = takeover_telling,
					   .told = takeover_told,
					   .pending = takeover_pending,
					   .userdata = daemon };

	return aggregate_new(&config, &daemon->aggregate);
}

static int kernel_start(struct daemon *daemon)
{
	struct kernel_options options = { .pinned = true };
	char where[256];
	int err = kernel_new(&options, &daemon->kernel, where, sizeof(where));

	if (err < 0) {
		log_err("%s", where);
		return err;
	}
	err = modules_new(&daemon->modules);
	if (err < 0)
		return err;
	err = takeover_start(daemon);
	if (err < 0)
		return log_err_errno(err, "cannot take over from the daemon before");
	exes_fill(daemon);
	err = takeover_rules(daemon, daemon->policy);
	if (err < 0)
		return err;
	err = naming_policy(daemon->kernel, daemon->modules, daemon->policy);
	if (err < 0)
		return log_err_errno(err, "cannot write the policy into the kernel");
	if (tables_unit(daemon->kernel, daemon->policy->unit) < 0)
		log_debug("%s has no cgroup yet", daemon->policy->unit);
	return kernel_attach(daemon->kernel, daemon->policy);
}

static int watch_start(struct daemon *daemon)
{
	char detail[256];
	int err = loop_add_fd(daemon->loop, ring_fd(daemon->kernel), on_ring, daemon, NULL);

	snprintf(detail, sizeof(detail), "version %s, kernel %s, policy %s", EVMON_VERSION,
		 kernel_coverage(daemon->kernel)->release, daemon->policy->hash);
	if (err >= 0)
		err = pipeline_self(daemon, EVMON_RULE_SELF_STARTED, "start", detail);
	if (err >= 0)
		err = takeover_tell(daemon);
	if (err >= 0)
		err = good_tell(daemon);
	if (err >= 0 && journal_notice(daemon->journal))
		err = pipeline_self(daemon, EVMON_RULE_SELF_JOURNAL_BROKEN, "journal",
				    journal_notice(daemon->journal));
	if (err >= 0)
		err = everest_judge(daemon);
	if (err >= 0)
		err = found_tasks(daemon);
	if (err == -ENOTSUP) /* coverage says so */
		err = 0;
	if (err >= 0)
		err = held_everywhere(daemon);
	if (err >= 0)
		err = report_listeners(daemon);
	if (err >= 0)
		err = devices_start(daemon);
	/* What came while nobody was here. */
	if (err >= 0)
		err = pipeline_drain(daemon);
	if (err >= 0)
		err = pipeline_sweep(daemon);
	/* The first stamp sends the canary, when everything is in place. */
	return err < 0 ? err : on_stamp(daemon);
}

/* Files are followed before they are read, and again when it is known which config is meant. */
static int policy_start(struct daemon *daemon)
{
	int err = reload_start(daemon);

	if (err >= 0)
		err = good_start(daemon);
	if (err >= 0)
		err = reload_follow(daemon);
	if (err < 0)
		return log_err_errno(err, "cannot make the policy");
	everest_read(daemon);
	if (!daemon->policy_error[0])
		good_keep(daemon);
	return everest_broker(daemon);
}

static int start(struct daemon *daemon)
{
	int err = loop_start(daemon);

	if (err < 0)
		return log_err_errno(err, "cannot make the event loop");
	err = dirs_open(daemon);
	if (err < 0)
		return err;
	err = policy_start(daemon);
	if (err < 0)
		return err;
	if (station_name(daemon->policy->station, daemon->station) < 0)
		log_warning("no machine id: the station's name is the host's alone");
	err = journal_start(daemon);
	if (err < 0)
		return err;
	err = aggregate_start(daemon);
	if (err < 0)
		return err;
	err = kernel_start(daemon);
	if (err < 0)
		return err;
	err = report_publish_conf(daemon);
	if (err < 0)
		return log_err_errno(err, "%s/publish.conf", daemon->options->run_dir);
	err = clock_step_watch(daemon);
	if (err >= 0)
		err = watch_start(daemon);
	if (err < 0)
		return log_err_errno(err, "cannot begin to watch");
	log_notice("evmon %s watches as %s: policy %s, journal in %s", EVMON_VERSION,
		   daemon->station, daemon->policy->hash, daemon->options->state_dir);
	notify_supervisor("READY=1");
	return 0;
}

/* What is still on its way is brought home; nothing is lost by a stop. */
static void stop(struct daemon *daemon)
{
	int err = pipeline_drain(daemon);

	if (err >= 0)
		err = proof_end(daemon);
	if (err >= 0)
		err = pipeline_sweep(daemon);
	if (err >= 0)
		err = pipeline_tick(daemon, true);
	if (err >= 0)
		err = pipeline_self(daemon, EVMON_RULE_SELF_STOPPED, "stop", "stopped by a signal");
	if (err >= 0)
		err = pipeline_sync(daemon);
	supervise_end(daemon);
	kept_end(daemon->kernel, clock_boot_ns());
	if (err < 0)
		log_err_errno(err, "cannot finish");
}

/* Signals that came meanwhile wait for the loop to be freed, and would kill then. Who asks again to
 * stop has been heard. */
static void signals_ignore(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void daemon_fini(struct daemon *daemon)
{
	signals_ignore();
	report_remove(daemon);
	kernel_free(daemon->kernel);
	for (size_t i = 0; i < daemon->n_batch; i++)
		free(daemon->batch[i].alert);
	mirror_close(&daemon->mirror);
	journal_close(daemon->journal);
	aggregate_free(daemon->aggregate);
	usb_baseline_free(daemon->baseline);
	usb_noticed_free(daemon->noticed);
	usb_devices_free(daemon->usb);
	modules_free(daemon->modules);
	everest_config_free(daemon->everest);
	policy_free(daemon->policy_before);
	policy_free(daemon->policy);
	watch_free(daemon->watch);
	loop_free(daemon->loop);
	closep(&daemon->clock_fd);
	closep(&daemon->uevent_fd);
	closep(&daemon->files_fd);
	closep(&daemon->run_fd);
	closep(&daemon->state_fd);
}

int daemon_run(const struct run_options *options)
{
	_cleanup_(freep) struct daemon *daemon = calloc(1, sizeof(*daemon));
	int status;

	if (!daemon)
		return EXIT_FAILED;
	daemon->options = options;
	daemon->started_ns = clock_boot_ns();
	watchdog_init(&daemon->watchdog);
	daemon->state_fd = daemon->run_fd = daemon->uevent_fd = daemon->files_fd = -1;
	daemon->clock_fd = -1;
	daemon->mirror.fd = -1;
	status = start(daemon);
	if (status >= 0) {
		status = loop_run(daemon->loop);
		if (status < 0)
			log_err_errno(status, "the event loop ended");
		notify_supervisor("STOPPING=1");
		stop(daemon);
	}
	daemon_fini(daemon);
	return status < 0 ? fail(status) : status;
}
