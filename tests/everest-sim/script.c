// SPDX-License-Identifier: Apache-2.0
/*
 * Modules that an interpreter runs: index.js by node, module.py by python3, out of the module's own
 * .venv if it has one. Such a module learns who it is from its environment, not from its arguments;
 * and a monitor, which sees the same executable behind all of them, from the script's path.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "script.h"

static int find_file(const struct tree *tree, const char *module, const char *file,
		     struct script *script)
{
	_cleanup_(freep) char *path = NULL;

	if (asprintf(&path, "%s/%s/%s", tree->modules_dir, module, file) < 0)
		return -ENOMEM;
	return realpath(path, script->path) ? 0 : -errno;
}

static void use_node(struct script *script)
{
	snprintf(script->interpreter, sizeof(script->interpreter), "node");
	script->argv[0] = "node";
	script->argv[1] = "--unhandled-rejections=strict";
	script->argv[2] = script->path;
}

static void use_python(const struct tree *tree, const char *module, struct script *script)
{
	int n = snprintf(script->interpreter, sizeof(script->interpreter),
			 "%s/%s/.venv/bin/python3", tree->modules_dir, module);

	if (n >= (int)sizeof(script->interpreter) || access(script->interpreter, X_OK) < 0)
		snprintf(script->interpreter, sizeof(script->interpreter), "python3");
	script->argv[0] = "python3";
	script->argv[1] = script->path;
}

static void environment_fill(const struct tree *tree, const struct config_module *module,
			     struct script *script)
{
	const struct config *config = tree->config;
	struct spawn_variable *v = script->variables;

	*v++ = (struct spawn_variable){ "EV_MODULE", module->id };
	*v++ = (struct spawn_variable){ "EV_PREFIX", tree->prefix };
	*v++ = (struct spawn_variable){ "EV_LOG_CONF_FILE", tree->log_config };
	*v++ = (struct spawn_variable){ "EV_MQTT_EVEREST_PREFIX", tree->options->everest_prefix };
	*v++ = (struct spawn_variable){ "EV_MQTT_EXTERNAL_PREFIX", tree->options->external_prefix };
	if (config->broker_socket) {
		*v++ = (struct spawn_variable){ "EV_MQTT_BROKER_SOCKET_PATH",
						config->broker_socket };
		return;
	}
	snprintf(script->port, sizeof(script->port), "%u", config->broker_port);
	*v++ = (struct spawn_variable){ "EV_MQTT_BROKER_HOST", config->broker_host };
	*v++ = (struct spawn_variable){ "EV_MQTT_BROKER_PORT", script->port };
}

int script_find(const struct tree *tree, const struct config_module *module,
		struct script *ret_script)
{
	*ret_script = (struct script){ 0 };
	if (find_file(tree, module->name, module->name, ret_script) == 0)
		return -ENOENT;
	if (find_file(tree, module->name, "index.js", ret_script) == 0)
		use_node(ret_script);
	else if (find_file(tree, module->name, "module.py", ret_script) == 0)
		use_python(tree, module->name, ret_script);
	else
		return -ENOENT;
	environment_fill(tree, module, ret_script);
	return 0;
}

const char *script_module(char *const *argv)
{
	char *path = NULL, *slash;

	for (argv += *argv != NULL; *argv && !path; argv++)
		if ((*argv)[0] != '-')
			path = strdup(*argv);
	slash = path ? strrchr(path, '/') : NULL;
	if (!slash)
		return NULL;
	*slash = '\0';
	slash = strrchr(path, '/');
	return slash ? slash + 1 : NULL;
}
