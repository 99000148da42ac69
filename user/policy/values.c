// SPDX-License-Identifier: Apache-2.0
/*
 * Writing is the way back of the readers beside: what is written here gives the same policy when it
 * is read. So text goes in quotation marks unless it is a word or a path that no reader of YAML
 * takes for a number, a boolean or nothing; beyond ASCII it is written in numbers, which harms no
 * terminal and passes libyaml whatever the character.
 */
#include "policy/values.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/capability.h"

struct unit_name {
	const char *name;
	uint64_t factor;
};

static bool is_plain(const char *text)
{
	static const char *const taken[] = { "true", "false", "yes",  "no", "on",
					     "off",  "null",  "none", "y",  "n" };

	if (!isalpha((unsigned char)*text) && *text != '/')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		if (!strcasecmp(text, taken[i]))
			return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("_./@-", *text))
			return false;
	return true;
}

/* One character of UTF-8, which is well-formed: libyaml has decoded it. The bytes taken. */
static size_t put_character(FILE *out, const unsigned char *at)
{
	size_t n = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? *at : *at & (0x7fu >> n);

	for (size_t i = 1; i < n; i++)
		code = code << 6 | (at[i] & 0x3f);
	if (code == '"' || code == '\\')
		fprintf(out, "\\%c", (int)code);
	else if (code >= 0x20 && code < 0x7f)
		fputc((int)code, out);
	else
		fprintf(out, code > 0xffff ? "\\U%08" PRIX32 : "\\u%04" PRIX32, code);
	return n;
}

void yaml_text(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	if (is_plain(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	while (*at)
		at += put_character(out, at);
	fputc('"', out);
}

const char *choice_name(const struct choice *choices, unsigned value)
{
	for (; choices->name; choices++)
		if (choices->value == value)
			return choices->name;
	return "?";
}

void put_text(FILE *out, const struct field *field, const void *base)
{
	yaml_text(out, (const char *)base + field->offset);
}

void put_choice(FILE *out, const struct field *field, const void *base)
{
	unsigned value;

	memcpy(&value, (const char *)base + field->offset, sizeof(value));
	fputs(choice_name(field->choices, value), out);
}

static uint64_t number_at(const struct field *field, const void *base)
{
	uint64_t number;

	memcpy(&number, (const char *)base + field->offset, sizeof(number));
	return number;
}

/* In the largest unit that leaves nothing over; the table ends with the smallest. */
static void put_scaled(FILE *out, uint64_t number, const struct unit_name *units)
{
	while (number % units->factor)
		units++;
	fprintf(out, "%" PRIu64 "%s", number / units->factor, units->name);
}

void put_duration(FILE *out, const struct field *field, const void *base)
{
	static const struct unit_name units[] = {
		{ "d", 86400 * 1000000000ull },
		{ "h", 3600 * 1000000000ull },
		{ "m", 60 * 1000000000ull },
		{ "s", 1000000000ull },
		{ "ns", 1 },
	};
	uint64_t ns = number_at(field, base);

	if (!ns)
		fputs(field->none ? "none" : "0s", out);
	else
		put_scaled(out, ns, units);
}

void put_size(FILE *out, const struct field *field, const void *base)
{
	static const struct unit_name units[] = { { "GiB", 1ull << 30 },
						  { "MiB", 1ull << 20 },
						  { "KiB", 1ull << 10 },
						  { "B", 1 } };

	put_scaled(out, number_at(field, base), units);
}

void put_capabilities(FILE *out, const struct field *field, const void *base)
{
	uint64_t mask = number_at(field, base);
	const char *before = "";

	fputc('[', out);
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if (!(mask >> i & 1))
			continue;
		fprintf(out, "%s%s", before, capability_name(i));
		before = ", ";
	}
	fputc(']', out);
}

void put_texts(FILE *out, const struct field *field, const void *base)
{
	char *const *texts = *(char *const *const *)((const char *)base + field->offset);
	const char *before = "";

	fputc('[', out);
	for (; texts && *texts; texts++) {
		fputs(before, out);
		yaml_text(out, *texts);
		before = ", ";
	}
	fputc(']', out);
}
