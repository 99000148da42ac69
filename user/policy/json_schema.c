// SPDX-License-Identifier: Apache-2.0
/*
 * The schema is read off the tables that the parser reads by, so it can't fall behind them; a test
 * holds it against the corpora of good and bad files. It says what a value looks like. What needs
 * two values at once (ranges in order, a rule that stands twice or never matches), numbers with
 * units within limits, and YAML's own matters (anchors, tags, keys that stand twice) are for
 * `evmon check`.
 *
 * An editor sees `8849` as a number and `0403` as one or as text, where the parser only sees text:
 * where both are good, both are said.
 */
#include "policy/json_schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/capability.h"
#include "policy/bind.h"
#include "policy/lists.h"
#include "policy/schema.h"

#define DRAFT	      "https://json-schema.org/draft/2020-12/schema"
#define RANGE_PATTERN "^(any|" PORT_PATTERN "(-" PORT_PATTERN ")?)$"

enum {
	CAPABILITY_PATTERN_MAX = 128
};

static void type(struct json *j, const char *name)
{
	json_plain(j, "type", name);
}

static void types(struct json *j, const char *a, const char *b)
{
	json_array(j, "type");
	json_plain(j, NULL, a);
	json_plain(j, NULL, b);
	json_close_array(j);
}

static void required(struct json *j, const char *key)
{
	json_array(j, "required");
	json_plain(j, NULL, key);
	json_close_array(j);
}

static void properties(struct json *j, const struct field *fields)
{
	type(j, "object");
	json_object(j, "properties");
	for (; fields->key; fields++) {
		json_object(j, fields->key);
		fields->type->schema(j, fields);
		json_close_object(j);
	}
	json_close_object(j);
	json_bool(j, "additionalProperties", false);
}

void schema_mapping(struct json *j, const struct field *field)
{
	properties(j, field->fields);
}

/* `key: ` is nothing to an editor and empty text to the parser. */
static void form(struct json *j, const struct form *look)
{
	if (look->may_be_number)
		types(j, "string", "number");
	else if (!look->check(""))
		types(j, "string", "null");
	else
		type(j, "string");
	json_plain(j, "pattern", look->pattern);
}

void schema_text(struct json *j, const struct field *field)
{
	form(j, field->form);
	json_uint(j, "maxLength", field->size - 1);
}

static void choices(struct json *j, const struct choice *choice)
{
	json_array(j, "enum");
	for (; choice->name; choice++)
		json_plain(j, NULL, choice->name);
	json_close_array(j);
}

void schema_choice(struct json *j, const struct field *field)
{
	choices(j, field->choices);
}

void schema_duration(struct json *j, const struct field *field)
{
	type(j, "string");
	json_plain(j, "pattern",
		   field->none ? "^((0|[1-9][0-9]*)[smhd]|none)$" : "^(0|[1-9][0-9]*)[smhd]$");
}

void schema_size(struct json *j, const struct field *field)
{
	(void)field;
	type(j, "string");
	json_plain(j, "pattern", "^(0|[1-9][0-9]*)[KMG]iB$");
}

/* All an item needs is a name and a port; switched off, a name. */
void schema_bind(struct json *j, const struct field *field)
{
	(void)field;
	type(j, "array");
	json_object(j, "items");
	properties(j, bind_fields);
	required(j, "rule");
	json_array(j, "anyOf");
	json_object(j, NULL);
	required(j, "port");
	json_close_object(j);
	json_object(j, NULL);
	json_object(j, "properties");
	json_object(j, "action");
	json_plain(j, "const", "off");
	json_close_object(j);
	json_close_object(j);
	required(j, "action");
	json_close_object(j);
	json_close_array(j);
	json_close_object(j);
}

void schema_rule_name(struct json *j, const struct field *field)
{
	const char *known[EVMON_RULE_CLOSED + 1];

	(void)field;
	bind_known_rules(known);
	json_array(j, "anyOf");
	json_object(j, NULL);
	json_array(j, "enum");
	for (size_t i = 0; known[i]; i++)
		json_plain(j, NULL, known[i]);
	json_close_array(j);
	json_close_object(j);
	json_object(j, NULL);
	type(j, "string");
	json_plain(j, "pattern", "^bind\\.[a-z][a-z0-9]*(-[a-z0-9]+)*$");
	json_uint(j, "maxLength", POLICY_NAME_MAX - 1);
	json_close_object(j);
	json_close_array(j);
}

/* One port or range: as a number, or as text that may be `any` where it stands alone. */
static void port(struct json *j, const char *pattern)
{
	json_object(j, NULL);
	type(j, "integer");
	json_uint(j, "minimum", 1);
	json_uint(j, "maximum", UINT16_MAX);
	json_close_object(j);
	json_object(j, NULL);
	type(j, "string");
	json_plain(j, "pattern", pattern);
	json_close_object(j);
}

void schema_ports(struct json *j, const struct field *field)
{
	(void)field;
	json_array(j, "anyOf");
	port(j, RANGE_PATTERN);
	json_object(j, NULL);
	type(j, "array");
	json_uint(j, "minItems", 1);
	json_uint(j, "maxItems", POLICY_PORT_RANGES);
	json_object(j, "items");
	json_array(j, "anyOf");
	port(j, "^" PORT_PATTERN "(-" PORT_PATTERN ")?$");
	json_close_array(j);
	json_close_object(j);
	json_close_object(j);
	json_close_array(j);
}

void schema_scopes(struct json *j, const struct field *field)
{
	json_array(j, "anyOf");
	json_object(j, NULL);
	choices(j, field->choices);
	json_close_object(j);
	json_object(j, NULL);
	type(j, "array");
	json_uint(j, "minItems", 1);
	json_object(j, "items");
	choices(j, field->choices);
	json_close_object(j);
	json_close_object(j);
	json_close_array(j);
}

void schema_capabilities(struct json *j, const struct field *field)
{
	(void)field;
	type(j, "array");
	json_object(j, "items");
	json_plain(j, "$ref", "#/$defs/capability");
	json_close_object(j);
}

void schema_modules(struct json *j, const struct field *field)
{
	(void)field;
	type(j, "object");
	json_object(j, "patternProperties");
	json_object(j, "^(" MODULE_NAME_PATTERN ":)?" MODULE_NAME_PATTERN "$");
	schema_capabilities(j, NULL);
	json_close_object(j);
	json_close_object(j);
	json_bool(j, "additionalProperties", false);
	json_uint(j, "maxProperties", POLICY_MODULES);
}

void schema_texts(struct json *j, const struct field *field)
{
	type(j, "array");
	json_uint(j, "maxItems", POLICY_ALLOWED);
	json_object(j, "items");
	form(j, field->form);
	json_close_object(j);
}

void schema_usb_allow(struct json *j, const struct field *field)
{
	(void)field;
	type(j, "array");
	json_uint(j, "maxItems", POLICY_ALLOWED);
	json_object(j, "items");
	properties(j, usb_fields);
	json_uint(j, "minProperties", 1);
	json_object(j, "dependentRequired");
	json_array(j, "product");
	json_plain(j, NULL, "vendor");
	json_close_array(j);
	json_close_object(j);
	json_close_object(j);
}

/* "^[Cc][Aa][Pp]_[Nn]...$": the case of its letters does not matter. */
static void any_case(const char *name, char pattern[CAPABILITY_PATTERN_MAX])
{
	size_t at = 1;

	pattern[0] = '^';
	for (; *name && at + 6 < CAPABILITY_PATTERN_MAX; name++)
		at += (size_t)(isalpha((unsigned char)*name) ?
				       snprintf(pattern + at, CAPABILITY_PATTERN_MAX - at, "[%c%c]",
						toupper((unsigned char)*name),
						tolower((unsigned char)*name)) :
				       snprintf(pattern + at, CAPABILITY_PATTERN_MAX - at, "%c",
						*name));
	snprintf(pattern + at, CAPABILITY_PATTERN_MAX - at, "$");
}

/* The names first, since those are what an editor offers. */
static void capability(struct json *j)
{
	char pattern[CAPABILITY_PATTERN_MAX];

	json_object(j, "capability");
	json_array(j, "anyOf");
	json_object(j, NULL);
	json_array(j, "enum");
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		json_plain(j, NULL, capability_name(i));
	json_close_array(j);
	json_close_object(j);
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		any_case(capability_name(i), pattern);
		json_object(j, NULL);
		type(j, "string");
		json_plain(j, "pattern", pattern);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

int policy_json_schema(char *buffer, size_t size)
{
	struct json j;

	json_begin(&j, buffer, size);
	json_object(&j, NULL);
	json_plain(&j, "$schema", DRAFT);
	json_plain(&j, "title", "evmon.policy/1");
	json_plain(&j, "description", "A policy file of evmon, version 1; see docs/policy.md.");
	properties(&j, policy_fields);
	required(&j, "version");
	json_object(&j, "$defs");
	capability(&j);
	json_close_object(&j);
	json_close_object(&j);
	return json_end(&j);
}
