// SPDX-License-Identifier: Apache-2.0
/*
 * The table is made from the JSON that the daemon wrote, or that this process would have written:
 * so a reader sees the same page either way. Hooks, limits and reasons are of any length, hence
 * each stands last in its line.
 */
#include "cmd/coverage_text.h"

#include <string.h>

#include "cmd/members.h"
#include "cmd/terminal.h"

enum {
	TEXT_MAX = 512,
	ROLE_WIDTH = 15,
	STATE_WIDTH = 10,
	LIMITS_INDENT = ROLE_WIDTH + 1 + STATE_WIDTH + 1 + 2
};

enum tint state_tint(const char *state)
{
	static const struct {
		const char *state;
		enum tint tint;
	} tints[] = {
		{ "proven", TINT_GOOD },     { "ready", TINT_NONE },	{ "possible", TINT_NONE },
		{ "unproven", TINT_WARN },   { "broken", TINT_BAD },	{ "none", TINT_BAD },
		{ "protecting", TINT_GOOD }, { "degraded", TINT_WARN }, { "blind", TINT_WORST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tints); i++)
		if (strcmp(tints[i].state, state) == 0)
			return tints[i].tint;
	return TINT_NONE;
}

/* "fexit/inet_bind fexit/inet6_bind"; "-" for none. */
static void hooks_text(struct json_object *row, char *text, size_t size)
{
	struct json_object *hooks = member(row, "hooks");
	size_t n = json_object_is_type(hooks, json_type_array) ? json_object_array_length(hooks) :
								 0;
	size_t at = 0;

	snprintf(text, size, "-");
	for (size_t i = 0; i < n && at + 2 < size; i++) {
		struct json_object *hook = json_object_array_get_idx(hooks, i);

		if (!json_object_is_type(hook, json_type_string))
			continue;
		if (at)
			text[at++] = ' ';
		at += terminal_text(text + at, size - at, json_object_get_string(hook),
				    (size_t)json_object_get_string_len(hook));
	}
}

/* What the hooks cannot see, and why they are not proven, are sentences: each has its own line. */
static void print_row(FILE *out, struct json_object *row, bool color)
{
	char role[TEXT_MAX], state[TEXT_MAX], hooks[TEXT_MAX], more[TEXT_MAX];
	enum tint tint;

	member_text(row, "role", role, sizeof(role));
	member_text(row, "state", state, sizeof(state));
	hooks_text(row, hooks, sizeof(hooks));
	tint = state_tint(state);
	terminal_cell(out, role, ROLE_WIDTH);
	fputs(tint_begin(tint, color), out);
	terminal_cell(out, state, STATE_WIDTH);
	fprintf(out, "%s%s\n", tint_end(tint, color), hooks);
	if (member_text(row, "limits", more, sizeof(more)))
		fprintf(out, "%*s%s\n", LIMITS_INDENT, "", more);
	if (member_text(row, "reason", more, sizeof(more)))
		fprintf(out, "%*s%s\n", LIMITS_INDENT, "", more);
}

struct better {
	const char *member, *heading;
};

static void print_better(FILE *out, struct json_object *row, const struct better *better,
			 bool *told)
{
	struct json_object *tried = member(row, better->member);
	size_t n = json_object_is_type(tried, json_type_array) ? json_object_array_length(tried) :
								 0;
	char role[TEXT_MAX], hook[TEXT_MAX], reason[TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_object_array_get_idx(tried, i);

		if (!*told)
			fprintf(out, "\n%s:\n", better->heading);
		*told = true;
		member_text(row, "role", role, sizeof(role));
		member_text(one, "hook", hook, sizeof(hook));
		member_text(one, "reason", reason, sizeof(reason));
		terminal_cell(out, role, ROLE_WIDTH);
		fprintf(out, "%s: %s\n", hook, reason);
	}
}

static void print_rows(FILE *out, struct json_object *coverage, const struct better *better,
		       bool color)
{
	size_t n;
	bool told = false;

	if (!json_object_is_type(coverage, json_type_array))
		return;
	n = json_object_array_length(coverage);
	fputs(tint_begin(TINT_HEAD, color), out);
	terminal_cell(out, "ROLE", ROLE_WIDTH);
	terminal_cell(out, "STATE", STATE_WIDTH);
	fprintf(out, "HOOKS AND LIMITS%s\n", tint_end(TINT_HEAD, color));
	for (size_t i = 0; i < n; i++)
		print_row(out, json_object_array_get_idx(coverage, i), color);
	for (size_t i = 0; i < n; i++)
		print_better(out, json_object_array_get_idx(coverage, i), better, &told);
}

void coverage_print(FILE *out, struct json_object *coverage, bool color)
{
	static const struct better tried = { "tried",
					     "Tried before these, and why they do not serve" };

	print_rows(out, coverage, &tried, color);
}

void coverage_print_read(FILE *out, struct json_object *coverage, bool color)
{
	static const struct better missing = { "missing", "Better ones, and what they miss" };

	print_rows(out, coverage, &missing, color);
}
