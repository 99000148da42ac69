// SPDX-License-Identifier: Apache-2.0
/*
 * journalctl's vocabulary, for the hands of those who know it: -n, -f, --since mean what they mean
 * there, --severity is its --priority (this and what is worse). As there, following alone begins
 * with the last ten lines.
 */
#include "cmd/log_options.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmd/dirs.h"
#include "cmd/options.h"
#include "cmd/since.h"
#include "policy/errors.h"
#include "policy/scalars.h"

enum {
	FOLLOW_LINES = 10,
	WANTED_MAX = 160
};

enum {
	OPTION_STATE_DIR = 256,
	OPTION_SINCE,
	OPTION_SENSOR,
	OPTION_SEVERITY,
	OPTION_JSON,
	OPTION_VERIFY
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "lines", required_argument, NULL, 'n' },
	{ "follow", no_argument, NULL, 'f' },
	{ "since", required_argument, NULL, OPTION_SINCE },
	{ "sensor", required_argument, NULL, OPTION_SENSOR },
	{ "severity", required_argument, NULL, OPTION_SEVERITY },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "verify", no_argument, NULL, OPTION_VERIFY },
	{ .name = NULL },
};

static const char help[] =
	"Usage: evmon log [--state-dir DIR] [-n N] [-f] [--since T] [--sensor S] [--severity S]\n"
	"                 [--json] [--verify]\n"
	"\n"
	"Shows the alerts in evmon's journal, oldest first.\n"
	"\n"
	"  -n, --lines N     the last N that match, or `all`\n"
	"  -f, --follow      go on as alerts come in (begins with the last 10 unless -n is given)\n"
	"  --since T         from then on: \"2026-11-22 12:00:00\", -1h, \"2h ago\", yesterday, today, now\n"
	"  --sensor S        of this sensor: bind, capability, exec, usb, config, self; may be repeated\n"
	"  --severity S      at least as severe: low, medium, high, critical\n"
	"  --json            the very bytes of the journal's lines\n"
	"  --verify          check both hash chains from end to end; exit status 6 if one is broken\n"
	"  --state-dir DIR   the journal's place (default: $STATE_DIRECTORY, else /var/lib/evmon)\n"
	"  -h, --help        this text\n";

static int take_lines(char *const *argv, struct log_options *o)
{
	if (strcmp(optarg, "all") == 0)
		o->lines = UINT64_MAX;
	else if (number_parse(optarg, &o->lines) < 0)
		return option_bad_value(argv, "-n", optarg, "a number or `all`");
	return 0;
}

static int take_since(char *const *argv, struct log_options *o)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	if (since_parse(optarg, now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000,
			&o->filter.since_us) < 0)
		return option_bad_value(argv, "--since", optarg,
					"a time (\"2026-11-22 12:00:00\", -1h, yesterday, today)");
	return 0;
}

/* The number of a word among those of a closed list, else the complaint. */
static int take_word(char *const *argv, const char *option, const char *(*name)(unsigned),
		     unsigned n)
{
	const char *words[16] = { NULL };
	char wanted[WANTED_MAX];
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		words[i] = name(i);
		if (strcmp(optarg, words[i]) == 0)
			return (int)i;
		at += (size_t)snprintf(wanted + at, sizeof(wanted) - at, "%s%s",
				       i ? ", " : "one of ", words[i]);
	}
	snprintf(wanted + at, sizeof(wanted) - at, "%s", hint(optarg, words).text);
	return option_bad_value(argv, option, optarg, wanted);
}

static const char *sensor_word(unsigned i)
{
	return sensor_name((enum evmon_sensor)i);
}

static const char *severity_word(unsigned i)
{
	return severity_name((enum severity)i);
}

static int take_sensor(char *const *argv, struct log_options *o)
{
	int sensor = take_word(argv, "--sensor", sensor_word, EVMON_SENSOR_MAX);

	if (sensor >= 0)
		o->filter.sensors |= 1U << sensor;
	return MIN(sensor, 0);
}

static int take_severity(char *const *argv, struct log_options *o)
{
	int severity = take_word(argv, "--severity", severity_word, SEVERITY_MAX);

	if (severity >= 0)
		o->filter.severity = (enum severity)severity;
	return MIN(severity, 0);
}

static int take(char *const *argv, int option, struct log_options *o)
{
	switch (option) {
	case 'n':
		return take_lines(argv, o);
	case 'f':
		o->follow = true;
		return 0;
	case OPTION_STATE_DIR:
		return option_path(argv, "--state-dir", o->state_dir);
	case OPTION_SINCE:
		return take_since(argv, o);
	case OPTION_SENSOR:
		return take_sensor(argv, o);
	case OPTION_SEVERITY:
		return take_severity(argv, o);
	case OPTION_JSON:
		o->json = true;
		return 0;
	case OPTION_VERIFY:
		o->verify = true;
		return 0;
	default:
		return option_fault(argv, options, option);
	}
}

int log_options_parse(int argc, char **argv, struct log_options *ret_options)
{
	struct log_options o = { .lines = UINT64_MAX, .filter.since_us = INT64_MIN };
	bool counted = false;
	int option, err = 0;

	dirs_state(o.state_dir);
	optind = 0;
	opterr = 0;
	while (!err && (option = getopt_long(argc, argv, ":hn:f", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		counted |= option == 'n';
		err = take(argv, option, &o);
	}
	if (!err)
		err = option_no_operands(argc, argv);
	if (err < 0)
		return err;
	if (o.follow && !counted && o.filter.since_us == INT64_MIN)
		o.lines = FOLLOW_LINES;
	*ret_options = o;
	return 0;
}
