// SPDX-License-Identifier: Apache-2.0
/* `evmon policy WORD`: a table of what can be done with policies. */
#include "cmd/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/macros.h"
#include "cmd/cmd.h"
#include "policy/errors.h"

static const char help[] =
	"Usage: evmon policy show [FILE...]\n"
	"       evmon policy diff A B\n"
	"       evmon policy schema\n"
	"       evmon policy from-everest [--prefix DIR] CONFIG\n"
	"\n"
	"  show           the policy that is in force, as one file, each value with where it comes from\n"
	"  diff           what becomes allowed and what forbidden from A to B\n"
	"  schema         the format as JSON Schema, for editors\n"
	"  from-everest   a policy out of EVerest's config\n"
	"\n"
	"`evmon policy WORD --help` has more; `evmon check` says whether a policy is valid.\n";

static const struct word {
	const char *name, *full;
	int (*main)(int argc, char **argv);
} words[] = {
	{ "show", "policy show", policy_show_main },
	{ "diff", "policy diff", policy_diff_main },
	{ "schema", "policy schema", policy_schema_main },
	{ "from-everest", "policy from-everest", policy_from_everest_main },
};

static int unknown(const char *word)
{
	const char *names[ARRAY_SIZE(words) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		names[i] = words[i].name;
	log_err("policy: unknown word %s%s", quoted(word).text, hint(word, names).text);
	return EXIT_USAGE;
}

int policy_main(int argc, char **argv)
{
	char name[32];

	if (argc < 2) {
		log_err("policy: no word given; `evmon policy --help` lists them");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(help, stdout);
		return EXIT_GOOD;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].name, argv[1]) != 0)
			continue;
		snprintf(name, sizeof(name), "%s", words[i].full);
		argv[1] = name;
		return words[i].main(argc - 1, argv + 1);
	}
	return unknown(argv[1]);
}
