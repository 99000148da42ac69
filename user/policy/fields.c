// SPDX-License-Identifier: Apache-2.0
/*
 * The walk over a mapping and the readers of single values. A table of fields says which keys there
 * are and where each goes, so that what the parser accepts can be read off the tables, and so can a
 * schema. An author's mistake never ends the walk: one run shows them all, up to the limit.
 *
 * Text goes into fixed buffers whose rest is zeroed: two policies that say the same are the same
 * bytes.
 */
#include "policy/fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy/json_schema.h"
#include "policy/meant.h"
#include "policy/show.h"
#include "policy/values.h"

enum {
	WORDS_MAX = 32
};

const struct choice severity_choices[] = {
	{ "low", SEVERITY_LOW },
	{ "medium", SEVERITY_MEDIUM },
	{ "high", SEVERITY_HIGH },
	{ "critical", SEVERITY_CRITICAL },
	{ NULL, 0 },
};

const struct choice action_choices[] = {
	{ "allow", ACTION_ALLOW },
	{ "alert", ACTION_ALERT },
	{ "deny", ACTION_DENY },
	{ NULL, 0 },
};

_Static_assert(sizeof(enum severity) == sizeof(unsigned), "read_choice() writes an unsigned");
_Static_assert(sizeof(enum policy_action) == sizeof(unsigned), "read_choice() writes an unsigned");

void reader_error(struct reader *reader, const struct node *node, const char *format, ...)
{
	struct place place = { reader->file, node->line, node->column };
	va_list args;

	va_start(args, format);
	errors_add(reader->errors, place, format, args);
	va_end(args);
}

void reader_error_at(struct reader *reader, struct place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	errors_add(reader->errors, place, format, args);
	va_end(args);
}

bool reader_expect(struct reader *reader, const struct node *node, enum node_kind kind,
		   const char *form)
{
	if (node->kind == kind)
		return true;
	if (node->key)
		reader_error(reader, node, "%s must be %s, not %s", quoted(node->key->text).text,
			     form, node_kind_name(node));
	else
		reader_error(reader, node, "expected %s, not %s", form, node_kind_name(node));
	return false;
}

bool reader_repeated(struct reader *reader, const struct node *map, const struct node *value)
{
	const struct node *first = node_find(map, value->key->text);

	if (first == value)
		return false;
	reader_error(reader, value->key, "%s stands twice, first in line %u",
		     quoted(value->key->text).text, first->key->line);
	return true;
}

static const struct field *field_find(const struct field *fields, const char *key)
{
	for (; fields->key; fields++)
		if (!strcmp(fields->key, key))
			return fields;
	return NULL;
}

/* The section that has such a key, where there is one and only one. */
static const char *section_of(const struct field *top, const char *key)
{
	const char *section = NULL;

	for (; top && top->key; top++) {
		if (!top->fields || !field_find(top->fields, key))
			continue;
		if (section)
			return NULL;
		section = top->key;
	}
	return section;
}

static void unknown_key(struct reader *reader, const struct field *fields, const struct node *key)
{
	const char *words[WORDS_MAX + 1], *section = section_of(reader->top, key->text);
	struct phrase meant;
	size_t n = 0;

	for (; fields->key && n < WORDS_MAX; fields++)
		words[n++] = fields->key;
	words[n] = NULL;
	meant = hint(key->text, words);
	if (!*meant.text && section)
		reader_error(reader, key, "unknown key %s here, it belongs under \"%s\"",
			     quoted(key->text).text, section);
	else if (!*meant.text && reader->top && field_find(reader->top, key->text))
		reader_error(reader, key, "unknown key %s here, it belongs to the top level",
			     quoted(key->text).text);
	else
		reader_error(reader, key, "unknown key %s%s", quoted(key->text).text, meant.text);
}

/* Reads one value; what is good and goes into the policy itself is remembered with its place. */
static int field_read(struct reader *reader, const struct field *field, const struct node *value,
		      void *base)
{
	size_t before = errors_count(reader->errors), at = strlen(reader->path);
	int err;

	snprintf(reader->path + at, sizeof(reader->path) - at, "%s%s", at ? "." : "", field->key);
	err = field->type->read(reader, field, value, base);
	if (!err && base == reader->policy && errors_count(reader->errors) == before)
		err = reader_origin(reader, reader->path, value);
	reader->path[at] = '\0';
	return err;
}

int reader_origin(struct reader *reader, const char *key, const struct node *node)
{
	if (!reader->origins)
		return 0;
	return origins_put(reader->origins, key,
			   (struct place){ reader->file, node->line, node->column });
}

int fields_read(struct reader *reader, const struct field *fields, const struct node *map,
		void *base)
{
	if (!reader_expect(reader, map, NODE_MAP, "a mapping (key: value)"))
		return 0;
	for (const struct node *value = map->first; value; value = value->next) {
		const struct field *field = field_find(fields, value->key->text);
		int err;

		if (reader_repeated(reader, map, value))
			continue;
		if (!field) {
			unknown_key(reader, fields, value->key);
			continue;
		}
		err = field_read(reader, field, value, base);
		if (err < 0)
			return err;
	}
	return 0;
}

int read_mapping(struct reader *reader, const struct field *field, const struct node *value,
		 void *base)
{
	return fields_read(reader, field->fields, value, base);
}

static int read_text(struct reader *reader, const struct field *field, const struct node *value,
		     void *base)
{
	char *buffer = (char *)base + field->offset;
	size_t n = strlen(value->text);
	const char *form;

	if (!reader_expect(reader, value, NODE_SCALAR, "a single value"))
		return 0;
	form = field->form->check(value->text);
	if (form) {
		reader_error(reader, value, "%s is not %s", quoted(value->text).text, form);
		return 0;
	}
	if (n >= field->size) {
		reader_error(reader, value, "%s is longer than %zu bytes", quoted(field->key).text,
			     field->size - 1);
		return 0;
	}
	memset(buffer, 0, field->size);
	memcpy(buffer, value->text, n);
	return 0;
}

/* "low, medium, high, critical" */
static struct phrase listed(const char *before, const struct choice *choices)
{
	struct phrase phrase = { "" };
	size_t at = (size_t)snprintf(phrase.text, sizeof(phrase.text), "%s", before);

	for (const struct choice *c = choices; c->name && at < sizeof(phrase.text); c++)
		at += (size_t)snprintf(phrase.text + at, sizeof(phrase.text) - at, "%s%s",
				       c == choices ? "" : ", ", c->name);
	return phrase;
}

int choice_read(struct reader *reader, const struct choice *choices, const struct node *value,
		unsigned *ret_value)
{
	const char *words[WORDS_MAX + 1];
	size_t n = 0;

	if (!reader_expect(reader, value, NODE_SCALAR, listed("one of ", choices).text))
		return -EINVAL;
	for (const struct choice *c = choices; c->name && n < WORDS_MAX; c++) {
		if (!strcmp(c->name, value->text)) {
			*ret_value = c->value;
			return 0;
		}
		words[n++] = c->name;
	}
	words[n] = NULL;
	reader_error(reader, value, "%s is none of %s%s", quoted(value->text).text,
		     listed("", choices).text, hint(value->text, words).text);
	return -EINVAL;
}

static int read_choice(struct reader *reader, const struct field *field, const struct node *value,
		       void *base)
{
	unsigned chosen;

	if (!choice_read(reader, field->choices, value, &chosen))
		memcpy((char *)base + field->offset, &chosen, sizeof(chosen));
	return 0;
}

static void number_unlike(struct reader *reader, const struct node *value, const char *form,
			  struct phrase meant)
{
	reader_error(reader, value, "%s is not %s%s", quoted(value->text).text, form, meant.text);
}

static void number_beyond(struct reader *reader, const struct node *value, const char *range)
{
	reader_error(reader, value, "%s is out of range (%s)", quoted(value->text).text, range);
}

static int read_duration(struct reader *reader, const struct field *field, const struct node *value,
			 void *base)
{
	const char *form = field->none ? "a duration (30s, 5m, 1h, 1d) or none" :
					 "a duration (30s, 5m, 1h, 1d)";
	const uint64_t second = 1000000000;
	uint64_t ns = 0;
	char range[64];
	int err;

	if (!reader_expect(reader, value, NODE_SCALAR, form))
		return 0;
	if (!field->none || strcmp(value->text, "none") != 0) {
		err = duration_parse(value->text, &ns);
		if (!err && (ns < field->min || ns > field->max))
			err = -ERANGE;
		if (err < 0) {
			snprintf(range, sizeof(range), "%" PRIu64 "s to %" PRIu64 "s",
				 field->min / second, field->max / second);
			if (err == -EINVAL)
				number_unlike(reader, value, form, meant_duration(value->text));
			else
				number_beyond(reader, value, range);
			return 0;
		}
	}
	memcpy((char *)base + field->offset, &ns, sizeof(ns));
	return 0;
}

static int read_size(struct reader *reader, const struct field *field, const struct node *value,
		     void *base)
{
	static const char *const form = "a size (64KiB, 16MiB, 1GiB)";
	uint64_t bytes = 0;
	char range[64];
	int err;

	if (!reader_expect(reader, value, NODE_SCALAR, form))
		return 0;
	err = size_parse(value->text, &bytes);
	if (!err && (bytes < field->min || bytes > field->max))
		err = -ERANGE;
	if (err < 0) {
		snprintf(range, sizeof(range), "%" PRIu64 "KiB to %" PRIu64 "KiB", field->min >> 10,
			 field->max >> 10);
		if (err == -EINVAL)
			number_unlike(reader, value, form, meant_size(value->text));
		else
			number_beyond(reader, value, range);
		return 0;
	}
	memcpy((char *)base + field->offset, &bytes, sizeof(bytes));
	return 0;
}

const struct field_type mapping_type = {
	.read = read_mapping,
	.show = show_mapping,
	.schema = schema_mapping,
};

const struct field_type text_type = {
	.read = read_text,
	.put = put_text,
	.schema = schema_text,
};

const struct field_type choice_type = {
	.read = read_choice,
	.put = put_choice,
	.schema = schema_choice,
};

const struct field_type duration_type = {
	.read = read_duration,
	.put = put_duration,
	.schema = schema_duration,
};

const struct field_type size_type = {
	.read = read_size,
	.put = put_size,
	.schema = schema_size,
};
