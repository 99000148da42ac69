// SPDX-License-Identifier: Apache-2.0
/*
 * getopt_long() complains in words of its own that differ between C libraries, and it does not know
 * which option was probably meant. So it is told to be silent, and what it found wrong is worked
 * out again from what it leaves behind: optopt is 0 where a long option is not known, the option's
 * value where one has an argument too many or too few.
 */
#include "cmd/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "policy/errors.h"

enum {
	WORDS_MAX = 32,
	WORD_SIZE = 32
};

static struct phrase option_hint(const char *word, const struct option *options)
{
	char text[WORDS_MAX][WORD_SIZE];
	const char *words[WORDS_MAX + 1] = { NULL };

	for (size_t i = 0; options[i].name && i < WORDS_MAX; i++) {
		snprintf(text[i], WORD_SIZE, "--%s", options[i].name);
		words[i] = text[i];
	}
	return hint(word, words);
}

static const char *option_name(const struct option *options, int value)
{
	for (; options->name; options++)
		if (options->val == value)
			return options->name;
	return NULL;
}

/* More than one option begins so. */
static bool option_ambiguous(const char *word, const struct option *options)
{
	size_t n = strlen(word + 2), found = 0;

	for (; options->name; options++)
		found += strlen(options->name) >= n && memcmp(options->name, word + 2, n) == 0;
	return found > 1;
}

int option_fault(char *const *argv, const struct option *options, int result)
{
	const char *word = argv[optind - 1], *name = option_name(options, optopt);
	bool ambiguous;
	char plain[64];

	if (result == ':' && name) {
		log_err("%s: --%s wants a value", argv[0], name);
	} else if (optopt && name) {
		log_err("%s: --%s takes no value", argv[0], name);
	} else if (optopt) {
		log_err("%s: unknown option -%c", argv[0], optopt);
	} else {
		snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(word, "="), word);
		ambiguous = option_ambiguous(plain, options);
		log_err("%s: %s option %s%s", argv[0], ambiguous ? "ambiguous" : "unknown",
			quoted(plain).text, ambiguous ? "" : option_hint(plain, options).text);
	}
	return -EINVAL;
}

int option_bad_value(char *const *argv, const char *option, const char *value, const char *wanted)
{
	log_err("%s: %s: %s is not %s", argv[0], option, quoted(value).text, wanted);
	return -EINVAL;
}

int option_path(char *const *argv, const char *option, char path[PATH_MAX])
{
	if (!optarg[0] || strlen(optarg) >= PATH_MAX)
		return option_bad_value(argv, option, optarg, "a path");
	snprintf(path, PATH_MAX, "%s", optarg);
	return 0;
}

int option_no_operands(int argc, char *const *argv)
{
	if (optind >= argc)
		return 0;
	log_err("%s: takes no argument %s", argv[0], quoted(argv[optind]).text);
	return -EINVAL;
}

int option_only_help(int argc, char **argv, const char *help)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 0;
	opterr = 0;
	option = getopt_long(argc, argv, ":h", options, NULL);
	if (option == -1)
		return -1;
	if (option != 'h')
		return option_fault(argv, options, option), EXIT_USAGE;
	fputs(help, stdout);
	return EXIT_GOOD;
}
