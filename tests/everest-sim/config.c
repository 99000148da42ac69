// SPDX-License-Identifier: Apache-2.0
/*
 * Reads an EVerest configuration: libyaml's events, and a stack of the keys that lead to the
 * value at hand. Only what the manager acts on is kept (see EVerest's schema of config.yaml);
 * connections, telemetry, mapping and access are passed over, so that a charger's own file can be
 * given.
 *
 * Modules end up in the order of their ids, because EVerest keeps them in an ordered map and starts
 * them in that order. Their own keys reach them through the environment: real modules get theirs
 * over MQTT, and a file might not be readable to the user they run as.
 */

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "caps.h"
#include "config.h"
#include "text.h"

enum {
	DEPTH_MAX = 16,
	MODULES_MAX = 256,
	KEYS_MAX = 64
};

struct level {
	bool mapping;
	bool has_key; /* the next scalar is this key's value */
	char *key;
};

struct reader {
	struct config *config;
	struct level levels[DEPTH_MAX];
	unsigned int depth;
};

static int string_set(char **string, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*string);
	*string = copy;
	return 0;
}

static int setting_apply(struct config *config, const char *key, const char *value)
{
	struct {
		const char *key;
		char **string;
	} strings[] = {
		{ "run_as_user", &config->run_as_user },
		{ "mqtt_broker_socket_path", &config->broker_socket },
		{ "mqtt_broker_host", &config->broker_host },
		{ "modules_dir", &config->modules_dir },
		{ "prefix", &config->prefix },
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (strcmp(key, strings[i].key) == 0)
			return string_set(strings[i].string, value);
	if (strcmp(key, "mqtt_broker_port") == 0)
		return text_uint(value, 65535, &config->broker_port);
	if (strcmp(key, "controller_port") == 0)
		return text_uint(value, 65535, &config->controller_port);
	return 0;
}

static int module_find(struct config *config, const char *id, struct config_module **ret)
{
	struct config_module *modules;
	char *copy;

	for (size_t i = 0; i < config->n_modules; i++) {
		if (strcmp(config->modules[i].id, id) == 0) {
			*ret = &config->modules[i];
			return 0;
		}
	}
	if (config->n_modules == MODULES_MAX)
		return -E2BIG;
	modules = realloc(config->modules, (config->n_modules + 1) * sizeof(*modules));
	if (!modules)
		return -ENOMEM;
	config->modules = modules;
	copy = strdup(id);
	if (!copy)
		return -ENOMEM;
	modules[config->n_modules] = (struct config_module){ .id = copy };
	*ret = &modules[config->n_modules++];
	return 0;
}

static int module_add_key(struct config_module *module, const char *name, const char *value)
{
	struct config_key key = { 0 };
	struct config_key *keys;

	if (module->n_keys == KEYS_MAX)
		return -E2BIG;
	if (strchr(value, '\n'))
		return -EINVAL;
	keys = realloc(module->keys, (module->n_keys + 1) * sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	module->keys = keys;
	key.name = strdup(name);
	key.value = strdup(value);
	if (!key.name || !key.value) {
		free(key.name);
		free(key.value);
		return -ENOMEM;
	}
	keys[module->n_keys++] = key;
	return 0;
}

static int module_add_cap(struct config_module *module, const char *name)
{
	int cap = caps_from_name(name);

	if (cap < 0)
		return cap;
	if (module->n_caps == CONFIG_CAPS_MAX)
		return -E2BIG;
	module->caps[module->n_caps++] = cap;
	return 0;
}

static int module_apply(struct reader *r, const char *value)
{
	const struct level *field = &r->levels[2];
	const struct level *last = &r->levels[r->depth - 1];
	struct config_module *module;
	int err;

	if (!r->levels[1].mapping || !field->mapping)
		return 0;
	err = module_find(r->config, r->levels[1].key, &module);
	if (err < 0)
		return err;
	if (r->depth == 3 && strcmp(field->key, "module") == 0)
		return string_set(&module->name, value);
	if (r->depth == 3 && strcmp(field->key, "standalone") == 0)
		module->standalone = strcmp(value, "true") == 0;
	if (r->depth == 4 && strcmp(field->key, "capabilities") == 0 && !last->mapping)
		return module_add_cap(module, value);
	if (r->depth == 4 && strcmp(field->key, "config_module") == 0 && last->mapping)
		return module_add_key(module, last->key, value);
	if (r->depth == 5 && strcmp(field->key, "config_implementation") == 0 && last->mapping)
		return module_add_key(module, last->key, value);
	return 0;
}

static int value_apply(struct reader *r, const char *value)
{
	if (!r->levels[0].mapping)
		return -EINVAL;
	if (r->depth == 2 && r->levels[1].mapping && strcmp(r->levels[0].key, "settings") == 0)
		return setting_apply(r->config, r->levels[1].key, value);
	if (r->depth >= 3 && strcmp(r->levels[0].key, "active_modules") == 0)
		return module_apply(r, value);
	return 0;
}

static void value_done(struct reader *r)
{
	if (r->depth)
		r->levels[r->depth - 1].has_key = false;
}

static int reader_scalar(struct reader *r, const char *value)
{
	struct level *top;
	int err;

	if (!r->depth)
		return *value ? -EINVAL : 0;
	top = &r->levels[r->depth - 1];
	if (top->mapping && !top->has_key) {
		top->has_key = true;
		return string_set(&top->key, value);
	}
	err = value_apply(r, value);
	value_done(r);
	return err;
}

static int reader_push(struct reader *r, bool mapping)
{
	if (r->depth && r->levels[r->depth - 1].mapping && !r->levels[r->depth - 1].has_key)
		return -EINVAL; /* a key that is not a scalar */
	if (r->depth == DEPTH_MAX)
		return -E2BIG;
	r->levels[r->depth++] = (struct level){ .mapping = mapping };
	return 0;
}

static void reader_pop(struct reader *r)
{
	r->depth--;
	free(r->levels[r->depth].key);
	value_done(r);
}

static int reader_event(struct reader *r, const yaml_event_t *event)
{
	/* the values of yaml_event_type_t that say nothing about values are left to the default */
	switch ((int)event->type) {
	case YAML_SCALAR_EVENT:
		return reader_scalar(r, (const char *)event->data.scalar.value);
	case YAML_MAPPING_START_EVENT:
		return reader_push(r, true);
	case YAML_SEQUENCE_START_EVENT:
		return reader_push(r, false);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		reader_pop(r);
		return 0;
	case YAML_ALIAS_EVENT:
		return -EINVAL;
	default:
		return 0;
	}
}

static int config_parse(struct config *config, FILE *file, unsigned int *ret_line)
{
	struct reader reader = { .config = config };
	yaml_parser_t parser;
	bool end = false;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_file(&parser, file);
	while (!end && err == 0) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			*ret_line = (unsigned int)parser.problem_mark.line + 1;
			err = -EINVAL;
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		err = reader_event(&reader, &event);
		if (err < 0)
			*ret_line = (unsigned int)event.start_mark.line + 1;
		yaml_event_delete(&event);
	}
	while (reader.depth)
		reader_pop(&reader);
	yaml_parser_delete(&parser);
	return err;
}

static int module_compare(const void *a, const void *b)
{
	const struct config_module *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static int config_finish(struct config *config)
{
	if (config->broker_socket && config->broker_host)
		return -EINVAL;
	if (!config->broker_socket && !config->broker_host &&
	    string_set(&config->broker_host, "localhost"))
		return -ENOMEM;
	if (config->run_as_user && !*config->run_as_user) {
		free(config->run_as_user);
		config->run_as_user = NULL;
	}
	for (size_t i = 0; i < config->n_modules; i++)
		if (!config->modules[i].name)
			return -EINVAL;
	if (config->n_modules)
		qsort(config->modules, config->n_modules, sizeof(*config->modules), module_compare);
	return 0;
}

int config_load(const char *path, struct config **ret, unsigned int *ret_line)
{
	_cleanup_(config_freep) struct config *config = calloc(1, sizeof(*config));
	FILE *file;
	int err;

	*ret_line = 0;
	if (!config)
		return -ENOMEM;
	config->broker_port = 1883;
	config->controller_port = 8849;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	err = config_parse(config, file, ret_line);
	fclose(file);
	if (err == 0)
		err = config_finish(config);
	if (err < 0)
		return err;
	*ret = TAKE_PTR(config);
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_modules; i++) {
		struct config_module *module = &config->modules[i];

		for (size_t k = 0; k < module->n_keys; k++) {
			free(module->keys[k].name);
			free(module->keys[k].value);
		}
		free(module->keys);
		free(module->id);
		free(module->name);
	}
	free(config->modules);
	free(config->run_as_user);
	free(config->broker_socket);
	free(config->broker_host);
	free(config->modules_dir);
	free(config->prefix);
	free(config);
}

char *config_environment(const struct config *config)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < config->n_modules; i++) {
		const struct config_module *module = &config->modules[i];

		for (size_t k = 0; k < module->n_keys; k++)
			fprintf(out, "%s.%s=%s\n", module->id, module->keys[k].name,
				module->keys[k].value);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
