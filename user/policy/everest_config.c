// SPDX-License-Identifier: Apache-2.0
/*
 * EVerest's own config.yaml, as far as it names what evmon watches. Keys that are none of evmon's
 * business are passed over, whatever is in them: module configurations are free-form. What evmon
 * does use has to be of the form that EVerest's schema asks for. YAML that can mean more than it
 * shows (anchors, tags, ...) is refused as in a policy; EVerest's configurations have none.
 *
 * As the manager does, the modules of user-config/ are merged over the config's, while settings are
 * the config's alone, less what the manager's environment says of the broker. That environment is
 * for those to give who know it: the daemon's own is another one, and it reads none of it.
 *
 * The file belongs to EVerest, so nothing is asked of its owner or mode: it only gives names.
 */
#include "policy/everest_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/capability.h"
#include "base/file.h"
#include "policy/document.h"
#include "policy/errors.h"
#include "policy/everest_hazards.h"
#include "policy/everest_merge.h"
#include "policy/everest_path.h"
#include "policy/scalars.h"

enum {
	MODULES_MAX = 4096,
};

struct reading {
	const char *file;
	const char *user_file; /* what was merged over it */
	const struct everest_start *start;
	struct everest_config *config;
	struct policy_error *error;
};

static struct place place_of(const struct reading *r, const struct node *node)
{
	return (struct place){ node->patch ? r->user_file : r->file, node->line, node->column };
}

/* Of the key that a node is the value of. */
static struct place key_place(const struct reading *r, const struct node *node)
{
	return (struct place){ node->patch ? r->user_file : r->file, node->key->line,
			       node->key->column };
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

static struct node *child_of(struct node *map, const char *key)
{
	struct node *child = map && map->kind == NODE_MAP ? map->first : NULL;

	while (child && strcmp(child->key->text, key) != 0)
		child = child->next;
	return child;
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
	const struct node *value = node_find(settings, "modules_dir");
	struct everest_config *config = r->config;
	char prefix[PATH_MAX / 2] = "", dir[PATH_MAX / 2] = "";
	const char *from = r->start->prefix;
	int err;

	err = text_read(r, settings, "prefix", prefix, sizeof(prefix));
	if (!err)
		err = text_read(r, settings, "modules_dir", dir, sizeof(dir));
	if (err < 0)
		return err;
	if (!from)
		from = *prefix ? prefix : value ? EVEREST_PREFIX : "";
	if (strlen(from) >= sizeof(prefix))
		return -ENAMETOOLONG;
	if (*dir == '/')
		snprintf(config->modules_dir, sizeof(config->modules_dir), "%s", dir);
	else if (*from)
		snprintf(config->modules_dir, sizeof(config->modules_dir), "%s%s%s", from,
			 *dir ? "/" : below, dir);
	return 0;
}

/* What the manager throws a BootException for. */
static int broker_check(const struct reading *r, const struct node *settings)
{
	const struct node *path = node_find(settings, "mqtt_broker_socket_path");
	const struct node *host = node_find(settings, "mqtt_broker_host");

	if (!*r->config->mqtt_broker_socket_path)
		return 0;
	if (host)
		error_set(
			r->error, place_of(r, host),
			"mqtt_broker_host and mqtt_broker_socket_path exclude each other: EVerest does not start with both");
	else if (r->start->mqtt_address)
		error_set(
			r->error, place_of(r, path),
			"mqtt_broker_socket_path excludes MQTT_SERVER_ADDRESS in the environment: EVerest does not start with both");
	else
		return 0;
	return -EBADMSG;
}

static int environment_apply(const struct reading *r, const struct node *settings)
{
	struct everest_config *config = r->config;
	int err = broker_check(r, settings);

	if (err < 0)
		return err;
	if (r->start->mqtt_address)
		snprintf(config->mqtt_broker_host, sizeof(config->mqtt_broker_host), "%s",
			 r->start->mqtt_address);
	if (r->start->mqtt_port)
		config->mqtt_broker_port = r->start->mqtt_port;
	return 0;
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
	return err;
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

static int name_read(const struct reading *r, struct place place, const struct node *node,
		     char name[POLICY_NAME_MAX])
{
	const char *form = node->control ? "text without control bytes" :
					   module_name_check(node->text);

	if (form) {
		error_set(r->error, place, "%s is not %s", quoted(node->text).text, form);
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
		err = name_read(r, key_place(r, node), node->key, module->id);
	if (err < 0)
		return err;
	if (!name) {
		error_set(r->error, key_place(r, node), "module %s has no \"module\" (its name)",
			  quoted(node->key->text).text);
		return -EBADMSG;
	}
	err = expect(r, name, NODE_SCALAR, "a module's name");
	if (!err)
		err = name_read(r, place_of(r, name), name, module->name);
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
			error_set(r->error, key_place(r, node), "module %s %s",
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

static int root_expect(const struct reading *r, const struct document *document)
{
	return document->root ? expect(r, document->root, NODE_MAP, "a mapping") : 0;
}

/* Of the user's file only what concerns modules counts: the manager reads its settings before. */
static int modules_merge(const struct reading *r, struct document *main, struct document *user)
{
	struct reading other = *r;
	const struct node *modules;
	int err;

	other.file = r->user_file;
	err = user ? root_expect(&other, user) : 0;
	if (err < 0)
		return err;
	modules = everest_merge(child_of(main->root, "active_modules"),
				user ? child_of(user->root, "active_modules") : NULL);
	return modules ? modules_read(r, modules) : 0;
}

static int documents_read(const struct reading *r, struct document *main, struct document *user)
{
	const struct node *settings = node_find(main->root, "settings");
	int err = root_expect(r, main);

	if (!err && settings)
		err = settings_read(r, settings);
	if (!err)
		err = modules_dir_read(r, settings);
	if (!err)
		err = environment_apply(r, settings);
	return err ? err : modules_merge(r, main, user);
}

int everest_config_parse_merged(const struct source *main, const struct source *user,
				const struct everest_start *start,
				struct everest_config **ret_config, struct policy_error *ret_error)
{
	_cleanup_(everest_config_freep) struct everest_config *config = NULL;
	_cleanup_(document_freep) struct document *document = NULL;
	_cleanup_(document_freep) struct document *over = NULL;
	struct reading reading = { main->file, user ? user->file : NULL, start, NULL, ret_error };
	int err;

	err = document_parse(main, &document, ret_error);
	if (!err && user)
		err = document_parse(user, &over, ret_error);
	if (err < 0)
		return err;
	reading.config = config = calloc(1, sizeof(*config));
	if (!config)
		return -ENOMEM;
	config->mqtt_broker_port = EVEREST_BROKER_PORT;
	config->controller_port = EVEREST_CONTROLLER_PORT;
	if (user)
		snprintf(config->user_config, sizeof(config->user_config), "%s", user->file);
	err = documents_read(&reading, document, over);
	if (err < 0)
		return err;
	*ret_config = TAKE_PTR(config);
	return 0;
}

int everest_config_parse(const char *file, const char *data, size_t size,
			 struct everest_config **ret_config, struct policy_error *ret_error)
{
	return everest_config_parse_merged(&(struct source){ file, data, size, true }, NULL,
					   &(struct everest_start){ .prefix = NULL }, ret_config,
					   ret_error);
}

static int bytes_read(const char *path, char **ret_data, size_t *ret_size,
		      struct policy_error *ret_error)
{
	int err = file_read(AT_FDCWD, path, DOCUMENT_BYTES, ret_data, ret_size);

	if (err < 0)
		error_set(ret_error, (struct place){ path, 0, 0 }, "cannot be read: %s",
			  strerror(-err));
	return err;
}

int everest_config_read(const char *path, const struct everest_start *start,
			struct everest_config **ret_config, struct policy_error *ret_error)
{
	_cleanup_(freep) char *data = NULL;
	_cleanup_(freep) char *user_data = NULL;
	struct source main = { path, NULL, 0, true }, user = { .control = true };
	char user_path[PATH_MAX];
	int err;

	err = bytes_read(path, &data, &main.size, ret_error);
	if (err < 0)
		return err;
	main.data = data;
	if (everest_user_config_path(path, user_path) < 0 || access(user_path, F_OK) < 0)
		return everest_config_parse_merged(&main, NULL, start, ret_config, ret_error);
	err = bytes_read(user_path, &user_data, &user.size, ret_error);
	if (err < 0)
		return err;
	user.file = user_path;
	user.data = user_data;
	return everest_config_parse_merged(&main, &user, start, ret_config, ret_error);
}

int everest_config_load(const char *path, struct everest_config **ret_config,
			struct policy_error *ret_error)
{
	return everest_config_read(path, &(struct everest_start){ .prefix = NULL }, ret_config,
				   ret_error);
}

void everest_config_free(struct everest_config *config)
{
	if (!config)
		return;
	free(config->modules);
	free(config);
}
