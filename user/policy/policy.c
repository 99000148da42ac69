// SPDX-License-Identifier: Apache-2.0
/*
 * The life of a policy and its hash. The hash is taken over a text that says everything once, in an
 * order of its own: words rather than numbers of this build, and lists whose order means nothing
 * sorted. So it names what is in force, whichever files said it, and two chargers with equal
 * policies show equal hashes.
 */
#include "policy/policy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "policy/bind.h"
#include "policy/internal.h"
#include "policy/lists.h"

static const char *const actions[] = {
	[ACTION_ALLOW] = "allow",
	[ACTION_ALERT] = "alert",
	[ACTION_DENY] = "deny",
};

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	free(policy->usb_allow);
	texts_free(policy->shell_allow);
	texts_free(policy->root_allow);
	free(policy->modules);
	free(policy);
}

uint64_t policy_capabilities(const struct policy *policy, const char *id, const char *name)
{
	const struct module_capabilities *by_name = NULL;

	for (size_t i = 0; i < policy->n_modules; i++) {
		const struct module_capabilities *module = &policy->modules[i];

		if (strcmp(module->name, name) != 0)
			continue;
		if (!*module->id)
			by_name = module;
		else if (!strcmp(module->id, id))
			return module->mask;
	}
	return by_name ? by_name->mask : 0;
}

static bool covers_port(const struct bind_rule *rule, unsigned port)
{
	for (size_t i = 0; i < rule->n_ports; i++)
		if (port >= rule->ports[i].first && port <= rule->ports[i].last)
			return true;
	return false;
}

const struct bind_rule *policy_bind_rule(const struct policy *policy, enum evmon_subject subject,
					 const struct evmon_bind_object *object)
{
	for (size_t i = 0; i < policy->n_bind; i++) {
		const struct bind_rule *rule = &policy->bind[i];

		if (rule->subjects >> subject & 1 && rule->scopes >> object->scope & 1 &&
		    rule->protos >> object->proto & 1 && covers_port(rule, object->port))
			return rule;
	}
	return NULL;
}

/* The length keeps one text from reading like two. */
static void put_text(FILE *f, const char *key, const char *text)
{
	fprintf(f, "%s=%zu:%s\n", key, strlen(text), text);
}

static void put_number(FILE *f, const char *key, uint64_t number)
{
	fprintf(f, "%s=%" PRIu64 "\n", key, number);
}

static void put_judgement(FILE *f, const char *key, enum severity severity,
			  enum policy_action action)
{
	fprintf(f, "%s=%s,%s\n", key, severity_name(severity), actions[action]);
}

static void put_words(FILE *f, unsigned set, const char *const *words, const unsigned *bits)
{
	for (; *words; words++, bits++)
		if ((set & *bits) == *bits)
			fprintf(f, ",%s", *words);
}

static void put_bind(FILE *f, const struct bind_rule *item)
{
	static const char *const subjects[] = { "host", "broker", "everest", NULL };
	static const unsigned subject_bits[] = { 1u << EVMON_SUBJECT_HOST,
						 1u << EVMON_SUBJECT_BROKER,
						 1u << EVMON_SUBJECT_EVEREST };
	static const char *const protos[] = { "tcp", "udp", "sctp", "other", NULL };
	static const unsigned proto_bits[] = { PROTOS_TCP, PROTOS_UDP, PROTOS_SCTP,
					       1u << EVMON_PROTO_OTHER };
	static const char *const scopes[] = { "loopback", "interface", "any", NULL };
	static const unsigned scope_bits[] = { 1u << EVMON_SCOPE_LOOPBACK,
					       1u << EVMON_SCOPE_INTERFACE, 1u << EVMON_SCOPE_ANY };

	put_judgement(f, item->rule, item->severity, item->action);
	put_words(f, item->subjects, subjects, subject_bits);
	put_words(f, item->protos, protos, proto_bits);
	put_words(f, item->scopes, scopes, scope_bits);
	for (size_t i = 0; i < item->n_ports; i++)
		fprintf(f, ",%u-%u", item->ports[i].first, item->ports[i].last);
	fputc('\n', f);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int put_texts(FILE *f, const char *key, char *const *texts)
{
	_cleanup_(freep) const char **sorted = NULL;
	size_t n = 0;

	while (texts && texts[n])
		n++;
	sorted = calloc(n + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = texts[i];
	qsort(sorted, n, sizeof(*sorted), by_text);
	for (size_t i = 0; i < n; i++)
		put_text(f, key, sorted[i]);
	return 0;
}

static int by_module(const void *a, const void *b)
{
	const struct module_capabilities *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->id, y->id);
}

static int put_modules(FILE *f, const struct policy *policy)
{
	_cleanup_(freep) struct module_capabilities *sorted = NULL;
	size_t n = policy->n_modules;

	sorted = calloc(n + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	if (n)
		memcpy(sorted, policy->modules, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_module);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "module=%s:%s:%" PRIx64 "\n", sorted[i].id, sorted[i].name,
			sorted[i].mask);
	return 0;
}

/* The texts' rests are zero, see fields.c. */
static int by_device(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct usb_allow));
}

static int put_devices(FILE *f, const struct policy *policy)
{
	_cleanup_(freep) struct usb_allow *sorted = NULL;
	size_t n = policy->n_usb_allow;

	sorted = calloc(n + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	if (n)
		memcpy(sorted, policy->usb_allow, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_device);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "usb=%s:%s:%s:%s", sorted[i].vendor, sorted[i].product, sorted[i].port,
			sorted[i].class);
		put_text(f, "", sorted[i].serial);
	}
	return 0;
}

static void put_rest(FILE *f, const struct policy *policy)
{
	put_text(f, "unit", policy->unit);
	put_text(f, "manager", policy->manager);
	put_text(f, "modules_dir", policy->modules_dir);
	put_text(f, "config", policy->config);
	put_number(f, "settle", policy->settle_ns);
	put_text(f, "broker.exe", policy->broker_exe);
	for (size_t i = 0; i < policy->n_bind; i++)
		put_bind(f, &policy->bind[i]);
	fprintf(f, "denied_ignored=%" PRIx64 "\n", policy->denied_ignored);
	put_judgement(f, "used", policy->used_severity, policy->capability_action);
	put_judgement(f, "denied", policy->denied_severity, policy->capability_action);
	put_judgement(f, "held", policy->held_severity, policy->capability_action);
	put_judgement(f, "root", policy->root_severity, policy->root_action);
	put_judgement(f, "shell", policy->shell_severity, policy->shell_action);
	put_judgement(f, "admin_panel", policy->admin_panel_severity, policy->admin_panel_action);
	put_judgement(f, "usb.hid", policy->usb_hid_severity, policy->usb_action);
	put_judgement(f, "usb.storage", policy->usb_storage_severity, policy->usb_action);
	put_judgement(f, "usb.other", policy->usb_other_severity, policy->usb_action);
	put_number(f, "cmdline_full", (uint64_t)policy->cmdline_full);
	put_number(f, "window", policy->window_ns);
	put_number(f, "window_max", policy->window_max_ns);
	put_number(f, "journal.size", policy->journal_size);
	put_number(f, "journal.max_age", policy->journal_max_age_ns);
	put_number(f, "journal.mirror", (uint64_t)policy->journal_mirror);
	put_text(f, "mqtt.broker", policy->mqtt_broker);
	put_text(f, "mqtt.station", policy->station);
	put_text(f, "mqtt.prefix", policy->mqtt_prefix);
	put_text(f, "mqtt.ca", policy->mqtt_ca);
	put_text(f, "mqtt.cert", policy->mqtt_cert);
	put_text(f, "mqtt.key", policy->mqtt_key);
}

int policy_hash_update(struct policy *policy)
{
	_cleanup_(freep) char *text = NULL;
	char hex[HASH_HEX];
	size_t size = 0;
	FILE *f;
	int err;

	f = open_memstream(&text, &size);
	if (!f)
		return -ENOMEM;
	put_rest(f, policy);
	err = put_modules(f, policy);
	if (!err)
		err = put_texts(f, "root.allow", policy->root_allow);
	if (!err)
		err = put_texts(f, "shell.allow", policy->shell_allow);
	if (!err)
		err = put_devices(f, policy);
	if (fclose(f) != 0 && !err)
		err = -ENOMEM;
	if (err < 0)
		return err;
	hash_hex(text, size, hex);
	memcpy(policy->hash, hex, POLICY_HASH_MAX - 1);
	policy->hash[POLICY_HASH_MAX - 1] = '\0';
	return 0;
}
