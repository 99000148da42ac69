// SPDX-License-Identifier: Apache-2.0
/*
 * The options of --trace, in strace's and bcc's habits. Numbers are whole and bounded; what is
 * wrong is said with the option's name.
 */
#include "cmd/trace_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/options.h"
#include "policy/rules.h"

#define SECOND_NS 1000000000ULL

enum {
	COUNT_MAX = 1000000000,
	SECONDS_MAX = 31536000
};

static const struct option longs[] = {
	{ "pid", required_argument, NULL, 'p' },
	{ "module", required_argument, NULL, 'm' },
	{ "sensor", required_argument, NULL, 's' },
	{ "violations", no_argument, NULL, 'x' },
	{ "count", required_argument, NULL, 'n' },
	{ "duration", required_argument, NULL, 'd' },
	{ "output", required_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "learn", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: evmon --trace [OPTION...] [-p PID | -- COMMAND [ARG...]]\n"
	"\n"
	"Shows every event of EVerest's tree as it happens, with verdict and rule. Needs no daemon,\n"
	"observes only, and runs beside a daemon.\n"
	"\n"
	"  -p, --pid PID          the tree rooted at a running process\n"
	"  -- COMMAND [ARG...]    the tree that COMMAND starts; its status is evmon's\n"
	"  -m, --module MODULE    only this module, by id or name\n"
	"  -s, --sensor SENSOR    only bind, capability, exec or usb\n"
	"  -x, --violations       only what breaks a rule\n"
	"  -n, --count COUNT      end after COUNT lines\n"
	"  -d, --duration SECONDS end after SECONDS\n"
	"      --json             one JSON object a line (schema evmon.event/1)\n"
	"  -o, --output FILE      write there\n"
	"      --learn FILE       write there the policy that the tree would need\n"
	"  -h, --help             this text\n"
	"\n"
	"  evmon --trace -- manager --config my.yaml\n"
	"  evmon --trace -x -d 60\n";

static int number_of(char *const *argv, const char *option, uint64_t max, uint64_t *ret)
{
	char *end = NULL;
	unsigned long long value;

	errno = 0;
	value = strtoull(optarg, &end, 10);
	if (errno || end == optarg || *end || optarg[0] == '-' || !value || value > max)
		return option_bad_value(argv, option, optarg, "a whole number from 1 on");
	*ret = value;
	return 0;
}

static int sensor_of(char *const *argv, int *ret)
{
	int sensor = sensor_from_name(optarg);

	if (sensor < 0 || sensor == EVMON_SENSOR_CONFIG || sensor == EVMON_SENSOR_SELF)
		return option_bad_value(argv, "-s", optarg, "bind, capability, exec or usb");
	*ret = sensor;
	return 0;
}

static int option_take(struct trace_options *o, char *const *argv, int option)
{
	uint64_t value = 0;
	int err = 0;

	switch (option) {
	case 'p':
		err = number_of(argv, "-p", INT32_MAX, &value);
		o->pid = (pid_t)value;
		break;
	case 'n':
		err = number_of(argv, "-n", COUNT_MAX, &o->count);
		break;
	case 'd':
		err = number_of(argv, "-d", SECONDS_MAX, &value);
		o->duration_ns = value * SECOND_NS;
		break;
	case 's':
		err = sensor_of(argv, &o->sensor);
		break;
	case 'm':
		o->module = optarg;
		break;
	case 'o':
		o->output = optarg;
		break;
	case 'l':
		o->learn = optarg;
		break;
	case 'x':
		o->violations = true;
		break;
	case 'j':
		o->json = true;
		break;
	case 'h':
		err = 1;
		break;
	default:
		err = option_fault(argv, longs, option);
		break;
	}
	return err;
}

int trace_options_parse(int argc, char **argv, struct trace_options *ret_options)
{
	struct trace_options options = { .sensor = -1 };
	int option, err = 0;

	optind = 0;
	opterr = 0;
	while (!err && (option = getopt_long(argc, argv, "+:p:m:s:xn:d:o:h", longs, NULL)) != -1)
		err = option_take(&options, argv, option);
	if (err > 0)
		fputs(help, stdout);
	if (err)
		return err;
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		log_err("%s: '%s': a command stands after --", argv[0], argv[optind]);
		return -EINVAL;
	}
	if (optind < argc)
		options.command = argv + optind;
	if (options.command && options.pid) {
		log_err("%s: -p and a command exclude each other", argv[0]);
		return -EINVAL;
	}
	*ret_options = options;
	return 0;
}
