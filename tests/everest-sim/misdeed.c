// SPDX-License-Identifier: Apache-2.0
/*
 * Tells a module of the stand-in tree to misbehave and prints its answer, or misbehaves itself:
 * with --here the deed is done in this process, for what is watched on the whole machine and for
 * innocents that do the same outside the tree. With --hold it then keeps its sockets until its
 * stdin ends. Exit status: 0 the deed was done, 1 it was refused, 2 usage, 3 the module did not
 * answer.
 */

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "control.h"
#include "deeds.h"

struct arguments {
	const char *sim_dir;
	const char *id;
	bool here;
	bool hold;
	int n_words;
	char **words;
};

static int usage(void)
{
	fprintf(stderr, "usage: misdeed [--sim-dir DIR] ID DEED...\n"
			"       misdeed --here [--hold] DEED...\n"
			"DIR is EVEREST_SIM_DIR unless given. Deeds:\n");
	for (size_t i = 0; deeds_usage(i); i++)
		fprintf(stderr, "  %s\n", deeds_usage(i));
	return -EINVAL;
}

static int arguments_parse(int argc, char **argv, struct arguments *ret)
{
	enum {
		HERE = 1,
		HOLD
	};
	static const struct option options[] = {
		{ "sim-dir", required_argument, NULL, 'd' },
		{ "here", no_argument, NULL, HERE },
		{ "hold", no_argument, NULL, HOLD },
		{ 0 },
	};
	int option;

	*ret = (struct arguments){ .sim_dir = getenv("EVEREST_SIM_DIR") };
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'd')
			ret->sim_dir = optarg;
		else if (option == HERE)
			ret->here = true;
		else if (option == HOLD)
			ret->hold = true;
		else
			return usage();
	}
	if (!ret->here && optind < argc)
		ret->id = argv[optind++];
	ret->n_words = argc - optind;
	ret->words = argv + optind;
	if (ret->n_words < 1 || ret->n_words > CONTROL_WORDS_MAX || (!ret->here && !ret->sim_dir))
		return usage();
	return 0;
}

static int act_here(const struct arguments *args)
{
	struct deeds deeds;
	struct answer answer;
	char line[ANSWER_LINE_MAX];
	char byte;

	deeds_init(&deeds);
	deeds_do(&deeds, args->n_words, args->words, &answer);
	answer_print(&answer, sizeof(line), line);
	puts(line);
	fflush(stdout);
	while (args->hold && read(STDIN_FILENO, &byte, 1) > 0)
		;
	deeds_fini(&deeds);
	if (deeds.leaving)
		return deeds.exit_status;
	return answer.err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct arguments args;
	char line[ANSWER_LINE_MAX];
	int err;

	if (arguments_parse(argc, argv, &args) < 0)
		return 2;
	if (args.here)
		return act_here(&args);
	err = control_ask(args.sim_dir, args.id, args.n_words, args.words, sizeof(line), line);
	if (err < 0) {
		fprintf(stderr, "misdeed: no answer from module %s in %s: %s\n", args.id,
			args.sim_dir, strerror(-err));
		return 3;
	}
	puts(line);
	return strncmp(line, "ok", 2) == 0 ? 0 : 1;
}
