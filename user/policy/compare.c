// SPDX-License-Identifier: Apache-2.0
/*
 * Each part of a policy says its own differences, under the heading of their effect, so that a
 * reviewer reads first what will pass unseen from now on. Lists mean nothing where the action
 * allows everything; then their differences are none. Plain settings are compared as they are
 * written, from the format's tables, so that a new one cannot be forgotten.
 */
#include "policy/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/capability.h"
#include "policy/lists.h"
#include "policy/schema.h"
#include "policy/values.h"

static const char *const headings[EFFECT_MAX] = {
	[EFFECT_ALLOWED] = "becomes allowed",
	[EFFECT_FORBIDDEN] = "becomes forbidden",
	[EFFECT_DENIED] = "is denied from now on, and was only reported",
	[EFFECT_TOLERATED] = "is only reported from now on, and was denied",
	[EFFECT_JUDGED] = "is judged by another rule or severity",
	[EFFECT_SETTING] = "other settings",
};

const char *action_name(enum policy_action action)
{
	return choice_name(action_choices, action);
}

enum effect action_effect(enum policy_action a, enum policy_action b)
{
	if (a == b)
		return EFFECT_JUDGED;
	if (b == ACTION_ALLOW)
		return EFFECT_ALLOWED;
	if (a == ACTION_ALLOW)
		return EFFECT_FORBIDDEN;
	return b == ACTION_DENY ? EFFECT_DENIED : EFFECT_TOLERATED;
}

void compare_say(struct comparison *c, enum effect effect, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("  ", c->out[effect]);
	vfprintf(c->out[effect], format, args);
	fputc('\n', c->out[effect]);
	va_end(args);
}

static void compare_action(struct comparison *c, const char *what, enum policy_action a,
			   enum policy_action b)
{
	if (a != b)
		compare_say(c, action_effect(a, b), "%s (was %s; now %s)", what, action_name(a),
			    action_name(b));
}

static void compare_severity(struct comparison *c, const char *rule, enum severity a,
			     enum severity b)
{
	if (a != b)
		compare_say(c, EFFECT_JUDGED, "%s: %s, and was %s", rule, severity_name(b),
			    severity_name(a));
}

/* --- capabilities: each module that either names, with what it may use in either --- */

static void masks_say(struct comparison *c, const char *id, const char *name)
{
	uint64_t a = policy_capabilities(c->a, id, name), b = policy_capabilities(c->b, id, name);

	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if (!((a ^ b) >> i & 1))
			continue;
		compare_say(c, b >> i & 1 ? EFFECT_ALLOWED : EFFECT_FORBIDDEN,
			    "capabilities: module %s%s%s%s: %s", *id ? id : name, *id ? " (" : "",
			    *id ? name : "", *id ? ")" : "", capability_name(i));
	}
}

static bool module_listed(const struct policy *policy, const struct module_capabilities *like)
{
	for (size_t i = 0; i < policy->n_modules; i++)
		if (!strcmp(policy->modules[i].id, like->id) &&
		    !strcmp(policy->modules[i].name, like->name))
			return true;
	return false;
}

static void compare_capabilities(struct comparison *c)
{
	const struct policy *a = c->a, *b = c->b;

	compare_action(c, "capabilities: what a module's list does not name", a->capability_action,
		       b->capability_action);
	compare_severity(c, "capability.used", a->used_severity, b->used_severity);
	compare_severity(c, "capability.denied", a->denied_severity, b->denied_severity);
	compare_severity(c, "capability.held", a->held_severity, b->held_severity);
	if (a->capability_action == ACTION_ALLOW || b->capability_action == ACTION_ALLOW)
		return;
	for (size_t i = 0; i < a->n_modules; i++)
		masks_say(c, a->modules[i].id, a->modules[i].name);
	for (size_t i = 0; i < b->n_modules; i++)
		if (!module_listed(a, &b->modules[i]))
			masks_say(c, b->modules[i].id, b->modules[i].name);
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		if ((a->denied_ignored ^ b->denied_ignored) >> i & 1)
			compare_say(c,
				    b->denied_ignored >> i & 1 ? EFFECT_ALLOWED : EFFECT_FORBIDDEN,
				    "capabilities: asking in vain for %s", capability_name(i));
}

/* --- exec --- */

static bool texts_have(char *const *texts, const char *text)
{
	for (; texts && *texts; texts++)
		if (!strcmp(*texts, text))
			return true;
	return false;
}

/* Those of `texts` that `others` lack. */
static void texts_say(struct comparison *c, enum effect effect, const char *format,
		      char *const *texts, char *const *others)
{
	for (; texts && *texts; texts++)
		if (!texts_have(others, *texts))
			compare_say(c, effect, "%s %s", format, bare(*texts).text);
}

static void compare_exec(struct comparison *c)
{
	const struct policy *a = c->a, *b = c->b;

	compare_action(c, "exec: what runs as root and is not listed", a->root_action,
		       b->root_action);
	compare_action(c, "exec: shells of modules that are not listed", a->shell_action,
		       b->shell_action);
	compare_action(c, "exec: the admin panel", a->admin_panel_action, b->admin_panel_action);
	compare_severity(c, "exec.root", a->root_severity, b->root_severity);
	compare_severity(c, "exec.shell", a->shell_severity, b->shell_severity);
	compare_severity(c, "exec.admin-panel", a->admin_panel_severity, b->admin_panel_severity);
	if (a->root_action != ACTION_ALLOW && b->root_action != ACTION_ALLOW) {
		texts_say(c, EFFECT_ALLOWED, "exec: as root", b->root_allow, a->root_allow);
		texts_say(c, EFFECT_FORBIDDEN, "exec: as root", a->root_allow, b->root_allow);
	}
	if (a->shell_action != ACTION_ALLOW && b->shell_action != ACTION_ALLOW) {
		texts_say(c, EFFECT_ALLOWED, "exec: shells of module", b->shell_allow,
			  a->shell_allow);
		texts_say(c, EFFECT_FORBIDDEN, "exec: shells of module", a->shell_allow,
			  b->shell_allow);
	}
}

/* --- usb: an entry is new only where no entry of the other lets the same in --- */

static bool entry_covers(const struct usb_allow *wide, const struct usb_allow *narrow)
{
	for (const struct field *field = usb_fields; field->key; field++) {
		const char *w = (const char *)wide + field->offset;

		if (*w && strcmp(w, (const char *)narrow + field->offset) != 0)
			return false;
	}
	return true;
}

static void entries_say(struct comparison *c, enum effect effect, const struct policy *mine,
			const struct policy *other)
{
	for (size_t i = 0; i < mine->n_usb_allow; i++) {
		const struct usb_allow *entry = &mine->usb_allow[i];
		bool covered = false;

		for (size_t k = 0; k < other->n_usb_allow && !covered; k++)
			covered = entry_covers(&other->usb_allow[k], entry);
		if (covered)
			continue;
		fputs("  usb: devices with", c->out[effect]);
		for (const struct field *field = usb_fields; field->key; field++) {
			if (!*((const char *)entry + field->offset))
				continue;
			fprintf(c->out[effect], " %s ", field->key);
			field->type->put(c->out[effect], field, entry);
		}
		fputc('\n', c->out[effect]);
	}
}

static void compare_usb(struct comparison *c)
{
	const struct policy *a = c->a, *b = c->b;

	compare_action(c, "usb: devices that are not listed", a->usb_action, b->usb_action);
	compare_severity(c, "usb.hid", a->usb_hid_severity, b->usb_hid_severity);
	compare_severity(c, "usb.storage", a->usb_storage_severity, b->usb_storage_severity);
	compare_severity(c, "usb.other", a->usb_other_severity, b->usb_other_severity);
	if (a->usb_action == ACTION_ALLOW || b->usb_action == ACTION_ALLOW)
		return;
	entries_say(c, EFFECT_ALLOWED, b, a);
	entries_say(c, EFFECT_FORBIDDEN, a, b);
}

/* --- the rest --- */

static bool is_compared_apart(const struct field *section)
{
	static const char *const apart[] = { "bind", "capabilities", "exec", "usb" };

	for (size_t i = 0; i < ARRAY_SIZE(apart); i++)
		if (!strcmp(section->key, apart[i]))
			return true;
	return false;
}

static int value_text(const struct field *field, const struct policy *policy, char **ret_text)
{
	size_t size = 0;
	FILE *out = open_memstream(ret_text, &size);

	if (!out)
		return -ENOMEM;
	field->type->put(out, field, policy);
	return fclose(out) ? -ENOMEM : 0;
}

static int compare_setting(struct comparison *c, const struct field *section,
			   const struct field *field)
{
	_cleanup_(freep) char *a = NULL;
	_cleanup_(freep) char *b = NULL;
	int err = value_text(field, c->a, &a);

	if (!err)
		err = value_text(field, c->b, &b);
	if (!err && strcmp(a, b) != 0)
		compare_say(c, EFFECT_SETTING, "%s.%s: %s, and was %s", section->key, field->key, b,
			    a);
	return err;
}

static int compare_settings(struct comparison *c)
{
	int err = 0;

	for (const struct field *section = policy_fields; section->key; section++) {
		if (is_compared_apart(section))
			continue;
		for (const struct field *field = section->fields; field && field->key && !err;
		     field++)
			err = compare_setting(c, section, field);
	}
	return err;
}

/* What has been gathered, heading by heading. */
static void comparison_print(const struct comparison *c, FILE *out, bool *ret_differ)
{
	*ret_differ = false;
	for (size_t i = 0; i < EFFECT_MAX; i++) {
		if (!c->size[i])
			continue;
		fprintf(out, "%s:\n%s", headings[i], c->text[i]);
		*ret_differ = true;
	}
}

static int comparison_close(struct comparison *c)
{
	int err = 0;

	for (size_t i = 0; i < EFFECT_MAX; i++)
		if (!c->out[i] || fclose(c->out[i]))
			err = -ENOMEM;
	return err;
}

int policy_compare(FILE *out, const struct policy *a, const struct policy *b, bool *ret_differ)
{
	struct comparison c = { .a = a, .b = b };
	int err = 0, closed;

	for (size_t i = 0; i < EFFECT_MAX && !err; i++) {
		c.out[i] = open_memstream(&c.text[i], &c.size[i]);
		err = c.out[i] ? 0 : -ENOMEM;
	}
	if (!err)
		err = compare_bind(&c);
	if (!err) {
		compare_capabilities(&c);
		compare_exec(&c);
		compare_usb(&c);
		err = compare_settings(&c);
	}
	closed = comparison_close(&c);
	if (!err && !closed)
		comparison_print(&c, out, ret_differ);
	for (size_t i = 0; i < EFFECT_MAX; i++)
		free(c.text[i]);
	return err ? err : closed;
}
