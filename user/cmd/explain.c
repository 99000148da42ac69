// SPDX-License-Identifier: Apache-2.0
/*
 * From the name in an alert to what it means. The list is closed, so a name that is not in it is a
 * slip, except in `bind.`: there a vendor may have rules of its own, and the policy in force knows
 * what they are about.
 */
#include <stdio.h>
#include <string.h>

#include "alert/explain.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "policy/bind.h"
#include "policy/internal.h"

static const char help[] =
	"Usage: evmon explain [RULE]\n"
	"\n"
	"Says what a rule means, why it matters and what to do. Without RULE: lists all.\n"
	"\n"
	"  -h, --help   this text\n";

static void lines_print(const char *lines)
{
	for (size_t n; *lines; lines += n) {
		n = strcspn(lines, "\n") + 1;
		printf("  %.*s", (int)n, lines);
	}
}

static void rule_list(enum evmon_rule number)
{
	const struct rule *rule = rule_get(number);

	printf("%s (%s)\n", rule->name, severity_name(rule->severity));
	lines_print(explanation_get(number)->means);
}

static int all_list(void)
{
	for (int i = 0; i < EVMON_RULE_CLOSED; i++)
		if (rule_get((enum evmon_rule)i))
			rule_list((enum evmon_rule)i);
	return EXIT_GOOD;
}

static void text_print(const char *head, const char *lines)
{
	printf("\n%s\n", head);
	lines_print(lines);
}

static void explanation_print(const struct explanation *explanation)
{
	text_print("What it says", explanation->means);
	text_print("Why it matters", explanation->matters);
	text_print("What to do", explanation->todo);
}

static int known_explain(enum evmon_rule number)
{
	const struct rule *rule = rule_get(number);

	printf("%s (sensor %s, %s unless the policy says otherwise%s)\n", rule->name,
	       sensor_name(rule->sensor), severity_name(rule->severity),
	       rule->standing ? ", told once a boot" : "");
	explanation_print(explanation_get(number));
	return EXIT_GOOD;
}

/* The policy is a help here and no more: one that is not valid is `evmon check`'s matter. */
static int vendor_explain(const char *name)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	const struct bind_rule *item = NULL;
	struct policy_errors errors;

	if (!policy_load_default(NULL, &policy, &errors))
		item = bind_find(policy, name);
	printf("%s (sensor bind, the vendor's own)\n", name);
	explanation_print(explanation_vendor());
	if (item) {
		printf("\nIn the policy of this machine\n  ");
		bind_put(stdout, item);
		putchar('\n');
	} else {
		printf("\nThe policy of this machine has no such rule.\n");
	}
	return EXIT_GOOD;
}

static int unknown(const char *name)
{
	const char *names[EVMON_RULE_CLOSED + 1] = { NULL };
	size_t n = 0;

	for (int i = 0; i < EVMON_RULE_CLOSED; i++)
		if (rule_get((enum evmon_rule)i))
			names[n++] = rule_get((enum evmon_rule)i)->name;
	log_err("explain: no rule %s%s", quoted(name).text, hint(name, names).text);
	return EXIT_USAGE;
}

int explain_main(int argc, char **argv)
{
	const char *name;
	int status, rule;

	status = option_only_help(argc, argv, help);
	if (status >= 0)
		return status;
	if (optind == argc)
		return all_list();
	name = argv[optind++];
	if (option_no_operands(argc, argv) < 0)
		return EXIT_USAGE;
	rule = rule_from_name(name);
	if (rule >= 0)
		return known_explain((enum evmon_rule)rule);
	return bind_is_vendor_rule(name) ? vendor_explain(name) : unknown(name);
}
