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
	char run_as_user[POLICY_NAME_MAX]; /* empty: modules stay root */
	char mqtt_broker_socket_path[PATH_MAX];
	char mqtt_broker_host[256];
	uint16_t mqtt_broker_port;	/* 1883 */
	uint16_t controller_port;	/* 8849 */
	char modules_dir[PATH_MAX];	/* empty: <prefix>/libexec/everest/modules */
	struct everest_module *modules; /* owned, in the file's order */
	size_t n_modules;
};

/* -ENOENT: no such file; -EBADMSG: error says where. Unknown keys are none of evmon's business. */
int everest_config_load(const char *path, struct everest_config **ret_config,
			struct policy_error *ret_error);
/* As everest_config_load() of a file whose bytes are at hand. */
int everest_config_parse(const char *file, const char *data, size_t size,
			 struct everest_config **ret_config, struct policy_error *ret_error);
/* What such a setting is, for people: `tls_key_logging`. */
const char *everest_hazard_setting(enum everest_hazard hazard);
void everest_config_free(struct everest_config *config);
DEFINE_CLEANUP(struct everest_config *, everest_config_free);
