// SPDX-License-Identifier: Apache-2.0
/*
 * `bind:` is the one list whose order decides: the first match does. So that a file can add to the
 * page and correct it without repeating it, an item of a rule that is there already replaces that
 * item where it stands, and any other goes before the defaults, after what earlier files put there.
 *
 * A vendor's own rule needs no declaration. That a slip in a known name does not pass for one, such
 * a name may not be a single edit away from a known one; and only what is there can be switched
 * off.
 */
#include "policy/bind.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "policy/scalars.h"

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

/* The known rules of bind, NULL-terminated. */
static void known_names(const char *names[EVMON_RULE_CLOSED + 1])
{
	size_t n = 0;

	for (int i = 0; i < EVMON_RULE_CLOSED; i++) {
		const struct rule *rule = rule_get((enum evmon_rule)i);

		if (rule && rule->sensor == EVMON_SENSOR_BIND)
			names[n++] = rule->name;
	}
	names[n] = NULL;
}

static bool rule_name_good(struct reader *reader, const struct node *value)
{
	const char *known[EVMON_RULE_CLOSED + 1];
	int rule = rule_from_name(value->text);

	known_names(known);
	if (rule >= 0 && rule_get((enum evmon_rule)rule)->sensor == EVMON_SENSOR_BIND)
		return true;
	if (rule >= 0 || !is_vendor_name(value->text)) {
		reader_error(reader, value, "%s is no rule of bind (bind.lower-case-words)%s",
			     quoted(value->text).text, hint(value->text, known).text);
		return false;
	}
	for (size_t i = 0; known[i]; i++)
		if (word_distance(value->text, known[i]) < 2) {
			reader_error(reader, value,
				     "%s is too like a known rule, did you mean \"%s\"?",
				     quoted(value->text).text, known[i]);
			return false;
		}
	return true;
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
		reader_error(reader, value, "%s is not a port (N, [N, ...], N-M or any)",
			     quoted(value->text).text);
	else if (err < 0)
		reader_error(reader, value,
			     "%s is an impossible port (1 to 65535, lower one first)",
			     quoted(value->text).text);
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

static const struct field fields[] = {
	{ .key = "rule", .read = read_rule_name, .offset = offsetof(struct draft, item.rule) },
	{ .key = "subject",
	  .read = read_choice,
	  .choices = subjects,
	  .offset = offsetof(struct draft, item.subjects) },
	{ .key = "port", .read = read_ports },
	{ .key = "proto",
	  .read = read_choice,
	  .choices = protos,
	  .offset = offsetof(struct draft, item.protos) },
	{ .key = "scope",
	  .read = read_scopes,
	  .choices = scopes,
	  .offset = offsetof(struct draft, item.scopes) },
	{ .key = "severity",
	  .read = read_choice,
	  .choices = severity_choices,
	  .offset = offsetof(struct draft, severity) },
	{ .key = "action",
	  .read = read_choice,
	  .choices = actions,
	  .offset = offsetof(struct draft, action) },
	{ .key = NULL },
};

static enum severity default_severity(const char *name)
{
	int rule = rule_from_name(name);

	return rule < 0 ? SEVERITY_MEDIUM : rule_get((enum evmon_rule)rule)->severity;
}

static struct bind_rule *item_find(struct policy *policy, const char *rule)
{
	for (size_t i = 0; i < policy->n_bind; i++)
		if (!strcmp(policy->bind[i].rule, rule))
			return &policy->bind[i];
	return NULL;
}

static void items_move(struct policy *policy, size_t to, size_t from)
{
	memmove(policy->bind + to, policy->bind + from,
		(policy->n_bind - from) * sizeof(*policy->bind));
}

static void item_remove(struct reader *reader, const struct node *node, const struct draft *draft)
{
	struct policy *policy = reader->policy;
	struct bind_rule *old = item_find(policy, draft->item.rule);
	size_t at = old ? (size_t)(old - policy->bind) : 0;

	if (!old && rule_from_name(draft->item.rule) < 0)
		reader_error(reader, node, "there is no rule %s to switch off",
			     quoted(draft->item.rule).text);
	if (!old)
		return;
	items_move(policy, at, at + 1);
	policy->n_bind--;
	memset(&policy->bind[policy->n_bind], 0, sizeof(*policy->bind));
	if (at < reader->n_added)
		reader->n_added--;
}

static void item_merge(struct reader *reader, const struct node *node, const struct draft *draft)
{
	struct policy *policy = reader->policy;
	struct bind_rule *to = item_find(policy, draft->item.rule);

	if (!to && policy->n_bind == POLICY_BIND_ITEMS) {
		reader_error(reader, node, "too many bind items (the limit is %d)",
			     POLICY_BIND_ITEMS);
		return;
	}
	if (!to) {
		to = &policy->bind[reader->n_added];
		items_move(policy, reader->n_added + 1, reader->n_added);
		reader->n_added++;
		policy->n_bind++;
	}
	memcpy(to, &draft->item, sizeof(*to));
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

static int item_read(struct reader *reader, const struct node *node)
{
	size_t before = errors_count(reader->errors);
	struct draft draft;
	int err;

	draft_init(&draft);
	err = fields_read(reader, fields, node, &draft);
	if (err < 0)
		return err;
	if (errors_count(reader->errors) != before || !draft_complete(reader, node, &draft))
		return 0;
	if (draft.action == ACTION_OFF) {
		item_remove(reader, node, &draft);
		return 0;
	}
	draft.item.action = (enum policy_action)draft.action;
	draft.item.severity = draft.severity == SEVERITY_UNSAID ?
				      default_severity(draft.item.rule) :
				      (enum severity)draft.severity;
	item_merge(reader, node, &draft);
	return 0;
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

int read_bind(struct reader *reader, const struct field *field, const struct node *value,
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
