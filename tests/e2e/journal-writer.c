// SPDX-License-Identifier: Apache-2.0
/*
 * Stands in for the daemon where only its journal is wanted: journal-writer STATE RUN SIZE.
 * Each line on stdin is `urgent N`, `routine N` or `mixed N`, which append N alerts, or `sync`;
 * after each the last seq is printed. Every tenth alert of an N is followed by a sync. What
 * rotation takes undelivered is told as the daemon tells it.
 * Messages carry bytes that MQTT and JSON might trip over.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "journal/journal.h"
#include "journal/lost.h"

static void make_alert(struct alert *alert, bool urgent, unsigned long number)
{
	memset(alert, 0, sizeof(*alert));
	alert->time_ns = alert->first_ns = alert->last_ns = clock_boot_ns();
	alert->verdict = EVMON_VERDICT_ALERT;
	alert->count = 1;
	if (urgent) {
		alert->sensor = EVMON_SENSOR_BIND;
		alert->rule = EVMON_RULE_BIND_ADMIN_PANEL;
		alert->severity = SEVERITY_CRITICAL;
		snprintf(alert->rule_name, sizeof(alert->rule_name), "bind.admin-panel");
		alert->bind.port = 8849;
	} else {
		alert->sensor = EVMON_SENSOR_CONFIG;
		alert->rule = EVMON_RULE_CONFIG_LINT;
		alert->severity = SEVERITY_LOW;
		snprintf(alert->rule_name, sizeof(alert->rule_name), "config.lint");
		snprintf(alert->self.what, sizeof(alert->self.what), "lint");
		snprintf(alert->self.detail, sizeof(alert->self.detail), "%lu", number);
	}
	snprintf(alert->message, sizeof(alert->message), "made up %lu: \"\\\x01\xff \xc3\xa4 \n,",
		 number);
}

static int tell_lost(struct journal *journal, const char *state_dir, struct alert *alert)
{
	char cursor_dir[PATH_MAX];
	struct lost lost;
	int r = lost_cursor_dir(state_dir, cursor_dir);

	while (r == 0 && lost_take(journal, cursor_dir, &lost) > 0) {
		make_alert(alert, false, 0);
		alert->sensor = EVMON_SENSOR_SELF;
		alert->rule = EVMON_RULE_SELF_LOST;
		alert->severity = SEVERITY_MEDIUM;
		snprintf(alert->rule_name, sizeof(alert->rule_name), "self.lost");
		snprintf(alert->self.what, sizeof(alert->self.what), "delivery");
		snprintf(alert->self.chain, sizeof(alert->self.chain), "%s", lost.chain);
		alert->self.from = lost.from;
		alert->self.to = lost.to;
		r = journal_append(journal, alert, NULL);
	}
	return r;
}

static int append(struct journal *journal, const char *state_dir, const char *word, unsigned long n)
{
	_cleanup_(freep) struct alert *alert = malloc(sizeof(*alert));

	if (!alert)
		return -ENOMEM;
	for (unsigned long i = 1; i <= n; i++) {
		bool urgent = strcmp(word, "urgent") == 0 ||
			      (strcmp(word, "mixed") == 0 && i % 3 == 0);
		int err;

		make_alert(alert, urgent, i);
		err = journal_append(journal, alert, NULL);
		if (err == 0)
			err = tell_lost(journal, state_dir, alert);
		if (err == 0 && i % 10 == 0)
			err = journal_sync(journal);
		if (err < 0)
			return err;
	}
	return 0;
}

static int serve(struct journal *journal, const char *state_dir)
{
	char line[64], word[16];

	while (fgets(line, sizeof(line), stdin)) {
		struct journal_heads heads;
		unsigned long n = 0;
		int err;

		if (sscanf(line, "%15s %lu", word, &n) < 1)
			return -EINVAL;
		err = strcmp(word, "sync") == 0 ? journal_sync(journal) :
						  append(journal, state_dir, word, n);
		if (err < 0)
			return err;
		journal_get_heads(journal, &heads);
		printf("%" PRIu64 "\n", heads.seq);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_(journal_closep) struct journal *journal = NULL;
	_cleanup_(closep) int state_fd = -1;
	_cleanup_(closep) int run_fd = -1;
	struct journal_config config = { .station = "cp-test" };
	const char *where = "cannot open the directories";
	int err;

	if (argc != 4)
		return 2;
	state_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	run_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	config.state_fd = state_fd;
	config.run_fd = run_fd;
	config.size = strtoull(argv[3], NULL, 10);
	err = state_fd < 0 || run_fd < 0 ? -errno : journal_open(&config, &journal, &where);
	if (err < 0) {
		fprintf(stderr, "journal-writer: %s: %s\n", where, strerror(-err));
		return 1;
	}
	printf("open\n");
	fflush(stdout);
	err = serve(journal, argv[1]);
	if (err < 0)
		fprintf(stderr, "journal-writer: %s\n", strerror(-err));
	return err < 0;
}
