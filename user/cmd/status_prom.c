// SPDX-License-Identifier: Apache-2.0
/*
 * Text exposition format 0.0.4: HELP and TYPE before the samples of a metric, label values with
 * backslash, quote and newline escaped. Times are CLOCK_BOOTTIME, which Prometheus does not know,
 * so ages are given and no points in time.
 */
#include "cmd/status_prom.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/members.h"
#include "cmd/status_counters.h"

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP evmon_%s %s.\n# TYPE evmon_%s %s\n", name, help, name, type);
}

static void sample(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
	head(out, name, type, help);
	fprintf(out, "evmon_%s %" PRIu64 "\n", name, value);
}

/* key="value", and a comma before it unless it is the first. */
static void label(FILE *out, const char *key, const char *value, bool first)
{
	fprintf(out, "%s%s=\"", first ? "" : ",", key);
	for (; value && *value; value++) {
		if (*value == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

static void put_info(FILE *out, struct json_object *status)
{
	static const char *const keys[] = { "version", "station", "kernel" };

	head(out, "info", "gauge", "What runs here; always 1");
	fputs("evmon_info{", out);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		label(out, keys[i], member_string(status, keys[i]), i == 0);
	label(out, "policy", member_string(member(status, "policy"), "hash"), false);
	fputs("} 1\n", out);
}

static void put_state(FILE *out, struct json_object *status)
{
	static const char *const states[] = { "protecting", "degraded", "blind" };
	const char *now = member_string(status, "state");

	head(out, "state", "gauge", "1 for the state that evmon is in");
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		fprintf(out, "evmon_state{state=\"%s\"} %d\n", states[i],
			now && strcmp(now, states[i]) == 0);
}

static bool works(const char *state)
{
	return state && (strcmp(state, "proven") == 0 || strcmp(state, "unproven") == 0 ||
			 strcmp(state, "ready") == 0);
}

static void put_coverage(FILE *out, struct json_object *coverage)
{
	size_t n = json_object_is_type(coverage, json_type_array) ?
			   json_object_array_length(coverage) :
			   0;

	head(out, "coverage", "gauge", "1 where a hook serves the role");
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(coverage, i);
		const char *state = member_string(row, "state");

		fputs("evmon_coverage{", out);
		label(out, "role", member_string(row, "role"), true);
		label(out, "sensor", member_string(row, "sensor"), false);
		label(out, "state", state, false);
		fprintf(out, "} %d\n", works(state));
	}
}

static void put_counters(FILE *out, struct json_object *counters)
{
	const struct status_counter *list;
	size_t n = status_counters(&list);

	for (size_t i = 0; i < n; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s_total", list[i].name);
		sample(out, name, "counter", list[i].help, member_number(counters, list[i].name));
	}
}

void status_prom(FILE *out, struct json_object *status)
{
	uint64_t now_us = clock_boot_ns() / 1000, started_us = member_number(status, "started_us");
	struct json_object *journal = member(status, "journal");

	sample(out, "up", "gauge", "1 while evmon runs", status != NULL);
	if (!status)
		return;
	put_info(out, status);
	put_state(out, status);
	sample(out, "uptime_seconds", "gauge", "How long evmon has been running",
	       now_us > started_us ? (now_us - started_us) / 1000000 : 0);
	put_coverage(out, member(status, "coverage"));
	put_counters(out, member(status, "counters"));
	sample(out, "journal_seq", "gauge", "Number of the journal's last line",
	       member_number(journal, "seq"));
	sample(out, "journal_writable", "gauge", "0 while the disk refuses the journal's lines",
	       journal && !member(journal, "error"));
	sample(out, "pinned", "gauge", "0 where hooks and counts end with the process",
	       member(member(status, "pins"), "directory") != NULL);
}
