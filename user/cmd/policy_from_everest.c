// SPDX-License-Identifier: Apache-2.0
/*
 * EVerest's config read as the manager would that is started here with the same words, including
 * what the environment says of the broker; out comes a policy for a person to read. The text is
 * complete before the first byte of it is written: half a policy would be one that says less.
 *
 * Findings go to standard error and change nothing of the exit code: a policy for a charger that is
 * not set up well is asked for all the same.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/policy.h"
#include "policy/config_lint.h"
#include "policy/everest_config.h"
#include "policy/everest_path.h"
#include "policy/from_everest.h"
#include "policy/scalars.h"

static const struct option options[] = {
	{ "prefix", required_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ .name = NULL },
};

static const char help[] =
	"Usage: evmon policy from-everest [--prefix DIR] CONFIG\n"
	"\n"
	"Writes a policy for the charger that EVerest's CONFIG describes, with comments. CONFIG is found as\n"
	"`manager --config CONFIG` does: a file, or NAME for NAME.yaml in EVerest's etc directory; user-config\n"
	"beside it is merged over it; MQTT_SERVER_ADDRESS and MQTT_SERVER_PORT replace the broker's.\n"
	"Nothing that the config asks for beyond the page is granted: it is written as a comment, with the\n"
	"reason. What is wrong with the config is told on standard error.\n"
	"\n"
	"  --prefix DIR   where EVerest is installed, instead of /usr\n"
	"  -h, --help     this text\n"
	"\n"
	"Example: evmon policy from-everest /etc/everest/config.yaml >/etc/evmon/policy.yaml\n";

static void escaped(char *to, size_t size, const char *from)
{
	escape_text(to, size, from, ESCAPE_TERMINAL, NULL);
}

/* Words of the command line become text of a policy. */
static bool is_text(const char *word)
{
	char shown[PATH_MAX * 2];

	escaped(shown, sizeof(shown), word);
	return !strcmp(shown, word);
}

static int finding_print(const struct config_finding *finding, void *userdata)
{
	const struct rule *rule = rule_get(finding->rule);
	char file[1024], what[512], detail[1536];

	escaped(file, sizeof(file), userdata);
	escaped(what, sizeof(what), finding->what);
	escaped(detail, sizeof(detail), finding->detail);
	fprintf(stderr, "%s: %s (%s): %s: %s\n", file, rule->name, severity_name(rule->severity),
		what, detail);
	return 0;
}

static void error_print(const struct policy_error *error)
{
	char file[1024];

	escaped(file, sizeof(file), error->file);
	if (error->line)
		fprintf(stderr, "%s:%u:%u: %s\n", file, error->line, error->column, error->text);
	else
		fprintf(stderr, "%s: %s\n", file, error->text);
}

static void environment_read(struct everest_start *start)
{
	const char *port = getenv("MQTT_SERVER_PORT");
	uint64_t number;

	start->mqtt_address = getenv("MQTT_SERVER_ADDRESS");
	if (!port)
		return;
	if (number_parse(port, &number) == 0 && number && number <= UINT16_MAX)
		start->mqtt_port = (uint16_t)number;
	else
		log_warning("MQTT_SERVER_PORT in the environment is no port; it is passed over");
}

static int text_write(const struct from_everest *from)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return -ENOMEM;
	err = policy_from_everest(out, from);
	if (fclose(out) != 0)
		return -ENOMEM;
	if (!err)
		fwrite(text, 1, size, stdout);
	return err;
}

static int derive(char *path, const struct everest_start *start)
{
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	_cleanup_(policy_freep) struct policy *page = NULL;
	struct policy_error error = { .line = 0 };
	int err;

	err = everest_config_read(path, start, &config, &error);
	if (err < 0) {
		if (*error.text)
			error_print(&error);
		else
			log_err_errno(err, "cannot read the configuration");
		return err == -EACCES || err == -EPERM ? EXIT_PERMISSION :
		       err == -ENOMEM		       ? EXIT_FAILED :
							 EXIT_POLICY;
	}
	err = policy_new_default(&page);
	if (!err)
		err = text_write(
			&(struct from_everest){ config, path, start->prefix, start, page });
	if (err == -E2BIG)
		log_err("the configuration has more modules with capabilities than a policy may have");
	else if (err < 0)
		log_err_errno(err, "cannot write the policy");
	if (err < 0)
		return EXIT_FAILED;
	fflush(stdout);
	config_lint(config, page, finding_print, path);
	return EXIT_GOOD;
}

int policy_from_everest_main(int argc, char **argv)
{
	struct everest_start start = { .prefix = NULL };
	char path[PATH_MAX];
	int option, err;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout), EXIT_GOOD;
		if (option != 'p')
			return option_fault(argv, options, option), EXIT_USAGE;
		start.prefix = optarg;
	}
	if (argc - optind != 1) {
		log_err("%s: one CONFIG is needed; --help has more", argv[0]);
		return EXIT_USAGE;
	}
	if (!is_text(argv[optind]) || (start.prefix && !is_text(start.prefix))) {
		log_err("%s: a path with bytes that no policy can hold", argv[0]);
		return EXIT_USAGE;
	}
	err = everest_config_path(argv[optind], start.prefix, path);
	if (err < 0)
		return log_err_errno(err, "%s", argv[0]), EXIT_FAILED;
	environment_read(&start);
	return derive(path, &start);
}
