// SPDX-License-Identifier: Apache-2.0
/*
 * EVerest's config is advisory: it gives names and the broker's socket, and never widens the
 * policy. What it says against the page is a standing finding, told when it comes up: the digests
 * of what was found last, with the boot in which it was, lie in the state directory, so that a
 * restart of evmon in the same boot repeats nothing, and a change of the config tells what is new.
 * A finding that went and comes again is told again.
 */
#include "everest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "pipeline.h"
#include "policy/config_lint.h"

enum {
	FINDINGS_MAX = 512, /* beyond, the config's findings are no list that anybody reads */
};

#define FINDINGS_FILE "config-findings"

/* The file's text: the boot, then a digest a line. */
struct found {
	struct daemon *daemon;
	char *before; /* of the last time; empty: nothing, or another boot */
	char *now;
	size_t n_now, size;
	size_t n, beyond;
};

void everest_read(struct daemon *daemon)
{
	struct policy_error error = { .line = 0 };
	struct everest_config *config = NULL;
	int err = everest_config_load(daemon->policy->config, &config, &error);

	daemon->everest_error[0] = '\0';
	if (err < 0 && err != -ENOENT) {
		snprintf(daemon->everest_error, sizeof(daemon->everest_error), "%.255s:%u:%u: %s",
			 error.file, error.line, error.column, error.text);
		log_warning("%s", daemon->everest_error);
		return;
	}
	if (err < 0)
		log_debug("%s: %s", daemon->policy->config, strerror(-err));
	everest_config_free(daemon->everest);
	daemon->everest = config;
}

static int finding_tell(struct found *found, const struct config_finding *finding)
{
	struct daemon *daemon = found->daemon;
	char text[1024], hex[HASH_HEX], line[HASH_HEX + 1];
	size_t n;

	if (found->n == FINDINGS_MAX) {
		found->beyond++;
		return 0;
	}
	snprintf(text, sizeof(text), "%u %s %s", finding->rule, finding->what, finding->detail);
	hash_hex(text, strlen(text), hex);
	snprintf(line, sizeof(line), "%s\n", hex);
	n = strlen(line);
	memcpy(found->now + found->n_now, line, n + 1);
	found->n_now += n;
	found->n++;
	if (strstr(found->before, line))
		return 0;
	return pipeline_finding(daemon, finding->rule, finding->what, finding->detail, text);
}

static int on_finding(const struct config_finding *of, void *userdata)
{
	struct found *found = userdata;
	struct config_finding finding = { .rule = of->rule };

	memcpy(finding.what, of->what, sizeof(finding.what));
	snprintf(finding.detail, sizeof(finding.detail), "%.100s: %.80s: %.190s",
		 found->daemon->policy->config, of->what, of->detail);
	return finding_tell(found, &finding);
}

static int unreadable_tell(struct found *found)
{
	struct config_finding finding = { .rule = EVMON_RULE_CONFIG_LINT, .what = "config" };

	snprintf(finding.detail, sizeof(finding.detail), "%.380s", found->daemon->everest_error);
	return finding_tell(found, &finding);
}

static int found_open(struct found *found)
{
	struct daemon *daemon = found->daemon;
	char boot[CLOCK_BOOT_ID_MAX];
	size_t size = 0;

	found->size = sizeof(boot) + 1 + (size_t)FINDINGS_MAX * (HASH_HEX + 1);
	found->now = calloc(1, found->size);
	if (!found->now)
		return -ENOMEM;
	(void)clock_boot_id(boot);
	found->n_now = (size_t)snprintf(found->now, found->size, "%s\n", boot);
	if (file_read(daemon->state_fd, FINDINGS_FILE, found->size, &found->before, &size) < 0 ||
	    !boot[0] || strncmp(found->before, found->now, found->n_now) != 0) {
		free(found->before);
		found->before = strdup("");
	}
	return found->before ? 0 : -ENOMEM;
}

static void found_keep(struct found *found)
{
	int err;

	if (found->beyond)
		log_warning("%s: %zu more findings are not told", found->daemon->policy->config,
			    found->beyond);
	if (!strcmp(found->before, found->now))
		return;
	err = file_write_durable(found->daemon->state_fd, FINDINGS_FILE, found->now, found->n_now,
				 0600);
	if (err < 0)
		log_warning("%s/%s: %s: a restart tells again what the config says",
			    found->daemon->options->state_dir, FINDINGS_FILE, strerror(-err));
}

int everest_judge(struct daemon *daemon)
{
	struct found found = { .daemon = daemon };
	int err = found_open(&found);

	if (err >= 0 && daemon->everest_error[0])
		err = unreadable_tell(&found);
	else if (err >= 0 && daemon->everest)
		err = config_lint(daemon->everest, daemon->policy, on_finding, &found);
	if (err >= 0)
		found_keep(&found);
	free(found.before);
	free(found.now);
	return err;
}

int everest_broker(struct daemon *daemon)
{
	const struct policy *policy = daemon->policy;
	const char *socket = "/run/mosquitto/mosquitto.sock";
	const char *url = daemon->options->mqtt;
	char unix_url[PATH_MAX + 8];

	if (daemon->options->no_mqtt)
		return 0;
	if (!url && policy->mqtt_broker[0] && strcmp(policy->mqtt_broker, "auto") != 0)
		url = policy->mqtt_broker;
	if (!url) {
		if (daemon->everest && daemon->everest->mqtt_broker_socket_path[0])
			socket = daemon->everest->mqtt_broker_socket_path;
		snprintf(unix_url, sizeof(unix_url), "unix:%s", socket);
		url = unix_url;
	}
	if (strlen(url) >= sizeof(daemon->mqtt_url)) {
		log_err("the broker's URL is longer than %zu bytes", sizeof(daemon->mqtt_url) - 1);
		return -EINVAL;
	}
	memcpy(daemon->mqtt_url, url, strlen(url) + 1);
	return 0;
}
