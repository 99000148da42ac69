// SPDX-License-Identifier: Apache-2.0
/*
 * The walk over the format's tables that writes instead of reading, so that no key can be forgotten
 * here. What merges by name has to say what is gone, too: a built-in bind item that a file switched
 * off is written as switched off, since the text is read over the built-in policy again.
 *
 * EVerest's config gives names and the broker's socket and never a right: it stands in comments.
 */
#include "policy/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "policy/bind.h"
#include "policy/internal.h"
#include "policy/lists.h"
#include "policy/schema.h"
#include "policy/values.h"

enum {
	COMMENT_COLUMN = 64
};

/* A line on its way: its width decides where the comment goes. */
struct line {
	FILE *out;
	char *text;
	size_t size;
};

static int line_open(const struct show *show, struct line *line)
{
	*line = (struct line){ .out = NULL };
	line->out = open_memstream(&line->text, &line->size);
	if (!line->out)
		return -ENOMEM;
	fprintf(line->out, "%*s", (int)show->depth * 2, "");
	return 0;
}

/* `note` (may be NULL) is what EVerest's config adds. */
static int line_close(const struct show *show, struct line *line, const char *origin_key,
		      const char *note)
{
	const struct origin *origin = origins_find(show->origins, origin_key);
	_cleanup_(freep) char *text = NULL;
	char file[256];
	int err = fclose(line->out) ? -ENOMEM : 0;

	text = line->text;
	if (err < 0)
		return err;
	fprintf(show->out, "%-*s # ", COMMENT_COLUMN - 1, text);
	if (origin)
		escape_text(file, sizeof(file), origin->file, ESCAPE_TERMINAL, NULL);
	if (origin)
		fprintf(show->out, "%s:%u", file, origin->line);
	else
		fputs("built-in", show->out);
	fprintf(show->out, "%s%s\n", note ? "; EVerest config: " : "", note ? note : "");
	return 0;
}

/* What `auto` comes to, as far as EVerest's config says it. */
static const char *broker_note(const struct show *show)
{
	if (!show->everest || strcmp(show->path, "mqtt.broker") != 0 ||
	    strcmp(show->policy->mqtt_broker, "auto") != 0)
		return NULL;
	return *show->everest->mqtt_broker_socket_path ? show->everest->mqtt_broker_socket_path :
							 NULL;
}

static int show_value(struct show *show, const struct field *field, const void *base)
{
	char note[PATH_MAX + 16] = "";
	const char *socket = broker_note(show);
	struct line line;
	int err = line_open(show, &line);

	if (err < 0)
		return err;
	fprintf(line.out, "%s: ", field->key);
	field->type->put(line.out, field, base);
	if (socket) {
		memcpy(note, "unix:", sizeof("unix:"));
		escape_text(note + 5, sizeof(note) - 5, socket, ESCAPE_TERMINAL, NULL);
	}
	return line_close(show, &line, show->path, socket ? note : NULL);
}

static int show_fields(struct show *show, const struct field *fields, const void *base)
{
	size_t at = strlen(show->path);
	int err = 0;

	for (; !err && fields->key; fields++) {
		snprintf(show->path + at, sizeof(show->path) - at, "%s%s", at ? "." : "",
			 fields->key);
		if (fields->type->put)
			err = show_value(show, fields, base);
		else
			err = fields->type->show(show, fields, base);
		show->path[at] = '\0';
	}
	return err;
}

int show_mapping(struct show *show, const struct field *field, const void *base)
{
	int err;

	fprintf(show->out, "%*s%s:\n", (int)show->depth * 2, "", field->key);
	show->depth++;
	err = show_fields(show, field->fields, base);
	show->depth--;
	return err;
}

/* The head of what is written as a block, and as [] or {} where it is empty. */
static int show_head(struct show *show, const char *key, const char *empty)
{
	struct line line;
	int err;

	if (!empty) {
		fprintf(show->out, "%*s%s:\n", (int)show->depth * 2, "", key);
		return 0;
	}
	err = line_open(show, &line);
	if (err < 0)
		return err;
	fprintf(line.out, "%s: %s", key, empty);
	return line_close(show, &line, show->path, NULL);
}

static int show_item(struct show *show, const struct bind_rule *item)
{
	char key[ORIGIN_KEY_MAX];
	struct line line;
	int err = line_open(show, &line);

	if (err < 0)
		return err;
	fputs("  - ", line.out);
	bind_put(line.out, item);
	snprintf(key, sizeof(key), BIND_ORIGIN "%s", item->rule);
	return line_close(show, &line, key, NULL);
}

static int show_off(struct show *show, const char *rule)
{
	char key[ORIGIN_KEY_MAX];
	struct line line;
	int err = line_open(show, &line);

	if (err < 0)
		return err;
	fprintf(line.out, "  - {rule: %s, action: off}", rule);
	snprintf(key, sizeof(key), BIND_ORIGIN "%s", rule);
	return line_close(show, &line, key, NULL);
}

int show_bind(struct show *show, const struct field *field, const void *base)
{
	_cleanup_(policy_freep) struct policy *built_in = NULL;
	const struct policy *policy = base;
	int err = policy_new_default(&built_in);

	if (!err)
		err = show_head(show, field->key, NULL);
	for (size_t i = 0; !err && i < policy->n_bind; i++)
		err = show_item(show, &policy->bind[i]);
	for (size_t i = 0; !err && i < built_in->n_bind; i++)
		if (!bind_find(policy, built_in->bind[i].rule))
			err = show_off(show, built_in->bind[i].rule);
	return err;
}

/* The ids that EVerest's config gives to a module; NULL where there is nothing to say. */
static char *ids_of(const struct show *show, const struct module_capabilities *module)
{
	char *text = NULL;
	size_t size = 0, n = 0;
	FILE *out;

	if (!show->everest || *module->id)
		return NULL;
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	for (size_t i = 0; i < show->everest->n_modules; i++)
		if (!strcmp(show->everest->modules[i].name, module->name))
			fprintf(out, "%s%s", n++ ? ", " : "", show->everest->modules[i].id);
	if (fclose(out) || !n) {
		free(text);
		return NULL;
	}
	return text;
}

static int show_module(struct show *show, const struct module_capabilities *module)
{
	char name[2 * POLICY_NAME_MAX + 1], key[ORIGIN_KEY_MAX];
	_cleanup_(freep) char *ids = ids_of(show, module);
	struct line line;
	int err = line_open(show, &line);

	if (err < 0)
		return err;
	snprintf(name, sizeof(name), "%s%s%s", module->id, *module->id ? ":" : "", module->name);
	fputs("  ", line.out);
	yaml_text(line.out, name);
	fputs(": ", line.out);
	put_capabilities(line.out, &module_mask, module);
	snprintf(key, sizeof(key), MODULE_ORIGIN "%s", name);
	return line_close(show, &line, key, ids);
}

int show_modules(struct show *show, const struct field *field, const void *base)
{
	const struct policy *policy = base;
	int err = show_head(show, field->key, policy->n_modules ? NULL : "{}");

	for (size_t i = 0; !err && i < policy->n_modules; i++)
		err = show_module(show, &policy->modules[i]);
	return err;
}

static int show_device(struct show *show, const struct usb_allow *device, size_t number)
{
	const char *before = "  - {";
	char key[ORIGIN_KEY_MAX];
	struct line line;
	int err = line_open(show, &line);

	if (err < 0)
		return err;
	for (const struct field *field = usb_fields; field->key; field++) {
		if (!*((const char *)device + field->offset))
			continue;
		fprintf(line.out, "%s%s: ", before, field->key);
		field->type->put(line.out, field, device);
		before = ", ";
	}
	fputs("}", line.out);
	snprintf(key, sizeof(key), USB_ORIGIN "%zu", number);
	return line_close(show, &line, key, NULL);
}

int show_usb_allow(struct show *show, const struct field *field, const void *base)
{
	const struct policy *policy = base;
	int err = show_head(show, field->key, policy->n_usb_allow ? NULL : "[]");

	for (size_t i = 0; !err && i < policy->n_usb_allow; i++)
		err = show_device(show, &policy->usb_allow[i], i);
	return err;
}

int policy_show(FILE *out, const struct policy *policy, const struct origins *origins,
		const struct everest_config *everest)
{
	struct show show = { .out = out, .policy = policy, .origins = origins, .everest = everest };

	return show_fields(&show, policy_fields, policy);
}
