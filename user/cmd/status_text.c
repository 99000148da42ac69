// SPDX-License-Identifier: Apache-2.0
/*
 * What matters first: the state and its reason, then who and where, what is covered, what was
 * counted. Counters of losses that are 0 say nothing and are left out.
 */
#include "cmd/status_text.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/coverage_text.h"
#include "cmd/members.h"
#include "cmd/status_counters.h"
#include "cmd/terminal.h"

enum {
	TEXT_MAX = 1024,
	KEY_WIDTH = 10,
	COUNTER_WIDTH = 18,
	NUMBER_WIDTH = 10
};

static void put_key(FILE *out, const char *key)
{
	terminal_cell(out, key, KEY_WIDTH);
}

static void put_text(FILE *out, const char *key, struct json_object *object, const char *name)
{
	char text[TEXT_MAX];

	put_key(out, key);
	fprintf(out, "%s\n", member_text(object, name, text, sizeof(text)) ? text : "-");
}

static void put_state(FILE *out, struct json_object *status, bool color)
{
	char version[TEXT_MAX], state[TEXT_MAX], reason[TEXT_MAX];
	enum tint tint;

	member_text(status, "version", version, sizeof(version));
	member_text(status, "state", state, sizeof(state));
	member_text(status, "reason", reason, sizeof(reason));
	tint = state_tint(state);
	fprintf(out, "evmon %s: %s%s%s%s%s\n", version, tint_begin(tint, color), state,
		tint_end(tint, color), reason[0] ? ": " : "", reason);
}

static uint64_t seconds_since(uint64_t us, uint64_t now_us)
{
	return now_us > us ? (now_us - us) / 1000000 : 0;
}

/* "3 d 4 h", "12 min": the two largest units. */
static void put_running(FILE *out, struct json_object *status, uint64_t now_us)
{
	uint64_t seconds = seconds_since(member_number(status, "started_us"), now_us);

	put_key(out, "running");
	if (seconds >= 86400)
		fprintf(out, "%" PRIu64 " d %" PRIu64 " h\n", seconds / 86400,
			seconds % 86400 / 3600);
	else if (seconds >= 3600)
		fprintf(out, "%" PRIu64 " h %" PRIu64 " min\n", seconds / 3600,
			seconds % 3600 / 60);
	else
		fprintf(out, "%" PRIu64 " min %" PRIu64 " s\n", seconds / 60, seconds % 60);
}

static void put_journal(FILE *out, struct json_object *journal, bool color)
{
	char id[TEXT_MAX], error[TEXT_MAX];

	member_text(journal, "id", id, sizeof(id));
	put_key(out, "journal");
	fprintf(out, "%s, last line %" PRIu64, id, member_number(journal, "seq"));
	if (member_text(journal, "error", error, sizeof(error)))
		fprintf(out, ", %s%s%s", tint_begin(TINT_BAD, color), error,
			tint_end(TINT_BAD, color));
	fputc('\n', out);
}

static void put_pins(FILE *out, struct json_object *pins, bool color)
{
	char directory[TEXT_MAX], error[TEXT_MAX];

	put_key(out, "pins");
	fputs(member_text(pins, "directory", directory, sizeof(directory)) ? directory : "none",
	      out);
	if (member_text(pins, "error", error, sizeof(error)))
		fprintf(out, ", %s%s%s", tint_begin(TINT_WARN, color), error,
			tint_end(TINT_WARN, color));
	fputc('\n', out);
}

/* Only where it is the daemon's business; elsewhere systemctl knows. */
static void put_publisher(FILE *out, struct json_object *publisher, bool color)
{
	uint64_t pid = member_number(publisher, "pid");
	char error[TEXT_MAX];

	if (!member_is_true(publisher, "supervised"))
		return;
	put_key(out, "publisher");
	if (pid)
		fprintf(out, "pid %" PRIu64 ", ", pid);
	fprintf(out, "started %" PRIu64 " times", member_number(publisher, "starts"));
	if (member_text(publisher, "error", error, sizeof(error)))
		fprintf(out, ", %s%s%s", tint_begin(TINT_WARN, color), error,
			tint_end(TINT_WARN, color));
	fputc('\n', out);
}

static void put_policy(FILE *out, struct json_object *policy)
{
	char hash[TEXT_MAX], path[TEXT_MAX];

	member_text(policy, "hash", hash, sizeof(hash));
	put_key(out, "policy");
	fprintf(out, "%s, %s\n", hash,
		member_text(policy, "path", path, sizeof(path)) ? path : "the usual places");
}

static void put_counters(FILE *out, struct json_object *counters, bool color)
{
	const struct status_counter *list;
	size_t n = status_counters(&list);

	for (size_t i = 0; i < n; i++) {
		uint64_t value = member_number(counters, list[i].name);
		enum tint tint = list[i].loss ? TINT_WARN : TINT_NONE;

		if (!value && list[i].loss)
			continue;
		terminal_cell(out, list[i].name, COUNTER_WIDTH);
		fprintf(out, "%s%*" PRIu64 "%s  %s\n", tint_begin(tint, color), NUMBER_WIDTH, value,
			tint_end(tint, color), list[i].help);
	}
}

void status_print(FILE *out, struct json_object *status, uint64_t now_us, bool color)
{
	char url[TEXT_MAX];

	put_state(out, status, color);
	fputc('\n', out);
	put_text(out, "station", status, "station");
	put_running(out, status, now_us);
	put_key(out, "as of");
	fprintf(out, "%" PRIu64 " s ago\n",
		seconds_since(member_number(status, "stamp_us"), now_us));
	put_text(out, "kernel", status, "kernel");
	put_policy(out, member(status, "policy"));
	put_journal(out, member(status, "journal"), color);
	put_pins(out, member(status, "pins"), color);
	put_key(out, "mqtt");
	fprintf(out, "%s\n",
		member_text(member(status, "mqtt"), "url", url, sizeof(url)) ? url : "off");
	put_publisher(out, member(status, "publisher"), color);
	fputc('\n', out);
	coverage_print(out, member(status, "coverage"), color);
	fputc('\n', out);
	put_counters(out, member(status, "counters"), color);
}
