// SPDX-License-Identifier: Apache-2.0
/*
 * The command line of the daemon. What can be judged without opening anything is judged here, so
 * that a unit with a slip in it fails at once with a usage error and is not restarted for ever.
 * --mqtt and --no-mqtt contradict each other; the last one holds, as with most tools.
 */
#include "cmd/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dirs.h"
#include "cmd/options.h"
#include "policy/scalars.h"

enum {
	OPTION_POLICY = 256,
	OPTION_STATE_DIR,
	OPTION_MQTT,
	OPTION_NO_MQTT,
	OPTION_NO_PUBLISH
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "policy", required_argument, NULL, OPTION_POLICY },
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "mqtt", required_argument, NULL, OPTION_MQTT },
	{ "no-mqtt", no_argument, NULL, OPTION_NO_MQTT },
	{ "no-publish", no_argument, NULL, OPTION_NO_PUBLISH },
	{ .name = NULL },
};

static const char help[] =
	"Usage: evmon run [--policy FILE] [--state-dir DIR] [--mqtt URL | --no-mqtt]\n"
	"                 [--no-publish]\n"
	"\n"
	"Watches EVerest's process tree until it is told to stop. Runs in the foreground.\n"
	"\n"
	"  --policy FILE     read this policy (default: /etc/evmon/policy.yaml and policy.d, else built in)\n"
	"  --state-dir DIR   the journal's place (default: $STATE_DIRECTORY, else /var/lib/evmon)\n"
	"  --mqtt URL        the broker: unix:/PATH, mqtt://HOST[:PORT], mqtts://HOST[:PORT]\n"
	"  --no-mqtt         tell evmon-publish of no broker\n"
	"  --no-publish      do not start evmon-publish (where systemd starts evmon it never does)\n"
	"  -h, --help        this text\n";

static int take_mqtt(char *const *argv, struct run_options *o)
{
	const char *wanted = broker_url_check(optarg);

	if (wanted || strcmp(optarg, "auto") == 0)
		return option_bad_value(argv, "--mqtt", optarg,
					"unix:/PATH, mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
	o->mqtt = optarg;
	o->no_mqtt = false;
	return 0;
}

static int take(int argc, char **argv, struct run_options *o)
{
	int option, err = 0;

	optind = 0;
	opterr = 0;
	while (!err && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return 1;
		if (option == OPTION_POLICY)
			o->policy = optarg;
		else if (option == OPTION_STATE_DIR)
			err = option_path(argv, "--state-dir", o->state_dir);
		else if (option == OPTION_MQTT)
			err = take_mqtt(argv, o);
		else if (option == OPTION_NO_MQTT)
			o->no_mqtt = true;
		else if (option == OPTION_NO_PUBLISH)
			o->no_publish = true;
		else
			err = option_fault(argv, options, option);
		if (o->no_mqtt)
			o->mqtt = NULL;
	}
	if (err < 0)
		return err;
	return option_no_operands(argc, argv);
}

int run_parse(int argc, char **argv, struct run_options *ret_options)
{
	struct run_options o = { .policy = NULL };
	int r;

	dirs_state(o.state_dir);
	dirs_run(o.run_dir);
	r = take(argc, argv, &o);
	if (r > 0)
		fputs(help, stdout);
	if (r == 0)
		*ret_options = o;
	return r;
}
