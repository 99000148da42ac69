// SPDX-License-Identifier: Apache-2.0
/*
 * The format's schema on standard output, for `# yaml-language-server: $schema=` and the like. It
 * is made from the parser's tables on one line; json-c breaks it into lines that a diff can show.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/policy.h"
#include "policy/schema.h"

enum {
	SCHEMA_MAX = 64 << 10
};

static const char help[] =
	"Usage: evmon policy schema\n"
	"\n"
	"Prints the policy's format as JSON Schema (2020-12), for editors. What a schema can't say, such as\n"
	"which rule buries another, `evmon check` does.\n"
	"\n"
	"  -h, --help   this text\n";

static int schema_print(const char *line)
{
	struct json_object *tree = json_tokener_parse(line);

	if (!tree) {
		log_err("policy schema: the schema is no JSON");
		return EXIT_FAILED;
	}
	puts(json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_SPACED |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(tree);
	return EXIT_GOOD;
}

int policy_schema_main(int argc, char **argv)
{
	_cleanup_(freep) char *line = NULL;
	int status, err;

	status = option_only_help(argc, argv, help);
	if (status >= 0)
		return status;
	if (option_no_operands(argc, argv) < 0)
		return EXIT_USAGE;
	line = malloc(SCHEMA_MAX);
	if (!line)
		return EXIT_FAILED;
	err = policy_json_schema(line, SCHEMA_MAX);
	if (err < 0)
		return log_err_errno(err, "cannot write the schema"), EXIT_FAILED;
	return schema_print(line);
}
