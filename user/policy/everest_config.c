// SPDX-License-Identifier: Apache-2.0
/*
 * EVerest's own config.yaml, as far as it names what evmon watches. Keys that are none of evmon's
 * business are passed over, whatever is in them: module configurations are free-form. What evmon
 * does use has to be of the form that EVerest's schema asks for. YAML that can mean more than it
 * shows (anchors, tags, ...) is refused as in a policy; EVerest's configurations have none.
 *
 * The file belongs to EVerest, so nothing is asked of its owner or mode: it only gives names.
 */
#include "policy/everest_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/capability.h"
#include "base/file.h"
#include "policy/document.h"
#include "policy/errors.h"
#include "policy/everest_hazards.h"
#include "policy/scalars.h"

enum {
	DEFAULT_BROKER_PORT = 1883,
	DEFAULT_CONTROLLER_PORT = 8849,
	MODULES_MAX = 4096,
};

struct reading {
	const char *file;
	struct everest_config *config;
	struct policy_error *error;
};

static struct place place_of(const struct reading *r, const struct node *node)
{
	return (struct place){ r->file, node->line, node->column };
}

static int expect(const struct reading *r, const struct node *node, enum node_kind kind,
		  const char *form)
{
	if (node->kind == kind)
		return 0;
	error_set(r->error, place_of(r, node), "%s must be %s, not %s",
		  node->key ? quoted(node->key->text).text : "the file", form,
		  node_kind_name(node));
	return -EBADMSG;
}

/* A setting that is there, into a buffer; missing is good. */
static int text_read(const struct reading *r, const struct node *map, const char *key, char *buffer,
		     size_t size)
{
	const struct node *value = node_find(map, key);
	int err;

	if (!value)
		return 0;
	err = expect(r, value, NODE_SCALAR, "a single value");
	if (err < 0)
		return err;
	if (value->control || strlen(value->text) >= size) {
		error_set(r->error, place_of(r, value), "%s has control bytes or is too long",
			  quoted(key).text);
		return -EBADMSG;
	}
	memcpy(buffer, value->text, strlen(value->text) + 1);
	return 0;
}

static int port_read(const struct reading *r, const struct node *map, const char *key,
		     uint16_t *ret_port)
{
	const struct node *value = node_find(map, key);
	uint64_t port;
	int err;

	if (!value)
		return 0;
	err = expect(r, value, NODE_SCALAR, "a port");
	if (err < 0)
		return err;
	if (number_parse(value->text, &port) < 0 || !port || port > UINT16_MAX) {
		error_set(r->error, place_of(r, value), "%s is not a port (1 to 65535)",
			  quoted(value->text).text);
		return -EBADMSG;
	}
	*ret_port = (uint16_t)port;
	return 0;
}

/* modules_dir as it is set, else as it follows from a prefix, else empty. */
static int modules_dir_read(const struct reading *r, const struct node *settings)
{
	static const char below[] = "/libexec/everest/modules";
	char prefix[PATH_MAX - sizeof(below)] = "";
	struct everest_config *config = r->config;
	int err;

	err = text_read(r, settings, "prefix", prefix, sizeof(prefix));
	if (!err)
		err = text_read(r, settings, "modules_dir", config->modules_dir,
				sizeof(config->modules_dir));
	if (!err && *prefix && !*config->modules_dir)
		snprintf(config->modules_dir, sizeof(config->modules_dir), "%s%s", prefix, below);
	return err;
}

static int settings_read(const struct reading *r, const struct node *settings)
{
	struct everest_config *config = r->config;
	int err;

	err = expect(r, settings, NODE_MAP, "a mapping");
	if (!err)
		err = text_read(r, settings, "run_as_user", config->run_as_user,
				sizeof(config->run_as_user));
	if (!err)
		err = text_read(r, settings, "mqtt_broker_socket_path",
				config->mqtt_broker_socket_path,
				sizeof(config->mqtt_broker_socket_path));
	if (!err)
		err = text_read(r, settings, "mqtt_broker_host", config->mqtt_broker_host,
				sizeof(config->mqtt_broker_host));
	if (!err)
		err = port_read(r, settings, "mqtt_broker_port", &config->mqtt_broker_port);
	if (!err)
		err = port_read(r, settings, "controller_port", &config->controller_port);
	return err ? err : modules_dir_read(r, settings);
}

static int capabilities_read(const struct reading *r, const struct node *list, uint64_t *ret_mask)
{
	uint64_t mask = 0;
	int err;

	if (!list)
		return 0;
	err = expect(r, list, NODE_LIST, "a list of capabilities");
	if (err < 0)
		return err;
	for (const struct node *item = list->first; item; item = item->next) {
		int number = capability_from_name(item->text);

		if (item->kind != NODE_SCALAR || number < 0) {
			error_set(r->error, place_of(r, item), "%s is no capability",
				  quoted(item->text).text);
			return -EBADMSG;
		}
		mask |= 1ull << number;
	}
	*ret_mask = mask;
	return 0;
}

static int bool_read(const struct reading *r, const struct node *value, bool *ret_value)
{
	if (!value)
		return 0;
	if (value->kind != NODE_SCALAR ||
	    (strcmp(value->text, "true") != 0 && strcmp(value->text, "false") != 0)) {
		error_set(r->error, place_of(r, value), "%s must be true or false",
			  quoted(value->key->text).text);
		return -EBADMSG;
	}
	*ret_value = !strcmp(value->text, "true");
	return 0;
}

static int name_read(const struct reading *r, const struct node *node, char name[POLICY_NAME_MAX])
{
	const char *form = node->control ? "text without control bytes" :
					   module_name_check(node->text);

	if (form) {
		error_set(r->error, place_of(r, node), "%s is not %s", quoted(node->text).text,
			  form);
		return -EBADMSG;
	}
	memcpy(name, node->text, strlen(node->text) + 1);
	return 0;
}

static int module_read(const struct reading *r, const struct node *node,
		       struct everest_module *module)
{
	const struct node *name = node_find(node, "module");
	int err;

	err = expect(r, node, NODE_MAP, "a mapping");
	if (!err)
		err = name_read(r, node->key, module->id);
	if (err < 0)
		return err;
	if (!name) {
		error_set(r->error, place_of(r, node->key),
			  "module %s has no \"module\" (its name)", quoted(node->key->text).text);
		return -EBADMSG;
	}
	err = expect(r, name, NODE_SCALAR, "a module's name");
	if (!err)
		err = name_read(r, name, module->name);
	if (!err)
		err = bool_read(r, node_find(node, "standalone"), &module->standalone);
	module->hazards = everest_hazards(node);
	return err ? err :
		     capabilities_read(r, node_find(node, "capabilities"), &module->capabilities);
}

static int modules_read(const struct reading *r, const struct node *modules)
{
	struct everest_config *config = r->config;
	size_t n = 0;
	int err;

	err = expect(r, modules, NODE_MAP, "a mapping");
	if (err < 0)
		return err;
	for (const struct node *node = modules->first; node; node = node->next) {
		if (node_find(modules, node->key->text) != node || ++n > MODULES_MAX) {
			error_set(r->error, place_of(r, node->key), "module %s %s",
				  quoted(node->key->text).text,
				  n > MODULES_MAX ? "is one too many" : "stands twice");
			return -EBADMSG;
		}
	}
	config->modules = calloc(n ? n : 1, sizeof(*config->modules));
	if (!config->modules)
		return -ENOMEM;
	for (const struct node *node = modules->first; node; node = node->next) {
		err = module_read(r, node, &config->modules[config->n_modules]);
		if (err < 0)
			return err;
		config->n_modules++;
	}
	return 0;
}

static int root_read(const struct reading *r, const struct node *root)
{
	const struct node *settings = node_find(root, "settings");
	const struct node *modules = node_find(root, "active_modules");
	int err = 0;

	if (root)
		err = expect(r, root, NODE_MAP, "a mapping");
	if (!err && settings)
		err = settings_read(r, settings);
	if (!err && modules)
		err = modules_read(r, modules);
	return err;
}

int everest_config_parse(const char *file, const char *data, size_t size,
			 struct everest_config **ret_config, struct policy_error *ret_error)
{
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	_cleanup_(document_freep) struct document *document = NULL;
	int err;

	err = document_parse(&(struct source){ file, data, size, true }, &document, ret_error);
	if (err < 0)
		return err;
	config = calloc(1, sizeof(*config));
	if (!config)
		return -ENOMEM;
	config->mqtt_broker_port = DEFAULT_BROKER_PORT;
	config->controller_port = DEFAULT_CONTROLLER_PORT;
	err = root_read(&(struct reading){ file, config, ret_error }, document->root);
	if (err < 0)
		return err;
	*ret_config = TAKE_PTR(config);
	return 0;
}

int everest_config_load(const char *path, struct everest_config **ret_config,
			struct policy_error *ret_error)
{
	_cleanup_(freep) char *data = NULL;
	size_t size = 0;
	int err;

	err = file_read(AT_FDCWD, path, DOCUMENT_BYTES, &data, &size);
	if (err < 0) {
		error_set(ret_error, (struct place){ path, 0, 0 }, "cannot be read: %s",
			  strerror(-err));
		return err;
	}
	return everest_config_parse(path, data, size, ret_config, ret_error);
}

void everest_config_free(struct everest_config *config)
{
	if (!config)
		return;
	free(config->modules);
	free(config);
}
