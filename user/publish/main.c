// SPDX-License-Identifier: Apache-2.0
/*
 * evmon-publish: takes what evmon has written to its journal to the charger's MQTT broker. It is
 * the one program of evmon that talks to a network, and holds no right for it: it reads the runtime
 * directory and the journal, and keeps a cursor. There is nothing to configure here; broker,
 * station and topics come from the daemon by publish.conf.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mosquitto.h>

#include "base/log.h"
#include "publish/privilege.h"
#include "publish/publisher.h"
#include "publish/seccomp.h"

enum {
	EXIT_USAGE = 2,
	EXIT_PERMISSION = 5
};

enum option_id {
	OPTION_STATE_DIR = 256,
	OPTION_RUN_DIR,
	OPTION_CURSOR_DIR,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option options[] = {
	{ "state-dir", required_argument, NULL, OPTION_STATE_DIR },
	{ "run-dir", required_argument, NULL, OPTION_RUN_DIR },
	{ "cursor-dir", required_argument, NULL, OPTION_CURSOR_DIR },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static void print_help(void)
{
	puts("Usage: evmon-publish [OPTION...]\n"
	     "Takes evmon's alerts and status from its journal to an MQTT broker.\n"
	     "\n"
	     "  --state-dir DIR    where the journal is (default: as the daemon says)\n"
	     "  --run-dir DIR      where the daemon writes publish.conf and status.json\n"
	     "                     (default: /run/evmon)\n"
	     "  --cursor-dir DIR   where to keep what the broker has acknowledged\n"
	     "                     (default: $STATE_DIRECTORY, else /var/lib/evmon-publish)\n"
	     "  --help             this text\n"
	     "  --version          versions of this program and of libmosquitto\n"
	     "\n"
	     "It runs until SIGTERM. Whatever fails on the way to the broker is tried again.");
}

static void print_version(void)
{
	int major, minor, revision;

	mosquitto_lib_version(&major, &minor, &revision);
	printf("evmon-publish %s\nlibmosquitto %d.%d.%d\n", EVMON_VERSION, major, minor, revision);
}

/* systemd names one directory, or several with colons between. */
static const char *default_cursor_dir(char *buffer, size_t size)
{
	const char *given = getenv("STATE_DIRECTORY");

	if (!given || !*given)
		return "/var/lib/evmon-publish";
	snprintf(buffer, size, "%.*s", (int)strcspn(given, ":"), given);
	return buffer;
}

/* -1: run; otherwise the exit code. */
static int parse_arguments(int argc, char **argv, struct publisher_options *ret_options)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case OPTION_STATE_DIR:
			ret_options->state_dir = optarg;
			break;
		case OPTION_RUN_DIR:
			ret_options->run_dir = optarg;
			break;
		case OPTION_CURSOR_DIR:
			ret_options->cursor_dir = optarg;
			break;
		case OPTION_HELP:
			print_help();
			return EXIT_SUCCESS;
		case OPTION_VERSION:
			print_version();
			return EXIT_SUCCESS;
		default:
			fputs("Try 'evmon-publish --help'.\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "evmon-publish: '%s' is no option. Try 'evmon-publish --help'.\n",
		argv[optind]);
	return EXIT_USAGE;
}

static int drop_privileges(void)
{
	int r = privilege_drop();

	if (r < 0)
		return log_err_errno(r, "cannot give up capabilities");
	if (geteuid() == 0)
		log_warning(
			"runs as root: it needs no more than a user of its own that may read the journal");
	else if (r > 0)
		log_warning(
			"was started with capabilities, which it needs none of and has given up");
	r = seccomp_install();
	if (r == -ENOTSUP)
		log_warning("this kernel has no seccomp filters: runs without one");
	else if (r < 0)
		return log_err_errno(r, "cannot give up system calls");
	return 0;
}

int main(int argc, char **argv)
{
	char buffer[4096];
	struct publisher_options run = {
		.run_dir = "/run/evmon",
		.cursor_dir = default_cursor_dir(buffer, sizeof(buffer)),
	};
	int status = parse_arguments(argc, argv, &run);

	if (status >= 0)
		return status;
	if (drop_privileges() < 0)
		return EXIT_PERMISSION;
	if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
		log_err("cannot initialise libmosquitto");
		return EXIT_FAILURE;
	}
	status = publisher_run(&run) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	mosquitto_lib_cleanup();
	return status;
}
