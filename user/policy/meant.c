// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers as other formats write them: hexadecimal, with a sign, with leading zeros, with `_` or
 * spaces between, with units of another spelling or with none, ranges the wrong way round. Guesses
 * that are wrong cost more than none, so fractions and base 60 are left alone; leading zeros are
 * taken for nothing, not for octal.
 */
#include "policy/meant.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/scalars.h"

enum {
	PLAIN_MAX = 40
};

struct spelling {
	const char *theirs, *ours;
};

static const struct spelling durations[] = {
	{ "", "s" },	    { "s", "s" }, { "sec", "s" }, { "secs", "s" }, { "second", "s" },
	{ "seconds", "s" }, { "m", "m" }, { "min", "m" }, { "mins", "m" }, { "minute", "m" },
	{ "minutes", "m" }, { "h", "h" }, { "hr", "h" },  { "hrs", "h" },  { "hour", "h" },
	{ "hours", "h" },   { "d", "d" }, { "day", "d" }, { "days", "d" }, { NULL, NULL },
};

static const struct spelling sizes[] = {
	{ "k", "KiB" },	  { "kb", "KiB" },  { "kib", "KiB" }, { "ki", "KiB" }, { "m", "MiB" },
	{ "mb", "MiB" },  { "mib", "MiB" }, { "mi", "MiB" },  { "g", "GiB" },  { "gb", "GiB" },
	{ "gib", "GiB" }, { "gi", "GiB" },  { NULL, NULL },
};

static const struct spelling none[] = { { "", "" }, { NULL, NULL } };

static struct phrase proposal(const char *text)
{
	struct phrase phrase;

	snprintf(phrase.text, sizeof(phrase.text), ", did you mean \"%.*s\"?", PLAIN_MAX, text);
	return phrase;
}

/* Without spaces, `_` and a leading `+`; false where it is long. */
static bool squeeze(const char *text, char plain[PLAIN_MAX])
{
	size_t n = 0;

	text += *text == '+';
	for (; *text; text++) {
		if (*text == ' ' || *text == '_')
			continue;
		if (n + 1 == PLAIN_MAX)
			return false;
		plain[n++] = *text;
	}
	plain[n] = '\0';
	return true;
}

/* Decimal, whatever it was. */
static bool digits_read(const char **at, uint64_t *ret_number)
{
	bool hex = !strncasecmp(*at, "0x", 2);
	const char *start = *at + (hex ? 2 : 0);
	const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
	size_t n = strspn(start, digits);

	if (!n || n > 15)
		return false;
	*ret_number = strtoull(start, NULL, hex ? 16 : 10);
	*at = start + n;
	return true;
}

static struct phrase meant(const char *text, const struct spelling *units)
{
	char plain[PLAIN_MAX], right[2 * PLAIN_MAX];
	const char *at = plain;
	uint64_t number;

	if (!squeeze(text, plain) || !digits_read(&at, &number))
		return (struct phrase){ "" };
	for (; units->theirs; units++) {
		if (strcasecmp(at, units->theirs) != 0)
			continue;
		snprintf(right, sizeof(right), "%" PRIu64 "%s", number, units->ours);
		return strcmp(right, text) ? proposal(right) : (struct phrase){ "" };
	}
	return (struct phrase){ "" };
}

struct phrase meant_duration(const char *text)
{
	return meant(text, durations);
}

/* Bytes are no unit of ours, but a round number of them is one that is. */
struct phrase meant_size(const char *text)
{
	char plain[PLAIN_MAX], right[PLAIN_MAX];
	const char *at = plain;
	uint64_t bytes;

	if (!squeeze(text, plain) || !digits_read(&at, &bytes) ||
	    (*at && strcasecmp(at, "b") != 0) || !bytes || bytes % 1024)
		return meant(text, sizes);
	if (bytes % (1 << 20))
		snprintf(right, sizeof(right), "%" PRIu64 "KiB", bytes >> 10);
	else
		snprintf(right, sizeof(right), "%" PRIu64 "MiB", bytes >> 20);
	return proposal(right);
}

/* "90-80" and "80 - 90" besides. */
struct phrase meant_port(const char *text)
{
	char plain[PLAIN_MAX], right[2 * PLAIN_MAX];
	const char *at = plain;
	uint64_t first, last;

	if (!squeeze(text, plain) || !digits_read(&at, &first))
		return (struct phrase){ "" };
	if (!*at)
		return first && first <= UINT16_MAX ? meant(text, none) : (struct phrase){ "" };
	at += strspn(at, "-:.");
	if (at == plain || !digits_read(&at, &last) || *at)
		return (struct phrase){ "" };
	snprintf(right, sizeof(right), "%" PRIu64 "-%" PRIu64, MIN(first, last), MAX(first, last));
	if (!MIN(first, last) || MAX(first, last) > UINT16_MAX || !strcmp(right, text))
		return (struct phrase){ "" };
	return proposal(right);
}
