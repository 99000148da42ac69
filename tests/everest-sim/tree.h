/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "config.h"

/* The manager's command line. */
struct tree_options {
	const char *config_path;
	const char *prefix; /* NULL: the configuration's, else where the manager stands */
	const char *everest_prefix;
	const char *external_prefix;
	const char *status_path;
	const char *sim_dir;
	bool admin_panel;
	bool no_chown_leak;
	bool no_broker;
	bool recover;
};

/* All of the manager's children. The modules keep the order of the configuration. */
struct tree {
	const struct tree_options *options;
	const struct config *config;
	char *prefix;
	char *modules_dir;
	char *log_config;
	pid_t controller;
	int controller_fd;
	pid_t *modules;	  /* by the module's index, 0: not running */
	int ready_fds[2]; /* modules write to [1], which they inherit, when their start is done */
	size_t n_ready;
	unsigned int attempts;
};

int tree_init(struct tree *tree, const struct tree_options *options, const struct config *config);
void tree_fini(struct tree *tree);

/* The admin panel's backend, told its port; its word of readiness comes on controller_fd. */
int tree_start_controller(struct tree *tree);

/* Where modules say that they are ready. After the controller's start: it does not inherit it. */
int tree_open_ready(struct tree *tree);

/* Each module that is not standalone, one after another. Says on stderr which one failed. */
int tree_start_modules(struct tree *tree);

/* How many modules run, are to run. */
size_t tree_running(const struct tree *tree);
size_t tree_wanted(const struct tree *tree);

void tree_kill_modules(const struct tree *tree, int signal);
void tree_kill_controller(const struct tree *tree, int signal);

/* Reaps what has ended, and says so on stderr; true where any did. */
bool tree_reap(struct tree *tree);
