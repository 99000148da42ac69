// SPDX-License-Identifier: Apache-2.0
/*
 * The built-in policy: EVerest's "Security Best Practices" page. It is data of the program and not
 * a text in it, so that it holds on a charger whose files are gone and cannot fail to parse;
 * policies/default.yaml says the same for people, and a test compares the two.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "policy/bind.h"
#include "policy/internal.h"
#include "policy/policy.h"

#define SECONDS(n) ((n)*1000000000ull)
#define CAP(name)  (1ull << CAP_##name)

enum {
	EXPOSED = 1u << EVMON_SCOPE_ANY | 1u << EVMON_SCOPE_INTERFACE,
	BROKER = 1u << EVMON_SUBJECT_BROKER,
};

static const struct policy page = {
	.unit = "everest.service",
	.manager = "/usr/bin/manager",
	.modules_dir = "/usr/libexec/everest/modules",
	.config = "/etc/everest/config.yaml",
	.settle_ns = SECONDS(30),
	.broker_exe = "/usr/sbin/mosquitto",
	.bind = {
		{ .rule = "bind.admin-panel", .subjects = SUBJECTS_ALL, .protos = PROTOS_ALL,
		  .scopes = SCOPES_ALL, .ports = { { 8849, 8849 } }, .n_ports = 1,
		  .severity = SEVERITY_CRITICAL, .action = ACTION_ALERT },
		{ .rule = "bind.mqtt-tls", .subjects = BROKER, .protos = PROTOS_TCP,
		  .scopes = EXPOSED, .ports = { { 8883, 8883 } }, .n_ports = 1,
		  .severity = SEVERITY_MEDIUM, .action = ACTION_ALERT },
		{ .rule = "bind.broker-exposed", .subjects = BROKER, .protos = PROTOS_TCP,
		  .scopes = EXPOSED, .ports = { { 1, UINT16_MAX } }, .n_ports = 1,
		  .severity = SEVERITY_CRITICAL, .action = ACTION_ALERT },
		{ .rule = "bind.mqtt-tcp", .subjects = SUBJECTS_ALL, .protos = PROTOS_TCP,
		  .scopes = EXPOSED, .ports = { { 1883, 1883 }, { 9001, 9001 } }, .n_ports = 2,
		  .severity = SEVERITY_CRITICAL, .action = ACTION_ALERT },
		{ .rule = "bind.mqtt-loopback", .subjects = SUBJECTS_ALL, .protos = PROTOS_TCP,
		  .scopes = 1u << EVMON_SCOPE_LOOPBACK, .ports = { { 1883, 1883 } }, .n_ports = 1,
		  .severity = SEVERITY_MEDIUM, .action = ACTION_ALERT },
	},
	.n_bind = 5,
	.denied_ignored = CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(FSETID),
	.used_severity = SEVERITY_HIGH,
	.denied_severity = SEVERITY_LOW,
	.held_severity = SEVERITY_MEDIUM,
	.capability_action = ACTION_ALERT,
	.root_severity = SEVERITY_HIGH,
	.root_action = ACTION_ALERT,
	.shell_severity = SEVERITY_HIGH,
	.shell_action = ACTION_ALERT,
	.admin_panel_severity = SEVERITY_CRITICAL,
	.admin_panel_action = ACTION_ALERT,
	.usb_hid_severity = SEVERITY_CRITICAL,
	.usb_storage_severity = SEVERITY_CRITICAL,
	.usb_other_severity = SEVERITY_HIGH,
	.usb_action = ACTION_ALERT,
	.window_ns = SECONDS(60),
	.window_max_ns = SECONDS(86400),
	.journal_size = 16ull << 20,
	.journal_mirror = 1,
	.mqtt_broker = "auto",
	.station = "auto",
	.mqtt_prefix = "evmon/v1",
};

static const struct module_capabilities modules[] = {
	{ .name = "EvseSlac", .mask = CAP(NET_RAW) },
	{ .name = "EvSlac", .mask = CAP(NET_RAW) },
	{ .name = "Setup", .mask = CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(DAC_OVERRIDE) },
	{ .name = "PacketSniffer", .mask = CAP(NET_RAW) },
};

static const char *const root_allow[] = { "/usr/bin/manager", NULL };
/* Modules whose own scripts are their job. */
static const char *const shell_allow[] = { "Setup", "System", "Linux_Systemd_Rauc",
					   "Iso15118InternetVas", NULL };

static int texts_copy(const char *const *from, size_t n, char ***ret_texts)
{
	char **texts = *ret_texts = calloc(n, sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	for (; *from; from++, texts++) {
		*texts = strdup(*from);
		if (!*texts)
			return -ENOMEM;
	}
	return 0;
}

int policy_bind_rank(const char *rule)
{
	for (size_t i = 0; i < page.n_bind; i++)
		if (!strcmp(page.bind[i].rule, rule))
			return (int)i;
	/* Off, and what it is about is what no other item names: so it is always the last. */
	return strcmp(rule, "bind.unexpected") ? -EINVAL : (int)page.n_bind;
}

int policy_new_default(struct policy **ret_policy)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	int err;

	policy = malloc(sizeof(*policy));
	if (!policy)
		return -ENOMEM;
	memcpy(policy, &page, sizeof(*policy));
	policy->modules = malloc(sizeof(modules));
	if (!policy->modules)
		return -ENOMEM;
	memcpy(policy->modules, modules, sizeof(modules));
	policy->n_modules = ARRAY_SIZE(modules);
	err = texts_copy(root_allow, ARRAY_SIZE(root_allow), &policy->root_allow);
	if (!err)
		err = texts_copy(shell_allow, ARRAY_SIZE(shell_allow), &policy->shell_allow);
	if (!err)
		err = policy_hash_update(policy);
	if (err < 0)
		return err;
	*ret_policy = TAKE_PTR(policy);
	return 0;
}
