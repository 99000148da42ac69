// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as EVerest's config.yaml: either names and ports within their limits, or an error with
 * a message that is fit for a terminal. What follows a line `%%` is the user's file merged over it.
 * A policy made out of what was read loads and allows no module more than the built-in one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "policy/config_lint.h"
#include "policy/everest_config.h"
#include "policy/from_everest.h"
#include "policy/internal.h"

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

static int seen(const struct config_finding *finding, void *userdata)
{
	(void)userdata;
	PROMISE(*finding->what && *finding->detail && rule_get(finding->rule));
	check_text(finding->what);
	check_text(finding->detail);
	return 0;
}

static void check_policy(const struct everest_config *config, const struct everest_start *start)
{
	struct policy *page = NULL, *policy = NULL;
	struct policy_errors errors;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err;

	PROMISE(out && policy_new_default(&page) == 0);
	PROMISE(config_lint(config, page, seen, NULL) == 0);
	err = policy_from_everest(out,
				  &(struct from_everest){ config, "fuzz.yaml", NULL, start, page });
	PROMISE(fclose(out) == 0 && (!err || err == -E2BIG));
	if (!err) {
		PROMISE(policy_load_bytes("p", text, size, &policy, &errors) == 0);
		for (size_t i = 0; i < policy->n_modules; i++)
			PROMISE(!(policy->modules[i].mask &
				  ~policy_capabilities(page, "", policy->modules[i].name)));
	}
	policy_free(policy);
	policy_free(page);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct everest_start start = { .prefix = NULL };
	const uint8_t *cut = memmem(data, size, "\n%%\n", 4);
	struct source main = { "fuzz.yaml", (const char *)data, size, true };
	struct source user = { "user.yaml", NULL, 0, true };
	struct everest_config *config = NULL;
	struct policy_error error;
	int err;

	if (cut) {
		main.size = (size_t)(cut - data) + 1;
		user.data = (const char *)cut + 4;
		user.size = size - main.size - 3;
	}
	err = everest_config_parse_merged(&main, cut ? &user : NULL, &start, &config, &error);
	PROMISE(!err || err == -EBADMSG);
	PROMISE(!err == !!config);
	if (err) {
		PROMISE(*error.text);
		check_text(error.text);
		return 0;
	}
	check_config(config);
	check_policy(config, &start);
	everest_config_free(config);
	return 0;
}
