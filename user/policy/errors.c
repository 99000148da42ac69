// SPDX-License-Identifier: Apache-2.0
/*
 * A mistake is told with its place, and where a known word is near with that word. What a file says
 * is shown escaped: the message may land on a terminal, and the file may have come by mail. Words
 * beyond 40 bytes are not compared: nobody mistypes those, and the work stays bounded.
 */
#include "policy/errors.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

enum {
	WORD_MAX = 40
};

/* The end of a long path says more than its beginning. */
static void file_set(struct policy_error *error, const char *file)
{
	size_t n = strlen(file);
	size_t room = sizeof(error->file) - 1;

	if (n <= room)
		snprintf(error->file, sizeof(error->file), "%s", file);
	else
		snprintf(error->file, sizeof(error->file), "...%s", file + n - room + 3);
}

static void place_set(struct policy_error *error, struct place place)
{
	file_set(error, place.file);
	error->line = place.line;
	error->column = place.column;
}

void error_set(struct policy_error *error, struct place place, const char *format, ...)
{
	va_list args;

	place_set(error, place);
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
}

void errors_add(struct policy_errors *errors, struct place place, const char *format, va_list args)
{
	struct policy_error *error;

	if (errors->n == POLICY_ERRORS_MAX) {
		errors->more++;
		return;
	}
	error = &errors->at[errors->n++];
	place_set(error, place);
	vsnprintf(error->text, sizeof(error->text), format, args);
}

size_t errors_count(const struct policy_errors *errors)
{
	return errors->n + errors->more;
}

struct phrase bare(const char *bytes)
{
	struct phrase phrase;
	bool truncated = false;
	char shown[64];

	escape_text(shown, sizeof(shown), bytes, ESCAPE_TERMINAL, &truncated);
	snprintf(phrase.text, sizeof(phrase.text), "%s%s", shown, truncated ? "..." : "");
	return phrase;
}

struct phrase quoted(const char *bytes)
{
	struct phrase phrase;

	snprintf(phrase.text, sizeof(phrase.text), "\"%.110s\"", bare(bytes).text);
	return phrase;
}

static size_t least(size_t a, size_t b, size_t c)
{
	return MIN(MIN(a, b), c);
}

/* Optimal string alignment over three rows. */
size_t word_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *older = rows[0], *old = rows[1], *row = rows[2];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		old[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *spare = older;

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			row[j] = least(old[j] + 1, row[j - 1] + 1, old[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				row[j] = MIN(row[j], older[j - 2] + 1);
		}
		older = old;
		old = row;
		row = spare;
	}
	return old[nb];
}

/* A part too few or too many is as common as a slip: NET_RAW for CAP_NET_RAW, mptcp for tcp. */
static bool is_part(const char *word, const char *of)
{
	return (strlen(word) >= 3 && strcasestr(of, word)) ||
	       (strlen(of) >= 3 && strcasestr(word, of));
}

/* Words that others use for ours: firewalls, audit rules, other parsers of YAML. */
static const struct {
	const char *theirs, *ours;
} synonyms[] = {
	{ "block", "deny" },
	{ "drop", "deny" },
	{ "reject", "deny" },
	{ "refuse", "deny" },
	{ "forbid", "deny" },
	{ "enforce", "deny" },
	{ "kill", "deny" },
	{ "permit", "allow" },
	{ "accept", "allow" },
	{ "pass", "allow" },
	{ "ignore", "allow" },
	{ "off", "allow" },
	{ "warn", "alert" },
	{ "log", "alert" },
	{ "report", "alert" },
	{ "audit", "alert" },
	{ "monitor", "alert" },
	{ "no", "off" },
	{ "false", "off" },
	{ "disabled", "off" },
	{ "remove", "off" },
	{ "delete", "off" },
	{ "localhost", "loopback" },
	{ "127.0.0.1", "loopback" },
	{ "lan", "interface" },
	{ "address", "interface" },
	{ "0.0.0.0", "any" },
	{ "::", "any" },
	{ "*", "any" },
	{ "all", "any" },
	{ "wildcard", "any" },
	{ "mosquitto", "broker" },
	{ "mqtt", "broker" },
	{ "modules", "everest" },
	{ "manager", "everest" },
	{ "system", "host" },
	{ "info", "low" },
	{ "warning", "medium" },
	{ "moderate", "medium" },
	{ "error", "high" },
	{ "severe", "critical" },
	{ "emergency", "critical" },
	{ "severity_level", "severity" },
	{ "level", "severity" },
	{ "protocol", "proto" },
	{ "name", "rule" },
	{ "caps", "capabilities" },
};

static const char *synonym(const char *word, const char *const *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(synonyms); i++) {
		if (strcasecmp(synonyms[i].theirs, word) != 0)
			continue;
		for (size_t k = 0; words[k]; k++)
			if (!strcmp(words[k], synonyms[i].ours))
				return words[k];
	}
	return NULL;
}

struct phrase hint(const char *word, const char *const *words)
{
	size_t limit = MAX(strlen(word) / 3, 1), best = WORD_MAX;
	struct phrase phrase = { "" };
	const char *nearest = synonym(word, words);
	bool synonym_found = nearest;

	for (; !synonym_found && *words; words++) {
		size_t distance = word_distance(word, *words);

		if (distance > limit)
			distance = is_part(word, *words) ? limit + 1 : WORD_MAX;
		if (distance < best) {
			best = distance;
			nearest = *words;
		}
	}
	if (nearest)
		snprintf(phrase.text, sizeof(phrase.text), ", did you mean \"%s\"?", nearest);
	return phrase;
}
