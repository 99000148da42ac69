// SPDX-License-Identifier: Apache-2.0
/*
 * evmon: a table of verbs. A verb gets its own argv, with its name in front, and gives back an exit
 * code; what it printed is flushed here, so that a full disk behind a redirection is noticed once
 * for all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/run.h"
#include "daemon.h"
#include "policy/errors.h"

static int run_main(int argc, char **argv)
{
	struct run_options options;
	int r = run_parse(argc, argv, &options);

	if (r != 0)
		return r < 0 ? EXIT_USAGE : EXIT_GOOD;
	return daemon_run(&options);
}

static int help_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	help_print(stdout);
	return EXIT_GOOD;
}

static int version_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	version_print(stdout);
	return EXIT_GOOD;
}

static const struct verb {
	const char *name;
	int (*main)(int argc, char **argv);
} verbs[] = {
	{ "run", run_main },	       { "trace", trace_main },	  { "--trace", trace_main },
	{ "log", log_main },	       { "status", status_main }, { "coverage", coverage_main },
	{ "unload", unload_main },     { "check", check_main },	  { "policy", policy_main },
	{ "explain", explain_main },   { "--help", help_main },	  { "-h", help_main },
	{ "--version", version_main }, { "-V", version_main },
};

static const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int unknown(const char *word)
{
	const char *words[ARRAY_SIZE(verbs) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		words[i] = verbs[i].name;
	log_err("unknown %s %s%s", *word == '-' ? "option" : "verb", quoted(word).text,
		hint(word, words).text);
	return EXIT_USAGE;
}

/* A file that is opened later must not become somebody's standard output. */
static int standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -EBADF;
	return 0;
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	int status;

	if (standard_fds() < 0)
		return EXIT_FAILED;
	if (argc < 2) {
		log_err("no verb given; `evmon --help` lists them");
		return EXIT_USAGE;
	}
	verb = verb_find(argv[1]);
	if (!verb)
		return unknown(argv[1]);
	status = verb->main(argc - 1, argv + 1);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log_err("cannot write to standard output");
		return status == EXIT_GOOD ? EXIT_FAILED : status;
	}
	return status;
}
