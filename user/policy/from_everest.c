// SPDX-License-Identifier: Apache-2.0
/*
 * The config says what a product is: its modules, its user, its broker, its ports. It can be
 * written by whoever reaches the admin panel, so it is no source of rights: a capability that the
 * built-in policy does not grant to a module is written as a comment, with the reason, for a person
 * to decide. What a module does not ask for is not granted either. Without run_as_user that would
 * say nothing, since every module is root and need not ask; its modules then keep the page's.
 *
 * Lines that are active only narrow or follow (the panel's port); comments are text from a parsed
 * config: names that passed its checks, and the rest escaped.
 */
#include "policy/from_everest.h"

#include <errno.h>
#include <string.h>

#include "base/capability.h"
#include "base/escape.h"
#include "policy/everest_path.h"
#include "policy/lists.h"
#include "policy/scalars.h"
#include "policy/values.h"

/* What a person who decides about a module should know of it. */
static const struct {
	const char *name, *note;
} notes[] = {
	{ "Setup", "EVerest says of Setup that it should not run in normal operation" },
	{ "Huawei_V100R023C10", "known to open a raw packet socket, which takes CAP_NET_RAW" },
	{ "Iso15118InternetVas", "known to run iptables, which takes CAP_NET_ADMIN" },
};

static bool is_root(const struct everest_config *config)
{
	return !*config->run_as_user || !strcmp(config->run_as_user, "root");
}

static void put_escaped(FILE *out, const char *text)
{
	char shown[PATH_MAX];

	escape_text(shown, sizeof(shown), text, ESCAPE_TERMINAL, NULL);
	fputs(shown, out);
}

static void put_mask(FILE *out, uint64_t mask)
{
	struct module_capabilities module = { .mask = mask };

	put_capabilities(out, &module_mask, &module);
}

static const char *prefix_of(const struct from_everest *from)
{
	return from->prefix ? from->prefix : EVEREST_PREFIX;
}

static void head_put(FILE *out, const struct from_everest *from)
{
	fputs("# Written by `evmon policy from-everest` out of EVerest's configuration:\n#   ",
	      out);
	put_escaped(out, from->path);
	if (*from->config->user_config) {
		fputs("\n#   ", out);
		put_escaped(out, from->config->user_config);
		fputs(" (merged over its modules)", out);
	}
	fputs("\n# Nothing here allows more than evmon's built-in policy does. What the configuration asks for\n"
	      "# beyond it stands in comments: decide, and take the # away.\n"
	      "version: 1\n",
	      out);
}

/* The config's path on the charger: a relative one is where it was made, not where it will be. */
static int config_put(FILE *out, const struct from_everest *from)
{
	const char *slash = strrchr(from->path, '/');
	char path[PATH_MAX];
	int err;

	if (*from->path == '/') {
		fputs("  config: ", out);
		yaml_text(out, from->path);
		fputc('\n', out);
		return 0;
	}
	err = everest_etc_path(from->prefix, slash ? slash + 1 : from->path, path);
	if (err < 0)
		return err;
	fputs("  # Where it was read the path was a relative one.\n  config: ", out);
	yaml_text(out, path);
	fputc('\n', out);
	return 0;
}

static const char *modules_dir_of(const struct from_everest *from)
{
	return *from->config->modules_dir ? from->config->modules_dir : from->page->modules_dir;
}

static bool has_own_prefix(const struct from_everest *from)
{
	return *prefix_of(from) == '/' && strcmp(prefix_of(from), EVEREST_PREFIX) != 0;
}

static int everest_put(FILE *out, const struct from_everest *from)
{
	fputs("\neverest:\n", out);
	if (has_own_prefix(from)) {
		char manager[PATH_MAX];
		int n = snprintf(manager, sizeof(manager), "%s/bin/manager", from->prefix);

		if (n < 0 || (size_t)n >= sizeof(manager))
			return -ENAMETOOLONG;
		fputs("  manager: ", out);
		yaml_text(out, manager);
		fputc('\n', out);
	}
	if (!path_check(modules_dir_of(from))) {
		fputs("  modules_dir: ", out);
		yaml_text(out, modules_dir_of(from));
		fputc('\n', out);
	} else {
		fputs("  # The configuration's modules_dir is no absolute path; say where it is on the charger.\n"
		      "  # modules_dir: ...\n",
		      out);
	}
	return config_put(out, from);
}

static bool told_before(const struct everest_config *config, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!strcmp(config->modules[i].name, config->modules[at].name))
			return true;
	return false;
}

/* Root modules are findings; who must have them allows each executable by hand. */
static void root_put(FILE *out, const struct from_everest *from)
{
	const struct everest_config *config = from->config;

	if (!is_root(config)) {
		fputs("\n# run_as_user is ", out);
		put_escaped(out, config->run_as_user);
		fputs(": modules are not root, and the manager is root only until it has started them.\n",
		      out);
	} else {
		fputs("\n# run_as_user is not set, or root: the manager and every module are root with all capabilities,\n"
		      "# whatever they ask for, and each is reported as exec.root. Setting run_as_user is the remedy. A\n"
		      "# charger that can't yet would have to allow:\n"
		      "# exec:\n#   root:\n#     allow:\n#       - ",
		      out);
		put_escaped(out, prefix_of(from));
		fputs("/bin/manager\n", out);
		for (size_t i = 0; i < config->n_modules; i++) {
			if (told_before(config, i))
				continue;
			fputs("#       - ", out);
			put_escaped(out, modules_dir_of(from));
			fprintf(out, "/%s/%s\n", config->modules[i].name, config->modules[i].name);
		}
	}
	if (has_own_prefix(from)) {
		fputs("exec:\n  root:\n    allow:\n      - ", out);
		yaml_text(out, from->prefix);
		fputs("/bin/manager\n", out);
	}
}

static void panel_put(FILE *out, const struct everest_config *config)
{
	if (config->controller_port == EVEREST_CONTROLLER_PORT) {
		fputs("\n# controller_port is 8849, the admin panel's own: bind.admin-panel reports it.\n",
		      out);
		return;
	}
	fprintf(out,
		"\n# controller_port moves the admin panel from 8849 to %u: the rule follows it there.\n"
		"bind:\n  - {rule: bind.admin-panel, port: [%u, %u], proto: any, severity: critical}\n",
		config->controller_port, EVEREST_CONTROLLER_PORT, config->controller_port);
}

static void note_put(FILE *out, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		if (!strcmp(notes[i].name, name))
			fprintf(out, "    # (%s.)\n", notes[i].note);
}

static void line_put(FILE *out, const char *before, const struct everest_module *module,
		     uint64_t mask)
{
	fprintf(out, "%s\"%s:%s\": ", before, module->id, module->name);
	put_mask(out, mask);
	fputc('\n', out);
}

/* Whether it has a line of its own. */
static bool module_put(FILE *out, const struct from_everest *from,
		       const struct everest_module *module)
{
	uint64_t page = policy_capabilities(from->page, "", module->name);
	uint64_t granted = is_root(from->config) ? page : page & module->capabilities;
	uint64_t beyond = module->capabilities & ~page;

	fprintf(out, "    # %s (%s)%s asks for ", module->id, module->name,
		module->standalone ? ", which the manager does not start," : "");
	if (module->capabilities)
		put_mask(out, module->capabilities);
	else
		fputs("none", out);
	fputs("; the page grants ", out);
	if (page)
		put_mask(out, page);
	else
		fputs("none", out);
	fputs(".\n", out);
	note_put(out, module->name);
	if (page)
		line_put(out, "    ", module, granted);
	if (beyond) {
		fprintf(out, "    # Beyond the page, so not granted. %s\n",
			page ? "If the module needs it, instead of the line above:" :
			       "If the module needs it:");
		line_put(out, "    # ", module, granted | module->capabilities);
	}
	return page;
}

static bool is_configured(const struct everest_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_modules; i++)
		if (!strcmp(config->modules[i].name, name))
			return true;
	return false;
}

/* The page's table names modules that this charger does not have. */
static void absent_put(FILE *out, const struct from_everest *from)
{
	bool first = true;

	for (size_t i = 0; i < from->page->n_modules; i++) {
		const struct module_capabilities *module = &from->page->modules[i];

		if (*module->id || is_configured(from->config, module->name))
			continue;
		if (first)
			fputs("    # On the page, but not in this configuration:\n", out);
		first = false;
		fprintf(out, "    %s: []\n", module->name);
	}
}

static int modules_put(FILE *out, const struct from_everest *from)
{
	size_t n = from->page->n_modules;

	fputs("\n# id:Name is one instance. A module that has no line here has no capabilities.\n"
	      "capabilities:\n  modules:",
	      out);
	fputs(from->config->n_modules || n ? "\n" : " {}\n", out);
	for (size_t i = 0; i < from->config->n_modules; i++)
		n += module_put(out, from, &from->config->modules[i]);
	absent_put(out, from);
	return n > POLICY_MODULES ? -E2BIG : 0;
}

static void broker_put(FILE *out, const struct from_everest *from)
{
	const struct everest_config *config = from->config;
	const char *host = *config->mqtt_broker_host ? config->mqtt_broker_host : "localhost";
	char url[PATH_MAX + 8];

	if (*config->mqtt_broker_socket_path) {
		snprintf(url, sizeof(url), "unix:%s", config->mqtt_broker_socket_path);
		if (!broker_url_check(url)) {
			fputs("\nmqtt:\n  # The broker's socket is EVerest's own.\n  broker: ",
			      out);
			yaml_text(out, url);
			fputc('\n', out);
			return;
		}
		fputs("\n# EVerest's broker has a socket that is no path for a policy: ", out);
		put_escaped(out, config->mqtt_broker_socket_path);
		fputc('\n', out);
		return;
	}
	fputs("\n# EVerest reaches its broker over TCP, in clear and without a password: ", out);
	put_escaped(out, host);
	fprintf(out, ":%u%s.\n", config->mqtt_broker_port,
		from->start->mqtt_address || from->start->mqtt_port ? " (as the environment says)" :
								      "");
	fputs("# evmon takes TCP only where it is told to; better set mqtt_broker_socket_path. Else:\n"
	      "# mqtt:\n#   broker: \"mqtt://",
	      out);
	put_escaped(out, host);
	fprintf(out, ":%u\"\n", config->mqtt_broker_port);
}

int policy_from_everest(FILE *out, const struct from_everest *from)
{
	int err;

	head_put(out, from);
	err = everest_put(out, from);
	if (err < 0)
		return err;
	root_put(out, from);
	panel_put(out, from->config);
	err = modules_put(out, from);
	broker_put(out, from);
	return err;
}
