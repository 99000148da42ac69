// SPDX-License-Identifier: Apache-2.0
/*
 * The status is retained, so only the latest counts: at most one is open, and what changes
 * meanwhile replaces what was not yet sent. The daemon's stamp moves every few seconds, and its
 * counters with it; where nothing else has changed that is sent once a minute, to show that this
 * end is alive too, and no more often, since the text has kilobytes and the link may have few.
 */
#include "publish/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/macros.h"

#define REPEAT_NS 60000000000ULL

void report_fini(struct report *report)
{
	status_clear(&report->status);
}

void report_read(struct report *report, const char *run_dir)
{
	_cleanup_(closep) int run_fd = -1;
	int err;

	run_fd = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = run_fd < 0 ? -errno : status_read(&report->status, run_fd);
	/* A file that is wrong leaves what was read before, which ages; one that has gone takes it
	 * along: this is another daemon, which has not yet spoken. */
	if (err == -ENOENT)
		status_clear(&report->status);
	if (err < 0 && err != -ENOENT && err != report->told_err)
		log_err_errno(err, "cannot use '%s/status.json'", run_dir);
	report->told_err = err;
}

void report_check(struct report *report, bool daemon_runs, uint64_t now_ns)
{
	const char *blind = status_blind(&report->status, daemon_runs, now_ns);

	if (blind == report->blind)
		return;
	if (blind)
		log_warning("%s: the status is blind", blind);
	else
		log_notice("the daemon is back");
	report->blind = blind;
}

static bool has_news(const struct report *report, uint64_t now_ns)
{
	if (!report->said || report->blind != report->said_blind)
		return true;
	if (report->blind)
		return false;
	if (strcmp(report->status.content, report->said_content) != 0)
		return true;
	return report->status.stamp_us != report->said_stamp_us &&
	       now_ns >= report->said_ns + REPEAT_NS;
}

void report_send(struct report *report, struct broker *broker, const struct publish_conf *conf,
		 uint64_t now_ns)
{
	char topic[BROKER_TOPIC_MAX], ours[STATUS_OURS_MAX];
	struct message message = {
		.topic = topic,
		.payload = report->status.text,
		.size = report->status.size,
		.retain = true,
	};

	if (report->mid || !has_news(report, now_ns))
		return;
	if (report->blind) {
		message.size = status_compose(ours, "blind", conf->station, report->blind);
		message.payload = ours;
	}
	snprintf(topic, sizeof(topic), "%s/%s/status", conf->prefix, conf->station);
	if (broker_publish(broker, &message, &report->mid) < 0)
		return;
	report->said = true;
	report->said_blind = report->blind;
	memcpy(report->said_content, report->status.content, sizeof(report->said_content));
	report->said_stamp_us = report->status.stamp_us;
	report->said_ns = now_ns;
}

bool report_ack(struct report *report, int mid)
{
	if (!report->mid || mid != report->mid)
		return false;
	report->mid = 0;
	return true;
}

void report_restart(struct report *report)
{
	report->said = false;
	report->mid = 0;
}

uint64_t report_deadline(const struct report *report)
{
	return report->blind ? UINT64_MAX : status_deadline(&report->status);
}
