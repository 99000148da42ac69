// SPDX-License-Identifier: Apache-2.0
/*
 * EVerest's config against the page and the policy. A finding is something that the config decides
 * and that is wrong on a charger in the field, so that a config set up as the page says gives none.
 * What only might be wrong is none: Setup and its capabilities are in the page's own table, RpcApi
 * listens on loopback by default, validate_schema is off by default everywhere. Whether a module is
 * root or binds a port is seen in the kernel; here is only what the config means to do.
 *
 * Simulators are one finding for all: it is the config, not each module, that is for a desk.
 */
#include "policy/config_lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/capability.h"

enum {
	PANEL_PORT = 8849
};

struct lint {
	const struct everest_config *config;
	const struct policy *policy;
	config_finding_fn fn;
	void *userdata;
};

/* Text that is put together piece by piece, and cut where the room ends. */
struct text {
	char *at;
	size_t left;
};

static void _printf_(2, 3) text_add(struct text *text, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->at, text->left, format, args);
	va_end(args);
	n = n < 0 ? 0 : n;
	n = MIN(n, (int)text->left - 1);
	text->at += n;
	text->left -= (size_t)n;
}

static int _printf_(4, 5) tell(const struct lint *lint, enum evmon_rule rule, const char *what,
			       const char *format, ...)
{
	struct config_finding finding = { .rule = rule };
	va_list args;

	snprintf(finding.what, sizeof(finding.what), "%s", what);
	va_start(args, format);
	vsnprintf(finding.detail, sizeof(finding.detail), format, args);
	va_end(args);
	return lint->fn(&finding, lint->userdata);
}

static int user_check(const struct lint *lint)
{
	const char *user = lint->config->run_as_user;

	if (*user && strcmp(user, "root") != 0)
		return 0;
	return tell(lint, EVMON_RULE_CONFIG_NO_RUN_AS_USER, "run_as_user",
		    "%s: the manager and every module run as root with all capabilities",
		    *user ? "root" : "not set");
}

static int broker_check(const struct lint *lint)
{
	const struct everest_config *config = lint->config;
	const char *host = *config->mqtt_broker_host ? config->mqtt_broker_host : "localhost";

	if (*config->mqtt_broker_socket_path)
		return 0;
	return tell(
		lint, EVMON_RULE_CONFIG_BROKER_TCP, "mqtt_broker_socket_path",
		"not set: EVerest talks MQTT over TCP to %s:%u, in clear and without a password",
		host, config->mqtt_broker_port);
}

/* The panel binds the wildcard address of IPv4 and IPv6; the policy's ports may not follow it. */
static int panel_check(const struct lint *lint)
{
	const struct evmon_bind_object panel = {
		.port = lint->config->controller_port,
		.proto = EVMON_PROTO_TCP,
		.scope = EVMON_SCOPE_ANY,
	};
	const struct bind_rule *rule;

	if (panel.port == PANEL_PORT)
		return 0;
	rule = policy_bind_rule(lint->policy, EVMON_SUBJECT_EVEREST, &panel);
	if (rule && rule->action != ACTION_ALLOW)
		return 0;
	return tell(
		lint, EVMON_RULE_CONFIG_ADMIN_PANEL_PORT, "controller_port",
		"moves the admin panel from 8849 to %u, which no bind rule of the policy reports",
		panel.port);
}

static void module_words(const struct everest_module *module, char *buffer, size_t size)
{
	snprintf(buffer, size, "%.50s (%.60s)", module->id, module->name);
}

static int capabilities_check(const struct lint *lint, const struct everest_module *module)
{
	uint64_t granted = policy_capabilities(lint->policy, module->id, module->name);
	uint64_t beyond = module->capabilities & ~granted;
	char names[256] = "", what[128];
	struct text text = { names, sizeof(names) };

	if (!beyond)
		return 0;
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		if (beyond >> i & 1)
			text_add(&text, "%s%s", *names ? ", " : "", capability_name(i));
	module_words(module, what, sizeof(what));
	return tell(lint, EVMON_RULE_CONFIG_CAPABILITIES_BEYOND_PAGE, what,
		    "asks for %s, which the policy does not grant to it", names);
}

static const char *const hazards[HAZARD_MAX] = {
	[HAZARD_TLS_KEYS] = "writes the keys of TLS sessions to a file, for whoever reads it",
	[HAZARD_TLS_LOG] = "logs TLS connections verbosely, which is for testing",
	[HAZARD_PASSWORD] = "is that of EVerest's examples, which everybody knows",
	[HAZARD_API_EXPOSED] = "serves an API beyond loopback, in clear and without a password",
};

static int hazards_check(const struct lint *lint, const struct everest_module *module)
{
	char what[128];
	int err = 0;

	module_words(module, what, sizeof(what));
	for (unsigned i = 0; i < HAZARD_MAX && err >= 0; i++)
		if (module->hazards >> i & 1)
			err = tell(lint, EVMON_RULE_CONFIG_LINT, what, "%s %s",
				   everest_hazard_setting(i), hazards[i]);
	return err < 0 ? err : 0;
}

/* A stand-in for hardware or a backend. */
static bool simulates(const char *name)
{
	return !strncmp(name, "Dummy", 5) || strstr(name, "Simulator") ||
	       strstr(name, "Simulation");
}

static int simulators_check(const struct lint *lint)
{
	const struct everest_config *config = lint->config;
	char names[256] = "";
	struct text text = { names, sizeof(names) };
	size_t n = 0;

	for (size_t i = 0; i < config->n_modules; i++) {
		const struct everest_module *module = &config->modules[i];

		if (!simulates(module->name))
			continue;
		n++;
		if (strlen(module->id) + strlen(module->name) + 8 < text.left)
			text_add(&text, "%s%s (%s)", *names ? ", " : "", module->id, module->name);
	}
	if (!n)
		return 0;
	return tell(lint, EVMON_RULE_CONFIG_LINT, "simulators",
		    "%zu of the modules only simulate and are not for a charger in the field: %s",
		    n, names);
}

int config_lint(const struct everest_config *config, const struct policy *policy,
		config_finding_fn fn, void *userdata)
{
	const struct lint lint = { config, policy, fn, userdata };
	int err;

	err = user_check(&lint);
	if (err >= 0)
		err = broker_check(&lint);
	if (err >= 0)
		err = panel_check(&lint);
	for (size_t i = 0; err >= 0 && i < config->n_modules; i++) {
		err = capabilities_check(&lint, &config->modules[i]);
		if (err >= 0)
			err = hazards_check(&lint, &config->modules[i]);
	}
	if (err >= 0)
		err = simulators_check(&lint);
	return err < 0 ? err : 0;
}
