// SPDX-License-Identifier: Apache-2.0
/*
 * The files by which the daemon speaks: there is no socket, so nothing is ever read from
 * strangers here. status.json is written at each change of state and with each watchdog stamp;
 * a reader that finds the stamp old knows that the daemon is not well.
 */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cmd/coverage_json.h"
#include "cmd/inventory.h"
#include "cmd/listeners_json.h"
#include "journal/publish_conf.h"
#include "kernel/missed.h"
#include "kernel/ring.h"

enum {
	STATUS_MAX = 32 * 1024
};

#define STATUS_FILE    "status.json"
#define LISTENERS_FILE "listeners-at-start.jsonl"

static const char *state_of(struct daemon *daemon, char *reason, size_t size)
{
	const struct coverage *coverage = kernel_coverage(daemon->kernel);

	reason[0] = '\0';
	if (coverage_blind(coverage)) {
		snprintf(reason, size, "no sensor works on this kernel");
		return "blind";
	}
	if (daemon->policy_error[0])
		snprintf(reason, size, "the policy is not valid, %.60s: %.150s",
			 daemon->policy_in_force, daemon->policy_error);
	else if (daemon->journal_error[0])
		snprintf(reason, size, "%s", daemon->journal_error);
	else if (daemon->full_told)
		snprintf(reason, size, "a map of the kernel side is full (see the counters)");
	else if (!kernel_is_pinned(daemon->kernel))
		snprintf(reason, size, "%s", kernel_pins_error(daemon->kernel));
	else if (!coverage_degraded(coverage, reason, size))
		return "protecting";
	return "degraded";
}

static void write_counters(struct json *json, const struct daemon *daemon)
{
	struct ring_counts counts = { 0 };

	if (ring_counts(daemon->kernel, &counts) < 0)
		log_debug("the kernel's counters cannot be read");
	json_object(json, "counters");
	json_uint(json, "alerts", daemon->counters.alerts);
	json_uint(json, "records", daemon->counters.records);
	json_uint(json, "alerts_lost", counts.alerts_lost);
	json_uint(json, "bulk_lost", counts.bulk_lost);
	json_uint(json, "missed", missed_runs(daemon->kernel));
	json_uint(json, "tallies_full", counts.tallies_full);
	json_uint(json, "tasks_full", counts.tasks_full);
	json_uint(json, "slots_full", counts.slots_full);
	json_uint(json, "standing", counts.standing);
	json_uint(json, "root_capabilities", counts.root_capabilities);
	json_uint(json, "denied_ignored", counts.denied_ignored);
	json_uint(json, "denied_probes", counts.denied_probes);
	json_uint(json, "on_behalf", counts.on_behalf);
	json_uint(json, "userns", counts.userns);
	json_uint(json, "pending", counts.pending);
	json_uint(json, "usb_full", counts.usb_full);
	json_uint(json, "uevents_lost", daemon->counters.uevents_lost);
	json_uint(json, "mirror_sent", daemon->mirror.sent);
	json_uint(json, "mirror_lost", daemon->mirror.lost);
	json_uint(json, "bad_records", daemon->counters.bad_records);
	json_uint(json, "unjudged", daemon->counters.unjudged);
	json_close_object(json);
}

static void write_journal(struct json *json, const struct daemon *daemon)
{
	struct journal_heads heads = { 0 };

	journal_get_heads(daemon->journal, &heads);
	json_object(json, "journal");
	json_string(json, "id", heads.id);
	json_uint(json, "seq", heads.seq);
	json_string(json, "urgent", heads.urgent);
	json_string(json, "routine", heads.routine);
	json_string(json, "error", daemon->journal_error[0] ? daemon->journal_error : NULL);
	json_close_object(json);
}

static void write_pins(struct json *json, const struct daemon *daemon)
{
	const char *error = kernel_pins_error(daemon->kernel);

	json_object(json, "pins");
	json_string(json, "directory", kernel_is_pinned(daemon->kernel) ? KERNEL_PINS_DIR : NULL);
	json_string(json, "error", error[0] ? error : NULL);
	json_close_object(json);
}

static int status_format(struct daemon *daemon, char *buffer, size_t size)
{
	const struct coverage *coverage = kernel_coverage(daemon->kernel);
	char reason[DAEMON_REASON_MAX], boot[CLOCK_BOOT_ID_MAX];
	const char *state = state_of(daemon, reason, sizeof(reason));
	struct json json;

	(void)clock_boot_id(boot);
	json_begin(&json, buffer, size);
	json_object(&json, NULL);
	json_string(&json, "schema", "evmon.status/1");
	json_string(&json, "version", EVMON_VERSION);
	json_string(&json, "station", daemon->station);
	json_string(&json, "state", state);
	json_string(&json, "reason", reason[0] ? reason : NULL);
	json_uint(&json, "stamp_us", clock_boot_ns() / 1000);
	json_uint(&json, "started_us", daemon->started_ns / 1000);
	json_string(&json, "boot", boot);
	json_string(&json, "kernel", coverage->release);
	coverage_write_json(&json, coverage);
	write_counters(&json, daemon);
	write_journal(&json, daemon);
	write_pins(&json, daemon);
	json_object(&json, "policy");
	json_string(&json, "hash", daemon->policy->hash);
	json_string(&json, "path", daemon->options->policy);
	json_string(&json, "error", daemon->policy_error[0] ? daemon->policy_error : NULL);
	json_close_object(&json);
	json_object(&json, "mqtt");
	json_string(&json, "url", daemon->mqtt_url[0] ? daemon->mqtt_url : NULL);
	json_close_object(&json);
	supervise_write_json(&json, daemon);
	json_close_object(&json);
	return json_end(&json);
}

void report_status(struct daemon *daemon)
{
	char text[STATUS_MAX];
	int n, err;

	if (!daemon->journal)
		return;
	n = status_format(daemon, text, sizeof(text));
	err = n < 0 ? n : file_write_atomic(daemon->run_fd, STATUS_FILE, text, (size_t)n, 0644);
	if (err < 0 && !daemon->status_unwritable)
		log_err_errno(err, "%s/%s: cannot write the status", daemon->options->run_dir,
			      STATUS_FILE);
	daemon->status_unwritable = err < 0;
}

int report_publish_conf(struct daemon *daemon)
{
	const struct policy *policy = daemon->policy;
	struct publish_conf conf = { 0 };

	if (!daemon->mqtt_url[0])
		return 0;
	snprintf(conf.broker, sizeof(conf.broker), "%s", daemon->mqtt_url);
	snprintf(conf.station, sizeof(conf.station), "%s", daemon->station);
	snprintf(conf.prefix, sizeof(conf.prefix), "%s", policy->mqtt_prefix);
	snprintf(conf.client_id, sizeof(conf.client_id), "evmon-%s", daemon->station);
	snprintf(conf.ca, sizeof(conf.ca), "%s", policy->mqtt_ca);
	snprintf(conf.cert, sizeof(conf.cert), "%s", policy->mqtt_cert);
	snprintf(conf.key, sizeof(conf.key), "%s", policy->mqtt_key);
	if (!realpath(daemon->options->state_dir, conf.state_dir))
		return -errno;
	return publish_conf_write(daemon->run_fd, &conf);
}

static int inventory_write(const struct daemon *daemon, const struct inventory *inventory)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return -ENOMEM;
	err = listeners_write_json(out, inventory);
	if (fclose(out) != 0 && err >= 0)
		err = -ENOMEM;
	if (err < 0)
		return err;
	return file_write_atomic(daemon->run_fd, LISTENERS_FILE, text, size, 0640);
}

int report_listeners(struct daemon *daemon)
{
	struct inventory inventory;
	size_t objected = 0;
	int err;

	(void)unlinkat(daemon->run_fd, LISTENERS_FILE, 0); /* of a start before, that was killed */
	err = inventory_look(daemon->kernel, daemon->modules, daemon->policy, &inventory);

	for (size_t i = 0; err >= 0 && i < inventory.n; i++)
		objected += inventory.items[i].rule &&
			    inventory.items[i].rule->action != ACTION_ALLOW;
	if (err >= 0)
		err = inventory_write(daemon, &inventory);
	if (err >= 0)
		log_info("at the start %zu sockets were bound, %zu of them against the policy: "
			 "%s/" LISTENERS_FILE,
			 inventory.n, objected, daemon->options->run_dir);
	else if (err == -ENOTSUP)
		log_info("what was bound at the start is not known: no iterator serves here");
	else if (err != -ENOMEM)
		log_err_errno(err, "%s/" LISTENERS_FILE ": cannot write what is bound",
			      daemon->options->run_dir);
	if (err >= 0 && inventory.omitted)
		log_warning("%zu more are not in it", inventory.omitted);
	inventory_fini(&inventory);
	return err == -ENOMEM ? err : 0;
}

void report_remove(struct daemon *daemon)
{
	if (daemon->run_fd >= 0 && unlinkat(daemon->run_fd, LISTENERS_FILE, 0) < 0 &&
	    errno != ENOENT)
		log_debug("%s/" LISTENERS_FILE " stays", daemon->options->run_dir);
	if (daemon->run_fd >= 0 && unlinkat(daemon->run_fd, STATUS_FILE, 0) < 0 && errno != ENOENT)
		log_debug("%s/%s stays", daemon->options->run_dir, STATUS_FILE);
}
