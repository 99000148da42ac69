// SPDX-License-Identifier: Apache-2.0
/*
 * A policy follows another in one step: read and checked first, then written beside the one in
 * force and swapped in (kernel/tables.c), so that every hook judges by one of the two. What a
 * policy needs is there before it (names of files, hooks that deny), what it does not need goes
 * after it. A bad one changes nothing and is told.
 *
 * Files change in groups, and an editor's save is several events: what comes within 100 ms of the
 * last event is one change, of which evmon hears at the latest a second after its beginning. Files
 * are followed anew before they are read, so that no change falls between the two.
 */
#include "reload.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "cmd/naming.h"
#include "devices.h"
#include "everest.h"
#include "exes.h"
#include "found.h"
#include "good.h"
#include "kernel/tables.h"
#include "pipeline.h"
#include "policy/errors.h"
#include "policy/everest_path.h"
#include "report.h"
#include "takeover.h"

#define QUIET_NS  (100 * 1000000ULL)
#define LATEST_NS 1000000000ULL

enum {
	KIND_POLICY = 1,
	KIND_CONFIG = 2,
};

static void follow_config(struct daemon *daemon)
{
	const char *path = daemon->policy ? daemon->policy->config : "";
	char user[PATH_MAX];

	if (!path[0])
		return;
	watch_file(daemon->watch, path, KIND_CONFIG);
	/* The manager merges it over the config. Without one there is nothing to merge. */
	if (everest_user_config_path(path, user) == 0)
		watch_file(daemon->watch, user, KIND_CONFIG);
}

int reload_follow(struct daemon *daemon)
{
	static const char *const suffixes[] = { ".yaml", ".yml", NULL };
	int err = watch_begin(daemon->watch);

	if (err < 0)
		return err;
	if (daemon->options->policy) {
		watch_file(daemon->watch, daemon->options->policy, KIND_POLICY);
	} else {
		watch_file(daemon->watch, "/etc/evmon/policy.yaml", KIND_POLICY);
		watch_directory(daemon->watch, "/etc/evmon/policy.d", suffixes, KIND_POLICY);
	}
	follow_config(daemon);
	return 0;
}

/* The rest follows the policy: what the daemon has copies of, and what it has set up by it. */
static int settings_follow(struct daemon *daemon, const struct policy *before)
{
	const struct policy *now = daemon->policy;

	aggregate_windows(daemon->aggregate, now->window_ns, now->window_max_ns, clock_boot_ns());
	journal_cmdline(daemon->journal, now->cmdline_full);
	if (now->journal_mirror != before->journal_mirror) {
		pipeline_sync(daemon);
		mirror_close(&daemon->mirror);
		if (now->journal_mirror && mirror_open(&daemon->mirror) < 0)
			log_info("no journald here: alerts are not mirrored");
	}
	if (tables_unit(daemon->kernel, now->unit) < 0)
		log_debug("%s has no cgroup yet", now->unit);
	if (now->journal_size != before->journal_size)
		log_notice("journal.size holds from the next start on");
	if (strcmp(now->station, before->station) != 0)
		log_notice("mqtt.station holds from the next start on");
	if (now->settle_ns != before->settle_ns && daemon->manager.pid)
		return loop_timer_set(daemon->settle_timer, clock_boot_ns() + now->settle_ns);
	return 0;
}

static int config_follow(struct daemon *daemon)
{
	int err;

	everest_read(daemon);
	err = everest_judge(daemon);
	if (err >= 0 && everest_broker(daemon) >= 0) {
		err = report_publish_conf(daemon);
		if (err < 0)
			log_err_errno(err, "%s/publish.conf", daemon->options->run_dir);
	}
	return err == -ENOMEM ? err : 0;
}

static bool lists_differ(char *const *a, char *const *b)
{
	for (; a && b && *a && *b; a++, b++)
		if (strcmp(*a, *b) != 0)
			return true;
	return (a && *a) || (b && *b);
}

static bool modules_differ(const struct policy *a, const struct policy *b)
{
	bool differ = a->n_modules != b->n_modules;

	for (size_t i = 0; !differ && i < a->n_modules; i++)
		differ = a->modules[i].mask != b->modules[i].mask ||
			 strcmp(a->modules[i].id, b->modules[i].id) != 0 ||
			 strcmp(a->modules[i].name, b->modules[i].name) != 0;
	return differ;
}

/* What is found of running tasks may be another thing by the one than by the other. */
static bool tasks_differ(const struct policy *a, const struct policy *b)
{
	return a->capability_action != b->capability_action || a->root_action != b->root_action ||
	       a->admin_panel_action != b->admin_panel_action || strcmp(a->unit, b->unit) != 0 ||
	       strcmp(a->manager, b->manager) != 0 || strcmp(a->broker_exe, b->broker_exe) != 0 ||
	       strcmp(a->modules_dir, b->modules_dir) != 0 ||
	       lists_differ(a->root_allow, b->root_allow) || modules_differ(a, b);
}

/* In force is then the new one, or, on error, what was. */
static int swap(struct daemon *daemon, struct policy *next)
{
	int err = takeover_rules(daemon, next);

	if (err < 0)
		return err;
	exes_name(daemon, next);
	kernel_denial_begin(daemon->kernel, next);
	err = naming_policy(daemon->kernel, daemon->modules, next);
	if (err < 0) {
		kernel_denial_end(daemon->kernel, daemon->policy);
		exes_fill(daemon);
		return err;
	}
	tables_files_end(daemon->kernel);
	kernel_denial_end(daemon->kernel, next);
	return 0;
}

static void refuse(struct daemon *daemon, struct policy_errors *errors, int err)
{
	const struct place place = { daemon->options->policy ? daemon->options->policy :
							       "/etc/evmon",
				     0, 0 };

	if (!errors->n) {
		errors->n = 1;
		error_set(&errors->at[0], place, "cannot be put into force: %s",
			  err == -ENOSPC ? "more rules or instances by name than evmon has numbers"
					   " for until it is restarted" :
			  err == -E2BIG	 ? "its bind rules or modules are too many" :
					   strerror(-err));
	}
	good_refuse(daemon, errors, "the one before stays in force");
}

/* What hooks found by the policy before is told in its words: it is in the rings by now. */
static int in_force(struct daemon *daemon, struct policy *next)
{
	struct policy *before = daemon->policy;
	int err;

	policy_free(daemon->policy_before);
	daemon->policy_before = before;
	daemon->policy = next;
	err = pipeline_drain(daemon);
	if (err >= 0)
		err = pipeline_sweep(daemon);
	if (err >= 0)
		err = settings_follow(daemon, before);
	if (err >= 0 && strcmp(next->config, before->config) != 0)
		err = reload_follow(daemon);
	if (err >= 0)
		err = config_follow(daemon);
	if (err >= 0)
		err = devices_follow(daemon, before);
	if (err >= 0 && tasks_differ(before, next))
		err = found_tasks(daemon);
	daemon->canary_next_ns = 0;
	report_status(daemon);
	log_notice("policy %s is in force, after %s", next->hash, before->hash);
	return err == -ENOTSUP ? 0 : err;
}

static int policy_follow(struct daemon *daemon)
{
	_cleanup_(policy_freep) struct policy *next = NULL;
	struct policy_errors errors = { .n = 0 };
	int err = policy_load_default(daemon->options->policy, &next, &errors);
	bool mended, changed;

	assert(daemon->policy);
	changed = next && strcmp(next->hash, daemon->policy->hash) != 0;
	if (!err && changed)
		err = swap(daemon, next);
	if (err < 0) {
		refuse(daemon, &errors, err);
		return good_tell(daemon);
	}
	mended = daemon->policy_error[0];
	daemon->policy_error[0] = '\0';
	if (changed)
		err = in_force(daemon, TAKE_PTR(next));
	report_status(daemon);
	if (mended)
		log_notice("the policy is valid again");
	good_keep(daemon);
	if (err >= 0 && changed)
		err = loop_timer_set(daemon->stamp_timer, clock_boot_ns());
	return err;
}

static int reload(struct daemon *daemon, unsigned kinds)
{
	int err = reload_follow(daemon);

	if (err < 0)
		log_err_errno(err, "changes of the policy are not seen; SIGHUP reloads it");
	err = kinds & KIND_POLICY ? policy_follow(daemon) : 0;
	if (err >= 0 && kinds & KIND_CONFIG)
		err = config_follow(daemon);
	report_status(daemon);
	return err;
}

int reload_all(struct daemon *daemon)
{
	int err;

	/* The supervisor's own reload is over with the second word. */
	notify_supervisor("RELOADING=1");
	err = reload(daemon, KIND_POLICY | KIND_CONFIG);
	if (err >= 0)
		notify_supervisor("READY=1");
	return err;
}

static int on_timer(void *userdata)
{
	struct daemon *daemon = userdata;
	unsigned kinds = daemon->changed;

	daemon->changed = 0;
	return reload(daemon, kinds);
}

static int on_change(unsigned kinds, void *userdata)
{
	struct daemon *daemon = userdata;
	uint64_t now = clock_boot_ns();

	if (!daemon->changed)
		daemon->changed_ns = now;
	daemon->changed |= kinds;
	return loop_timer_set(daemon->reload_timer,
			      MIN(now + QUIET_NS, daemon->changed_ns + LATEST_NS));
}

int reload_start(struct daemon *daemon)
{
	int err = loop_add_timer(daemon->loop, on_timer, daemon, &daemon->reload_timer);

	if (err >= 0)
		err = watch_new(daemon->loop, on_change, daemon, &daemon->watch);
	if (err >= 0 && reload_follow(daemon) < 0)
		log_warning("changes of the policy are not seen; SIGHUP reloads it");
	return err;
}
