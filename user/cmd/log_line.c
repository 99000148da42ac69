// SPDX-License-Identifier: Apache-2.0
/*
 * The text form of an alert that was read back. Severity, verdict and sensor are words of a closed
 * list and the rest is text of others, so all of it goes through members.h, which leaves nothing in
 * it that a terminal obeys. An alert that lacks a member (a later schema) still gives a line.
 */
#include "cmd/log_line.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/members.h"
#include "cmd/since.h"
#include "cmd/terminal.h"

enum {
	TEXT_MAX = 1024,
	NAME_MAX_BYTES = 280,
	TIME_WIDTH = 19, /* "2026-11-22 12:00:00" */
	SEVERITY_WIDTH = 8,
	VERDICT_WIDTH = 7,
	COUNT_WIDTH = 6,
	MODULE_WIDTH = 24,
	RULE_WIDTH = 24
};

bool log_filter_empty(const struct log_filter *filter)
{
	return !filter->sensors && filter->severity == SEVERITY_LOW &&
	       filter->since_us == INT64_MIN;
}

bool log_wanted(const struct log_filter *filter, struct json_object *line)
{
	const char *sensor = member_string(line, "sensor");
	const char *severity = member_string(line, "severity");
	const char *time = member_string(line, "time");
	int number;
	int64_t us;

	if (filter->sensors) {
		number = sensor ? sensor_from_name(sensor) : -1;
		if (number < 0 || !(filter->sensors >> number & 1))
			return false;
	}
	if (filter->severity != SEVERITY_LOW) {
		number = severity ? severity_from_name(severity) : -1;
		if (number < (int)filter->severity)
			return false;
	}
	if (filter->since_us == INT64_MIN)
		return true;
	return time && since_parse(time, 0, &us) == 0 && us >= filter->since_us;
}

void log_header(FILE *out, bool color)
{
	fputs(tint_begin(TINT_HEAD, color), out);
	terminal_cell(out, "TIME", TIME_WIDTH);
	terminal_cell(out, "SEVERITY", SEVERITY_WIDTH);
	terminal_cell(out, "VERDICT", VERDICT_WIDTH);
	fprintf(out, "%*s ", COUNT_WIDTH, "COUNT");
	terminal_cell(out, "MODULE", MODULE_WIDTH);
	terminal_cell(out, "RULE", RULE_WIDTH);
	fprintf(out, "MESSAGE%s\n", tint_end(TINT_HEAD, color));
}

enum tint severity_tint(const char *name)
{
	static const enum tint tints[SEVERITY_MAX] = {
		[SEVERITY_LOW] = TINT_NOTE,
		[SEVERITY_MEDIUM] = TINT_WARN,
		[SEVERITY_HIGH] = TINT_BAD,
		[SEVERITY_CRITICAL] = TINT_WORST,
	};
	int severity = severity_from_name(name);

	return severity < 0 ? TINT_NONE : tints[severity];
}

static void time_text(struct json_object *line, char *text, size_t size)
{
	const char *time = member_string(line, "time");
	struct tm tm;
	time_t seconds;
	int64_t us;

	snprintf(text, size, "-");
	if (!time || since_parse(time, 0, &us) < 0)
		return;
	seconds = (time_t)(us / 1000000);
	if (localtime_r(&seconds, &tm))
		strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm);
}

/* The module, else the process, else whom the alert is about. */
static void who_text(struct json_object *line, char *text, size_t size)
{
	struct json_object *module = member(line, "module"), *process = member(line, "process");
	char id[NAME_MAX_BYTES], name[NAME_MAX_BYTES], subject[NAME_MAX_BYTES];
	bool has_id = member_text(module, "id", id, sizeof(id));

	if (member_text(module, "name", name, sizeof(name)))
		snprintf(text, size, "%s%s%s", id, has_id ? ":" : "", name);
	else if (member_text(process, "comm", name, sizeof(name)))
		snprintf(text, size, "%s[%" PRIu64 "]", name, member_number(process, "pid"));
	else if (member_text(line, "subject", subject, sizeof(subject)))
		snprintf(text, size, "%s", subject);
	else
		snprintf(text, size, "-");
}

static void word_cell(FILE *out, struct json_object *line, const char *key, size_t width)
{
	char word[NAME_MAX_BYTES];

	terminal_cell(out, member_text(line, key, word, sizeof(word)) ? word : "-", width);
}

void log_print(FILE *out, struct json_object *line, bool color)
{
	char text[TEXT_MAX], severity[NAME_MAX_BYTES];
	enum tint tint;

	member_text(line, "severity", severity, sizeof(severity));
	tint = severity_tint(severity);
	time_text(line, text, sizeof(text));
	terminal_cell(out, text, TIME_WIDTH);
	fputs(tint_begin(tint, color), out);
	word_cell(out, line, "severity", SEVERITY_WIDTH);
	fputs(tint_end(tint, color), out);
	word_cell(out, line, "verdict", VERDICT_WIDTH);
	fprintf(out, "%*" PRIu64 " ", COUNT_WIDTH, member_number(line, "count"));
	who_text(line, text, sizeof(text));
	terminal_cell(out, text, MODULE_WIDTH);
	word_cell(out, line, "rule", RULE_WIDTH);
	member_text(line, "message", text, sizeof(text));
	fputs(text, out);
	if (member(line, "asked"))
		fputs(" (the policy asked to deny)", out);
	if (member(line, "durable") && !member_is_true(line, "durable"))
		fputs(" (not durable)", out);
	fputc('\n', out);
}
