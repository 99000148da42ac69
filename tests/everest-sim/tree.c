// SPDX-License-Identifier: Apache-2.0
/*
 * The manager's children: which there are, with what command line, and which of them live.
 * The command line of a module is the real one to the word; argv[0] is "<id>:<Module>", not a path.
 * The tree is flat: every module is a direct child of the manager.
 *
 * Modules say that their start is done over a socket pair that they inherit from the manager
 * without CLOEXEC. Real modules inherit such a pair too and say it over MQTT; here it spares a
 * client.
 */

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "script.h"
#include "spawn.h"
#include "text.h"
#include "tree.h"

int tree_init(struct tree *tree, const struct tree_options *options, const struct config *config)
{
	char prefix[PATH_MAX];
	int err;

	*tree = (struct tree){ .options = options, .config = config, .controller_fd = -1 };
	tree->ready_fds[0] = tree->ready_fds[1] = -1;

	if (options->prefix)
		tree->prefix = strdup(options->prefix);
	else if (config->prefix)
		tree->prefix = strdup(config->prefix);
	else {
		err = text_prefix(1, sizeof(prefix), prefix);
		if (err < 0)
			return err;
		tree->prefix = strdup(prefix);
	}
	if (!tree->prefix)
		return -ENOMEM;
	if (config->modules_dir)
		tree->modules_dir = strdup(config->modules_dir);
	else if (asprintf(&tree->modules_dir, "%s/libexec/everest/modules", tree->prefix) < 0)
		tree->modules_dir = NULL;
	if (asprintf(&tree->log_config, "%s/etc/everest/default_logging.cfg",
		     strcmp(tree->prefix, "/usr") == 0 ? "" : tree->prefix) < 0)
		tree->log_config = NULL;
	tree->modules = calloc(config->n_modules + 1, sizeof(*tree->modules));
	if (!tree->modules_dir || !tree->log_config || !tree->modules)
		return -ENOMEM;
	return 0;
}

int tree_open_ready(struct tree *tree)
{
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, tree->ready_fds) < 0 ? -errno : 0;
}

void tree_fini(struct tree *tree)
{
	closep(&tree->controller_fd);
	closep(&tree->ready_fds[0]);
	closep(&tree->ready_fds[1]);
	free(tree->modules);
	free(tree->log_config);
	free(tree->modules_dir);
	free(tree->prefix);
}

int tree_start_controller(struct tree *tree)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(closep) int near = -1;
	_cleanup_(closep) int far = -1;
	char name[] = "MT.EVEREST";
	char *argv[] = { name, NULL };
	const struct spawn spawn = {
		.argv = argv,
		.run_as_user = tree->config->run_as_user,
		.unblock = { SIGINT, SIGTERM },
	};
	struct spawn child = spawn;
	const char *step;
	char port[16];
	int fds[2];
	int err;

	if (asprintf(&path, "%s/bin/controller", tree->prefix) < 0)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	near = fds[0];
	far = fds[1];
	child.path = path;
	child.stdin_fd = far;
	err = spawn_run(&child, &tree->controller, &step);
	if (err < 0) {
		fprintf(stderr, "manager: cannot start the controller: %s: %s\n", step,
			strerror(-err));
		return err;
	}
	snprintf(port, sizeof(port), "%u", tree->config->controller_port);
	if (send(near, port, strlen(port), MSG_NOSIGNAL) < 0)
		return -errno;
	tree->controller_fd = TAKE_FD(near);
	return 0;
}

enum {
	MODULE_ARGS_MAX = 20
};

/* argv[0] and the path are new; the other arguments belong to tree and options. */
static int module_argv(const struct tree *tree, const struct config_module *module, char *port,
		       size_t port_size, const char **argv)
{
	const struct config *config = tree->config;
	size_t n = 1; /* argv[0] is the caller's */

	argv[n++] = "--prefix";
	argv[n++] = tree->prefix;
	argv[n++] = "--module";
	argv[n++] = module->id;
	argv[n++] = "--log_config";
	argv[n++] = tree->log_config;
	argv[n++] = "--mqtt_everest_prefix";
	argv[n++] = tree->options->everest_prefix;
	argv[n++] = "--mqtt_external_prefix";
	argv[n++] = tree->options->external_prefix;
	if (config->broker_socket) {
		argv[n++] = "--mqtt_broker_socket_path";
		argv[n++] = config->broker_socket;
	} else {
		snprintf(port, port_size, "%u", config->broker_port);
		argv[n++] = "--mqtt_broker_host";
		argv[n++] = config->broker_host;
		argv[n++] = "--mqtt_broker_port";
		argv[n++] = port;
	}
	argv[n] = NULL;
	return n < MODULE_ARGS_MAX ? 0 : -E2BIG;
}

static int module_start(const struct tree *tree, const struct config_module *module, pid_t *ret_pid)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(freep) char *name = NULL;
	const char *argv[MODULE_ARGS_MAX];
	struct script script;
	struct spawn spawn = {
		.run_as_user = tree->config->run_as_user,
		.caps = module->caps,
		.n_caps = module->n_caps,
		.leak_chown = !tree->options->no_chown_leak,
		.stdin_fd = -1,
		.unblock = { SIGTERM, SIGCHLD },
	};
	const char *step;
	char port[16];
	int err;

	if (asprintf(&path, "%s/%s/%s", tree->modules_dir, module->name, module->name) < 0)
		return -ENOMEM;
	if (asprintf(&name, "%s:%s", module->id, module->name) < 0)
		return -ENOMEM;
	err = module_argv(tree, module, port, sizeof(port), argv);
	if (err < 0)
		return err;
	argv[0] = name;
	spawn.path = path;
	spawn.argv = (char *const *)(const void *)argv;
	if (script_find(tree, module, &script) == 0) {
		spawn.path = script.interpreter;
		spawn.argv = (char *const *)(const void *)script.argv;
		spawn.variables = script.variables;
	}
	err = spawn_run(&spawn, ret_pid, &step);
	if (err < 0)
		fprintf(stderr, "manager: cannot start module %s: %s: %s\n", name, step,
			strerror(-err));
	return err;
}

int tree_start_modules(struct tree *tree)
{
	for (size_t i = 0; i < tree->config->n_modules; i++) {
		const struct config_module *module = &tree->config->modules[i];
		int err;

		if (module->standalone)
			continue;
		err = module_start(tree, module, &tree->modules[i]);
		if (err < 0)
			return err;
	}
	return 0;
}

size_t tree_running(const struct tree *tree)
{
	size_t n = 0;

	for (size_t i = 0; i < tree->config->n_modules; i++)
		n += tree->modules[i] != 0;
	return n;
}

size_t tree_wanted(const struct tree *tree)
{
	size_t n = 0;

	for (size_t i = 0; i < tree->config->n_modules; i++)
		n += !tree->config->modules[i].standalone;
	return n;
}

void tree_kill_modules(const struct tree *tree, int signal)
{
	for (size_t i = 0; i < tree->config->n_modules; i++)
		if (tree->modules[i])
			kill(tree->modules[i], signal);
}

void tree_kill_controller(const struct tree *tree, int signal)
{
	if (tree->controller)
		kill(tree->controller, signal);
}

static void tree_forget(struct tree *tree, pid_t pid, int status)
{
	const char *how = WIFSIGNALED(status) ? "signal" : "exit code";
	int code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

	if (pid == tree->controller) {
		tree->controller = 0;
		fprintf(stderr, "manager: the controller ended, %s %d\n", how, code);
	}
	for (size_t i = 0; i < tree->config->n_modules; i++) {
		if (tree->modules[i] != pid)
			continue;
		tree->modules[i] = 0;
		fprintf(stderr, "manager: module %s (pid %d) ended, %s %d\n",
			tree->config->modules[i].id, (int)pid, how, code);
	}
}

bool tree_reap(struct tree *tree)
{
	bool any = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		tree_forget(tree, pid, status);
		any = true;
	}
	return any;
}
