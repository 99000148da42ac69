// SPDX-License-Identifier: Apache-2.0
/*
 * The few settings of modules that mean the same wherever they stand (EVerest main @ aa8113f90: the
 * manifests of EvseV2G, Evse15118D20, EvseSecurity and RpcApi). A module is not asked for its name:
 * vendors fork and rename modules, and these words have no other meaning. Values are not kept, one
 * of them being a password; what is no single value is none of evmon's business.
 */
#include "policy/everest_hazards.h"

#include <string.h>
#include <strings.h>

#include "policy/everest_config.h"

/* Which words are true depends on the YAML library that EVerest was built with. */
static bool says_yes(const char *text)
{
	return !strcasecmp(text, "true") || !strcasecmp(text, "yes") || !strcasecmp(text, "on");
}

static bool is_example_password(const char *text)
{
	return !strcmp(text, "123456");
}

static bool is_beyond_loopback(const char *text)
{
	return *text && strcmp(text, "lo") != 0;
}

static const struct {
	const char *key;
	enum everest_hazard hazard;
	bool (*is_hazard)(const char *text);
} settings[] = {
	{ "tls_key_logging", HAZARD_TLS_KEYS, says_yes },
	{ "enable_tls_key_logging", HAZARD_TLS_KEYS, says_yes },
	{ "enable_ssl_logging", HAZARD_TLS_LOG, says_yes },
	{ "private_key_password", HAZARD_PASSWORD, is_example_password },
	{ "websocket_interface", HAZARD_API_EXPOSED, is_beyond_loopback },
};

static unsigned hazards_in(const struct node *values)
{
	unsigned found = 0;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct node *value = node_find(values, settings[i].key);

		if (value && value->kind == NODE_SCALAR && settings[i].is_hazard(value->text))
			found |= 1u << settings[i].hazard;
	}
	return found;
}

unsigned everest_hazards(const struct node *module)
{
	const struct node *implementations = node_find(module, "config_implementation");
	unsigned found = hazards_in(node_find(module, "config_module"));

	if (!implementations || implementations->kind != NODE_MAP)
		return found;
	for (const struct node *one = implementations->first; one; one = one->next)
		found |= hazards_in(one);
	return found;
}

const char *everest_hazard_setting(enum everest_hazard hazard)
{
	static const char *const names[HAZARD_MAX] = {
		[HAZARD_TLS_KEYS] = "tls_key_logging",
		[HAZARD_TLS_LOG] = "enable_ssl_logging",
		[HAZARD_PASSWORD] = "private_key_password",
		[HAZARD_API_EXPOSED] = "websocket_interface",
	};

	return names[hazard];
}
