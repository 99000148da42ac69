/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"

enum {
	CONFIG_CAPS_MAX = 41
};

struct config_key {
	char *name;
	char *value;
};

/* One of active_modules. keys: config_module and, flattened, config_implementation. */
struct config_module {
	char *id;
	char *name;
	bool standalone;
	int caps[CONFIG_CAPS_MAX];
	size_t n_caps;
	struct config_key *keys;
	size_t n_keys;
};

/* An EVerest configuration file; a string that was not set is NULL, a port not set the default. */
struct config {
	char *run_as_user;
	char *broker_socket;
	char *broker_host;
	char *modules_dir;
	char *prefix;
	unsigned int broker_port;
	unsigned int controller_port;
	struct config_module *modules; /* in the order of their ids, as they are started */
	size_t n_modules;
};

/* 0; -errno of the file; or -EINVAL with ret_line set, for what is not YAML, or a capability or a
 * port that does not exist, a module without a name, a socket path beside a host. */
int config_load(const char *path, struct config **ret, unsigned int *ret_line);

void config_free(struct config *config);

static inline void config_freep(struct config **config)
{
	config_free(*config);
}

/* The string by which modules learn their keys: lines "id.name=value". NULL: no memory. */
char *config_environment(const struct config *config);
