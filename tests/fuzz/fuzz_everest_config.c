// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as EVerest's config.yaml: either names and ports within their limits, or an error with
 * a message that is fit for a terminal.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "policy/everest_config.h"

static void check_text(const char *text)
{
	for (; *text; text++)
		PROMISE((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_config(const struct everest_config *config)
{
	PROMISE(config->mqtt_broker_port && config->controller_port);
	check_text(config->run_as_user);
	check_text(config->mqtt_broker_socket_path);
	check_text(config->mqtt_broker_host);
	check_text(config->modules_dir);
	for (size_t i = 0; i < config->n_modules; i++) {
		PROMISE(*config->modules[i].id && strlen(config->modules[i].id) < POLICY_NAME_MAX);
		PROMISE(*config->modules[i].name &&
			strlen(config->modules[i].name) < POLICY_NAME_MAX);
		PROMISE(!(config->modules[i].capabilities >> 41));
		check_text(config->modules[i].id);
		check_text(config->modules[i].name);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct everest_config *config = NULL;
	struct policy_error error;
	int err = everest_config_parse("fuzz.yaml", (const char *)data, size, &config, &error);

	PROMISE(!err || err == -EBADMSG);
	PROMISE(!err == !!config);
	if (err) {
		PROMISE(*error.text);
		check_text(error.text);
		return 0;
	}
	check_config(config);
	everest_config_free(config);
	return 0;
}
