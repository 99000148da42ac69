// SPDX-License-Identifier: Apache-2.0
/*
 * What an item of `bind:` may say; bind_merge.c knows where it goes.
 *
 * A vendor's own rule needs no declaration. That a slip in a known name does not pass for one, such
 * a name may not be a single edit away from a known one; and only what is there can be switched
 * off.
 */
#include "policy/bind.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/bind_merge.h"
#include "policy/json_schema.h"
#include "policy/meant.h"
#include "policy/scalars.h"
#include "policy/show.h"
#include "policy/values.h"

enum {
	ACTION_OFF = ACTION_DENY + 1,
	SEVERITY_UNSAID = SEVERITY_MAX,
};

/* An item as it is written, before it has found its place. */
struct draft {
	struct bind_rule item;
	unsigned severity; /* or SEVERITY_UNSAID */
	unsigned action;   /* enum policy_action, or ACTION_OFF */
};

static const struct choice subjects[] = {
	{ "any", SUBJECTS_ALL },
	{ "everest", 1u << EVMON_SUBJECT_EVEREST },
	{ "broker", 1u << EVMON_SUBJECT_BROKER },
	{ "host", 1u << EVMON_SUBJECT_HOST },
	{ NULL, 0 },
};

static const struct choice protos[] = {
	{ "tcp", PROTOS_TCP }, { "udp", PROTOS_UDP }, { "sctp", PROTOS_SCTP },
	{ "any", PROTOS_ALL }, { NULL, 0 },
};

/* `any` is the wildcard address here; all scopes are what a missing `scope` means. */
static const struct choice scopes[] = {
	{ "loopback", 1u << EVMON_SCOPE_LOOPBACK },
	{ "interface", 1u << EVMON_SCOPE_INTERFACE },
	{ "any", 1u << EVMON_SCOPE_ANY },
	{ NULL, 0 },
};

static const struct choice actions[] = {
	{ "alert", ACTION_ALERT },
	{ "deny", ACTION_DENY },
	{ "allow", ACTION_ALLOW },
	{ "off", ACTION_OFF },
	{ NULL, 0 },
};

static bool is_vendor_name(const char *name)
{
	const char *at = name + strlen("bind.");

	if (strncmp(name, "bind.", strlen("bind.")) != 0 || strlen(name) >= POLICY_NAME_MAX)
		return false;
	if (*at < 'a' || *at > 'z')
		return false;
	for (; *at; at++) {
		bool word = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9');

		if (!word && (*at != '-' || at[1] == '-' || !at[1]))
			return false;
	}
	return true;
}

void bind_known_rules(const char *names[EVMON_RULE_CLOSED + 1])
{
	size_t n = 0;

	for (int i = 0; i < EVMON_RULE_CLOSED; i++) {
		const struct rule *rule = rule_get((enum evmon_rule)i);

		if (rule && rule->sensor == EVMON_SENSOR_BIND)
			names[n++] = rule->name;
	}
	names[n] = NULL;
}

/* The known rule that is one slip away. */
static const char *known_alike(const char *name)
{
	const char *known[EVMON_RULE_CLOSED + 1];

	bind_known_rules(known);
	for (size_t i = 0; known[i]; i++)
		if (word_distance(name, known[i]) < 2)
			return known[i];
	return NULL;
}

bool bind_is_vendor_rule(const char *name)
{
	return is_vendor_name(name) && !known_alike(name);
}

static bool rule_name_good(struct reader *reader, const struct node *value)
{
	const char *known[EVMON_RULE_CLOSED + 1], *like;
	int rule = rule_from_name(value->text);

	bind_known_rules(known);
	if (rule >= 0 && rule_get((enum evmon_rule)rule)->sensor == EVMON_SENSOR_BIND)
		return true;
	if (rule >= 0 || !is_vendor_name(value->text)) {
		reader_error(reader, value, "%s is no rule of bind (bind.lower-case-words)%s",
			     quoted(value->text).text, hint(value->text, known).text);
		return false;
	}
	like = known_alike(value->text);
	if (like)
		reader_error(reader, value, "%s is too like a known rule, did you mean \"%s\"?",
			     quoted(value->text).text, like);
	return !like;
}

static int read_rule_name(struct reader *reader, const struct field *field,
			  const struct node *value, void *base)
{
	if (!reader_expect(reader, value, NODE_SCALAR, "a rule's name") ||
	    !rule_name_good(reader, value))
		return 0;
	memcpy((char *)base + field->offset, value->text, strlen(value->text) + 1);
	return 0;
}

static int by_port(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;

	return x->first != y->first ? x->first - y->first : x->last - y->last;
}

/* In order and joined where they touch: [1883, 1884] is 1883-1884. */
static void ranges_join(struct bind_rule *item)
{
	size_t n = 0;

	qsort(item->ports, item->n_ports, sizeof(*item->ports), by_port);
	for (size_t i = 0; i < item->n_ports; i++) {
		struct port_range range = item->ports[i];

		if (n && range.first <= item->ports[n - 1].last + 1)
			item->ports[n - 1].last = MAX(item->ports[n - 1].last, range.last);
		else
			item->ports[n++] = range;
	}
	memset(item->ports + n, 0, (item->n_ports - n) * sizeof(*item->ports));
	item->n_ports = n;
}

static void port_add(struct reader *reader, struct bind_rule *item, const struct node *value)
{
	struct port_range range;
	int err;

	if (!reader_expect(reader, value, NODE_SCALAR, "a port"))
		return;
	err = port_range_parse(value->text, &range);
	if (err == -EINVAL)
		reader_error(reader, value, "%s is not a port (N, [N, ...], N-M or any)%s",
			     quoted(value->text).text, meant_port(value->text).text);
	else if (err < 0)
		reader_error(reader, value,
			     "%s is an impossible port (1 to 65535, lower one first)%s",
			     quoted(value->text).text, meant_port(value->text).text);
	else if (item->n_ports == POLICY_PORT_RANGES)
		reader_error(reader, value, "too many ports in one item (the limit is %d)",
			     POLICY_PORT_RANGES);
	else
		item->ports[item->n_ports++] = range;
}

static int read_ports(struct reader *reader, const struct field *field, const struct node *value,
		      void *base)
{
	struct bind_rule *item = &((struct draft *)base)->item;

	(void)field;
	item->n_ports = 0;
	if (value->kind == NODE_SCALAR && !strcmp(value->text, "any")) {
		item->ports[item->n_ports++] = (struct port_range){ 1, UINT16_MAX };
		return 0;
	}
	if (value->kind == NODE_SCALAR)
		port_add(reader, item, value);
	else if (!reader_expect(reader, value, NODE_LIST, "N, [N, ...], N-M or any"))
		return 0;
	else if (!value->first)
		reader_error(reader, value, "an empty list of ports matches nothing");
	for (const struct node *port = value->first; port; port = port->next)
		port_add(reader, item, port);
	ranges_join(item);
	return 0;
}

static int read_scopes(struct reader *reader, const struct field *field, const struct node *value,
		       void *base)
{
	const struct node *scope = value->kind == NODE_LIST ? value->first : value;
	unsigned set = 0, one;

	if (!scope)
		reader_error(reader, value, "an empty list of scopes matches nothing");
	for (; scope; scope = value->kind == NODE_LIST ? scope->next : NULL)
		if (!choice_read(reader, field->choices, scope, &one))
			set |= one;
	memcpy((char *)base + field->offset, &set, sizeof(set));
	return 0;
}

static void put_rule_name(FILE *out, const struct field *field, const void *base)
{
	fputs((const char *)base + field->offset, out);
}

static void put_range(FILE *out, struct port_range range)
{
	if (range.first == range.last)
		fprintf(out, "%u", range.first);
	else
		fprintf(out, "%u-%u", range.first, range.last);
}

static void put_ports(FILE *out, const struct field *field, const void *base)
{
	const struct bind_rule *item = &((const struct draft *)base)->item;

	(void)field;
	if (item->n_ports == 1 && item->ports[0].first == 1 && item->ports[0].last == UINT16_MAX) {
		fputs("any", out);
		return;
	}
	fputs(item->n_ports > 1 ? "[" : "", out);
	for (size_t i = 0; i < item->n_ports; i++) {
		fputs(i ? ", " : "", out);
		put_range(out, item->ports[i]);
	}
	fputs(item->n_ports > 1 ? "]" : "", out);
}

static void put_scopes(FILE *out, const struct field *field, const void *base)
{
	const char *before = "[";
	unsigned set;

	memcpy(&set, (const char *)base + field->offset, sizeof(set));
	for (const struct choice *c = field->choices; c->name; c++) {
		if (!(set & c->value))
			continue;
		fprintf(out, "%s%s", before, c->name);
		before = ", ";
	}
	fputc(']', out);
}

static const struct field_type rule_name_type = {
	.read = read_rule_name,
	.put = put_rule_name,
	.schema = schema_rule_name,
};

static const struct field_type ports_type = {
	.read = read_ports,
	.put = put_ports,
	.schema = schema_ports,
};

static const struct field_type scopes_type = {
	.read = read_scopes,
	.put = put_scopes,
	.schema = schema_scopes,
};

/* clang-format off */
const struct field bind_fields[] = {
	{ .key = "rule", .type = &rule_name_type, .offset = offsetof(struct draft, item.rule) },
	{ .key = "subject", .type = &choice_type, .choices = subjects,
	  .offset = offsetof(struct draft, item.subjects) },
	{ .key = "port", .type = &ports_type },
	{ .key = "proto", .type = &choice_type, .choices = protos,
	  .offset = offsetof(struct draft, item.protos) },
	{ .key = "scope", .type = &scopes_type, .choices = scopes,
	  .offset = offsetof(struct draft, item.scopes) },
	{ .key = "severity", .type = &choice_type, .choices = severity_choices,
	  .offset = offsetof(struct draft, severity) },
	{ .key = "action", .type = &choice_type, .choices = actions,
	  .offset = offsetof(struct draft, action) },
	{ .key = NULL },
};
/* clang-format on */

void bind_put(FILE *out, const struct bind_rule *item)
{
	struct draft draft = { .item = *item, .severity = item->severity, .action = item->action };
	const char *before = "{";

	for (const struct field *field = bind_fields; field->key; field++) {
		fprintf(out, "%s%s: ", before, field->key);
		field->type->put(out, field, &draft);
		before = ", ";
	}
	fputc('}', out);
}

static enum severity default_severity(const char *name)
{
	int rule = rule_from_name(name);

	return rule < 0 ? SEVERITY_MEDIUM : rule_get((enum evmon_rule)rule)->severity;
}

static void draft_init(struct draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	draft->item.subjects = SUBJECTS_ALL;
	draft->item.protos = PROTOS_ALL;
	draft->item.scopes = SCOPES_ALL;
	draft->severity = SEVERITY_UNSAID;
	draft->action = ACTION_ALERT;
}

/* What is missing, unless the author already knows that the item is wrong. */
static bool draft_complete(struct reader *reader, const struct node *node,
			   const struct draft *draft)
{
	if (!*draft->item.rule)
		reader_error(reader, node, "\"rule\" is missing");
	else if (!draft->item.n_ports && draft->action != ACTION_OFF)
		reader_error(reader, node, "\"port\" is missing (port: any stands for all)");
	else
		return true;
	return false;
}

static int item_origin(struct reader *reader, const struct node *node, const char *rule)
{
	char key[ORIGIN_KEY_MAX];

	snprintf(key, sizeof(key), BIND_ORIGIN "%s", rule);
	return reader_origin(reader, key, node);
}

static int item_read(struct reader *reader, const struct node *node)
{
	size_t before = errors_count(reader->errors);
	struct draft draft;
	int err;

	draft_init(&draft);
	err = fields_read(reader, bind_fields, node, &draft);
	if (err < 0)
		return err;
	if (errors_count(reader->errors) != before || !draft_complete(reader, node, &draft))
		return 0;
	if (draft.action == ACTION_OFF) {
		bind_remove(reader, node, draft.item.rule);
		return item_origin(reader, node, draft.item.rule);
	}
	draft.item.action = (enum policy_action)draft.action;
	draft.item.severity = draft.severity == SEVERITY_UNSAID ?
				      default_severity(draft.item.rule) :
				      (enum severity)draft.severity;
	bind_merge(reader, node, &draft.item);
	return item_origin(reader, node, draft.item.rule);
}

/* Within one file the first of two items would be lost without a word. */
static void item_repeated(struct reader *reader, const struct node *list, const struct node *item)
{
	const struct node *name = node_find(item, "rule");

	if (!name || name->kind != NODE_SCALAR)
		return;
	for (const struct node *before = list->first; before != item; before = before->next) {
		const struct node *other = node_find(before, "rule");

		if (other && !strcmp(other->text, name->text)) {
			reader_error(reader, name, "%s stands twice in this file, first in line %u",
				     quoted(name->text).text, other->line);
			return;
		}
	}
}

static int read_bind(struct reader *reader, const struct field *field, const struct node *value,
		     void *base)
{
	(void)field;
	(void)base;
	if (!reader_expect(reader, value, NODE_LIST, "a list of rules"))
		return 0;
	for (const struct node *item = value->first; item; item = item->next) {
		int err = item_read(reader, item);

		if (err < 0)
			return err;
		item_repeated(reader, value, item);
	}
	return 0;
}

const struct field_type bind_type = {
	.read = read_bind,
	.show = show_bind,
	.schema = schema_bind,
};
