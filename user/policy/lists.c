// SPDX-License-Identifier: Apache-2.0
/*
 * Lists that grow with the policy are owned by it and have caps, since what is in them becomes
 * entries of maps in the kernel. Whatever is read goes in whole or, where something is wrong in it,
 * not at all; the file is refused then anyway.
 */
#include "policy/lists.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/capability.h"
#include "policy/json_schema.h"
#include "policy/scalars.h"
#include "policy/show.h"
#include "policy/values.h"

void texts_free(char **texts)
{
	for (char **text = texts; text && *text; text++)
		free(*text);
	free(texts);
}

static bool texts_have(char *const *texts, const char *text)
{
	for (; *texts; texts++)
		if (!strcmp(*texts, text))
			return true;
	return false;
}

/* A single value in a list's place most likely lacks its brackets. */
static bool expect_list(struct reader *reader, const struct node *value, const char *form)
{
	if (value->kind != NODE_SCALAR || !*value->text || strlen(value->text) > 40)
		return reader_expect(reader, value, NODE_LIST, form);
	reader_error(reader, value, "%s must be %s, not a single value, did you mean [%s]?",
		     quoted(value->key->text).text, form, bare(value->text).text);
	return false;
}

static int text_add(struct reader *reader, const struct field *field, const struct node *value,
		    char **texts, size_t *n)
{
	const char *form;

	if (!reader_expect(reader, value, NODE_SCALAR, "a single value"))
		return 0;
	form = field->form->check(value->text);
	if (form) {
		reader_error(reader, value, "%s is not %s", quoted(value->text).text, form);
		return 0;
	}
	if (texts_have(texts, value->text))
		return 0;
	if (*n == POLICY_ALLOWED) {
		reader_error(reader, value, "too many entries in %s (the limit is %d)",
			     quoted(field->key).text, POLICY_ALLOWED);
		return 0;
	}
	texts[*n] = strdup(value->text);
	if (!texts[*n])
		return -ENOMEM;
	++*n;
	return 0;
}

static int read_texts(struct reader *reader, const struct field *field, const struct node *value,
		      void *base)
{
	char ***to = (char ***)((char *)base + field->offset);
	_cleanup_(texts_freep) char **texts = NULL;
	size_t n = 0;

	if (!expect_list(reader, value, "a list ([] for none)"))
		return 0;
	texts = calloc(POLICY_ALLOWED + 1, sizeof(*texts));
	if (!texts)
		return -ENOMEM;
	for (const struct node *item = value->first; item; item = item->next) {
		int err = text_add(reader, field, item, texts, &n);

		if (err < 0)
			return err;
	}
	texts_free(*to);
	*to = n ? TAKE_PTR(texts) : NULL;
	return 0;
}

static void capability_unknown(struct reader *reader, const struct node *value)
{
	const char *words[CAPABILITY_COUNT + 1];

	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		words[i] = capability_name(i);
	words[CAPABILITY_COUNT] = NULL;
	reader_error(reader, value, "%s is no capability%s", quoted(value->text).text,
		     hint(value->text, words).text);
}

static int read_capabilities(struct reader *reader, const struct field *field,
			     const struct node *value, void *base)
{
	uint64_t mask = 0;

	if (!expect_list(reader, value, "a list of capabilities ([] for none)"))
		return 0;
	for (const struct node *item = value->first; item; item = item->next) {
		int number;

		if (!reader_expect(reader, item, NODE_SCALAR, "a capability"))
			continue;
		number = capability_from_name(item->text);
		if (number < 0)
			capability_unknown(reader, item);
		else
			mask |= 1ull << number;
	}
	memcpy((char *)base + field->offset, &mask, sizeof(mask));
	return 0;
}

const struct field module_mask = {
	.key = "mask",
	.type = &capabilities_type,
	.offset = offsetof(struct module_capabilities, mask),
};

/* "Name" or "id:Name". */
static bool module_key_parse(struct reader *reader, const struct node *key,
			     struct module_capabilities *module)
{
	char text[2 * POLICY_NAME_MAX];
	size_t n = strlen(key->text);
	const char *form = NULL;
	char *colon;

	if (n >= sizeof(text)) {
		reader_error(reader, key, "%s is too long for a module", quoted(key->text).text);
		return false;
	}
	memcpy(text, key->text, n + 1);
	colon = strchr(text, ':');
	if (colon) {
		*colon = '\0';
		form = module_name_check(text);
	}
	if (!form)
		form = module_name_check(colon ? colon + 1 : text);
	if (form) {
		reader_error(reader, key, "%s is not %s", quoted(key->text).text, form);
		return false;
	}
	if (colon)
		memcpy(module->id, text, (size_t)(colon - text) + 1);
	n = colon ? (size_t)(colon - text) + 1 : 0;
	memcpy(module->name, text + n, strlen(text + n) + 1);
	return true;
}

static struct module_capabilities *module_find(const struct policy *policy,
					       const struct module_capabilities *like)
{
	for (size_t i = 0; i < policy->n_modules; i++)
		if (!strcmp(policy->modules[i].id, like->id) &&
		    !strcmp(policy->modules[i].name, like->name))
			return &policy->modules[i];
	return NULL;
}

static int module_put(struct reader *reader, const struct node *value,
		      const struct module_capabilities *module)
{
	struct policy *policy = reader->policy;
	struct module_capabilities *grown = module_find(policy, module);

	if (grown) {
		grown->mask = module->mask;
		return 0;
	}
	if (policy->n_modules == POLICY_MODULES) {
		reader_error(reader, value, "too many modules (the limit is %d)", POLICY_MODULES);
		return 0;
	}
	grown = reallocarray(policy->modules, policy->n_modules + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	policy->modules = grown;
	memcpy(&grown[policy->n_modules++], module, sizeof(*module));
	return 0;
}

static int module_origin(struct reader *reader, const struct node *list)
{
	char key[ORIGIN_KEY_MAX];

	snprintf(key, sizeof(key), MODULE_ORIGIN "%s", list->key->text);
	return reader_origin(reader, key, list->key);
}

static int read_modules(struct reader *reader, const struct field *field, const struct node *value,
			void *base)
{
	(void)field;
	(void)base;
	if (!reader_expect(reader, value, NODE_MAP, "a mapping (Module: [CAP_...])"))
		return 0;
	for (const struct node *list = value->first; list; list = list->next) {
		struct module_capabilities module = { .id = "" };
		int err;

		if (reader_repeated(reader, value, list) ||
		    !module_key_parse(reader, list->key, &module))
			continue;
		err = read_capabilities(reader, &module_mask, list, &module);
		if (!err)
			err = module_put(reader, list, &module);
		if (!err)
			err = module_origin(reader, list);
		if (err < 0)
			return err;
	}
	return 0;
}

const struct field usb_fields[] = {
	{ .key = "vendor",
	  .type = &text_type,
	  .form = &hex4_form,
	  .offset = offsetof(struct usb_allow, vendor),
	  .size = sizeof(((struct usb_allow *)0)->vendor) },
	{ .key = "product",
	  .type = &text_type,
	  .form = &hex4_form,
	  .offset = offsetof(struct usb_allow, product),
	  .size = sizeof(((struct usb_allow *)0)->product) },
	{ .key = "port",
	  .type = &text_type,
	  .form = &usb_port_form,
	  .offset = offsetof(struct usb_allow, port),
	  .size = sizeof(((struct usb_allow *)0)->port) },
	{ .key = "serial",
	  .type = &text_type,
	  .form = &nonempty_form,
	  .offset = offsetof(struct usb_allow, serial),
	  .size = sizeof(((struct usb_allow *)0)->serial) },
	{ .key = "class",
	  .type = &text_type,
	  .form = &hex2_form,
	  .offset = offsetof(struct usb_allow, class),
	  .size = sizeof(((struct usb_allow *)0)->class) },
	{ .key = NULL },
};

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

static bool usb_good(struct reader *reader, const struct node *node, const struct usb_allow *allow)
{
	if (*allow->product && !*allow->vendor)
		reader_error(reader, node, "\"product\" means nothing without \"vendor\"");
	else if (!*allow->vendor && !*allow->port && !*allow->serial && !*allow->class)
		reader_error(reader, node, "an empty item would allow every device");
	else
		return true;
	return false;
}

static int usb_put(struct reader *reader, const struct node *node, const struct usb_allow *allow)
{
	struct policy *policy = reader->policy;
	struct usb_allow *grown;
	char key[ORIGIN_KEY_MAX];

	for (size_t i = 0; i < policy->n_usb_allow; i++)
		if (!memcmp(&policy->usb_allow[i], allow, sizeof(*allow)))
			return 0;
	if (policy->n_usb_allow == POLICY_ALLOWED) {
		reader_error(reader, node, "too many USB devices (the limit is %d)",
			     POLICY_ALLOWED);
		return 0;
	}
	grown = reallocarray(policy->usb_allow, policy->n_usb_allow + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	policy->usb_allow = grown;
	grown[policy->n_usb_allow] = *allow;
	snprintf(key, sizeof(key), USB_ORIGIN "%zu", policy->n_usb_allow++);
	return reader_origin(reader, key, node);
}

static int read_usb_allow(struct reader *reader, const struct field *field,
			  const struct node *value, void *base)
{
	(void)field;
	(void)base;
	if (!reader_expect(reader, value, NODE_LIST, "a list of devices ([] for none)"))
		return 0;
	for (const struct node *item = value->first; item; item = item->next) {
		size_t before = errors_count(reader->errors);
		struct usb_allow allow = { .vendor = "" };
		int err = fields_read(reader, usb_fields, item, &allow);

		if (err < 0)
			return err;
		if (errors_count(reader->errors) != before || !usb_good(reader, item, &allow))
			continue;
		lower(allow.vendor);
		lower(allow.product);
		lower(allow.class);
		err = usb_put(reader, item, &allow);
		if (err < 0)
			return err;
	}
	return 0;
}

const struct field_type modules_type = {
	.read = read_modules,
	.show = show_modules,
	.schema = schema_modules,
};

const struct field_type capabilities_type = {
	.read = read_capabilities,
	.put = put_capabilities,
	.schema = schema_capabilities,
};

const struct field_type texts_type = {
	.read = read_texts,
	.put = put_texts,
	.schema = schema_texts,
};

const struct field_type usb_allow_type = {
	.read = read_usb_allow,
	.show = show_usb_allow,
	.schema = schema_usb_allow,
};
