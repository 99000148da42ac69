/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What evmon wants to know of EVerest's own config.yaml (EVerest main @ aa8113f90, schemas/
 * config.yaml): names, user, broker, ports. It is advisory and never widens the policy.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "policy/document.h"
#include "policy/policy.h"

/* What a module's own configuration can say that is dangerous on a charger in the field. */
enum everest_hazard {
	HAZARD_TLS_KEYS,
	HAZARD_TLS_LOG,
	HAZARD_PASSWORD,
	HAZARD_API_EXPOSED,
	HAZARD_MAX
};

struct everest_module {
	char id[POLICY_NAME_MAX];
	char name[POLICY_NAME_MAX];
	uint64_t capabilities;
	unsigned hazards; /* bit per enum everest_hazard */
	bool standalone;  /* not started by the manager */
};

struct everest_config {
	char user_config[PATH_MAX];	   /* what was merged over it; empty: nothing */
	char run_as_user[POLICY_NAME_MAX]; /* empty: modules stay root */
	char mqtt_broker_socket_path[PATH_MAX];
	char mqtt_broker_host[256];
	uint16_t mqtt_broker_port;	/* 1883 */
	uint16_t controller_port;	/* 8849 */
	char modules_dir[PATH_MAX];	/* empty: <prefix>/libexec/everest/modules */
	struct everest_module *modules; /* owned, in the file's order */
	size_t n_modules;
};

/* How the manager is started, as far as it changes what a config means. Zero: not said. */
struct everest_start {
	const char *prefix;
	const char *mqtt_address; /* MQTT_SERVER_ADDRESS in its environment */
	uint16_t mqtt_port;	  /* MQTT_SERVER_PORT */
};

enum {
	EVEREST_BROKER_PORT = 1883,
	EVEREST_CONTROLLER_PORT = 8849,
};

/*
 * The config and, merged over its modules, user-config/ of the same name beside it. -ENOENT: no
 * such file; -EBADMSG: error says where, also for what the manager refuses to start with. Unknown
 * keys are none of evmon's business.
 */
int everest_config_read(const char *path, const struct everest_start *start,
			struct everest_config **ret_config, struct policy_error *ret_error);
/* The same where nothing is known of the manager's start: its environment is not the caller's. */
int everest_config_load(const char *path, struct everest_config **ret_config,
			struct policy_error *ret_error);
/* One file whose bytes are at hand, nothing merged. */
int everest_config_parse(const char *file, const char *data, size_t size,
			 struct everest_config **ret_config, struct policy_error *ret_error);
/* Two files, likewise; `user` may be NULL. */
int everest_config_parse_merged(const struct source *main, const struct source *user,
				const struct everest_start *start,
				struct everest_config **ret_config, struct policy_error *ret_error);
/* What such a setting is, for people: `tls_key_logging`. */
const char *everest_hazard_setting(enum everest_hazard hazard);
void everest_config_free(struct everest_config *config);
DEFINE_CLEANUP(struct everest_config *, everest_config_free);
