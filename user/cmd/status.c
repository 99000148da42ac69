// SPDX-License-Identifier: Apache-2.0
/*
 * How the running daemon is. It is asked nothing: it writes what it knows into its runtime
 * directory, and this verb reads that. An old file is no status: whoever asks must not be told that
 * all is well by a daemon that has died. The inventory of listeners is none of the daemon's: it is
 * made anew by whoever asks.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/dirs.h"
#include "cmd/listeners.h"
#include "cmd/members.h"
#include "cmd/options.h"
#include "cmd/status_file.h"
#include "cmd/status_prom.h"
#include "cmd/status_text.h"
#include "cmd/terminal.h"

enum form {
	FORM_TEXT,
	FORM_JSON,
	FORM_PROM
};

struct wish {
	enum form form;
	bool listeners;
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "listeners", no_argument, NULL, 'l' },
	{ "prom", no_argument, NULL, 'p' },
	{ .name = NULL },
};

static const char help[] =
	"Usage: evmon status [--json | --prom]\n"
	"       evmon status --listeners [--json]\n"
	"\n"
	"Shows how the running daemon is: state, coverage, counters, journal. Exit status 0 protecting,\n"
	"1 degraded, 4 blind or not running.\n"
	"\n"
	"  --listeners  instead, and as root: every socket that is bound to a port, listening or not,\n"
	"               which module or process holds it, and what rule of the policy speaks of it; needs\n"
	"               no daemon. Exit status 0, 4 this kernel cannot say it, 5 not permitted\n"
	"  --json       what the daemon wrote (schema evmon.status/1); of --listeners an object a line\n"
	"               (schema evmon.listener/1)\n"
	"  --prom       Prometheus's text format, for node_exporter's textfile collector\n"
	"  -h, --help   this text\n";

static int parse(int argc, char **argv, struct wish *ret_wish)
{
	struct wish wish = { .form = FORM_TEXT };
	int option, err;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (option == 'j')
			wish.form = FORM_JSON;
		else if (option == 'p')
			wish.form = FORM_PROM;
		else if (option == 'l')
			wish.listeners = true;
		else
			return option_fault(argv, options, option);
	}
	err = option_no_operands(argc, argv);
	if (err == 0 && wish.listeners && wish.form == FORM_PROM) {
		log_err("status: --listeners has no --prom form; --help says more");
		err = -EINVAL;
	}
	if (err == 0)
		*ret_wish = wish;
	return err;
}

static int not_running(int err, const char *run_dir, uint64_t age_us)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		log_err("status: evmon is not running (no %s/status.json)", run_dir);
		return EXIT_NO_SENSOR;
	case -ETIME:
		log_err("status: evmon is not running: its last word in %s/status.json was %" PRIu64
			" s ago",
			run_dir, age_us / 1000000);
		return EXIT_NO_SENSOR;
	case -ESTALE:
		log_err("status: evmon is not running: %s/status.json is from an earlier boot",
			run_dir);
		return EXIT_NO_SENSOR;
	case -EBADMSG:
		log_err("status: %s/status.json is not what evmon writes", run_dir);
		return EXIT_NO_SENSOR;
	default:
		log_err_errno(err, "status: %s/status.json", run_dir);
		return err == -EACCES || err == -EPERM ? EXIT_PERMISSION : EXIT_FAILED;
	}
}

static int exit_of(struct json_object *status)
{
	const char *state = member_string(status, "state");

	if (state && strcmp(state, "protecting") == 0)
		return EXIT_GOOD;
	return state && strcmp(state, "degraded") == 0 ? EXIT_FAILED : EXIT_NO_SENSOR;
}

static int show(const char *run_dir, struct status_file *file, enum form form)
{
	uint64_t now_us = 0, age_us = 0;
	int err = status_file_now(run_dir, file, &now_us, &age_us);

	if (err < 0) {
		int status = not_running(err, run_dir, age_us);

		if (form == FORM_PROM && status == EXIT_NO_SENSOR)
			status_prom(stdout, NULL);
		return status;
	}
	if (form == FORM_JSON)
		puts(file->text);
	else if (form == FORM_PROM)
		status_prom(stdout, file->object);
	else
		status_print(stdout, file->object, now_us, terminal_color(stdout));
	return exit_of(file->object);
}

int status_main(int argc, char **argv)
{
	struct status_file file = { .text = NULL };
	struct wish wish = { .form = FORM_TEXT };
	char run_dir[PATH_MAX];
	int r = parse(argc, argv, &wish);

	if (r != 0)
		return r < 0 ? EXIT_USAGE : EXIT_GOOD;
	dirs_run(run_dir);
	if (wish.listeners)
		return listeners_show(run_dir, wish.form == FORM_JSON);
	r = show(run_dir, &file, wish.form);
	status_file_fini(&file);
	return r;
}
