// SPDX-License-Identifier: Apache-2.0
/*
 * The closed list of rules and the words for them. Names, once published, stay: they stand in
 * alerts, policies and other people's dashboards. A severity here is what holds where the policy
 * has no word of its own, so those of bind, capability, exec and usb equal the built-in policy's.
 *
 * exec.root is not marked as standing although its root-module case is: whether a root process is
 * its module's own root or a second finding is known at the exec only, so the kernel decides.
 */
#include "policy/rules.h"

#include <errno.h>
#include <string.h>

#include "base/macros.h"

/* clang-format off */
static const struct rule rules[EVMON_RULE_CLOSED] = {
#define RULE(number, text, from, weight, stands) \
	[EVMON_RULE_##number] = { .name = (text), .sensor = EVMON_SENSOR_##from, \
				  .severity = SEVERITY_##weight, .standing = (stands) }
	RULE(BIND_ADMIN_PANEL, "bind.admin-panel", BIND, CRITICAL, false),
	RULE(BIND_BROKER_EXPOSED, "bind.broker-exposed", BIND, CRITICAL, false),
	RULE(BIND_MQTT_TLS, "bind.mqtt-tls", BIND, MEDIUM, false),
	RULE(BIND_MQTT_TCP, "bind.mqtt-tcp", BIND, CRITICAL, false),
	RULE(BIND_MQTT_LOOPBACK, "bind.mqtt-loopback", BIND, MEDIUM, false),
	RULE(BIND_UNEXPECTED, "bind.unexpected", BIND, MEDIUM, false),
	RULE(CAPABILITY_USED, "capability.used", CAPABILITY, HIGH, false),
	RULE(CAPABILITY_DENIED, "capability.denied", CAPABILITY, LOW, false),
	RULE(CAPABILITY_HELD, "capability.held", CAPABILITY, MEDIUM, false),
	RULE(CAPABILITY_EVEREST_CHOWN, "capability.everest-chown", CAPABILITY, LOW, true),
	RULE(CAPABILITY_USERNS, "capability.userns", CAPABILITY, MEDIUM, false),
	RULE(EXEC_ROOT, "exec.root", EXEC, HIGH, false),
	RULE(EXEC_ROOT_STEADY, "exec.root-steady", EXEC, HIGH, true),
	RULE(EXEC_GAINED, "exec.gained", EXEC, HIGH, false),
	RULE(EXEC_SHELL, "exec.shell", EXEC, HIGH, false),
	RULE(EXEC_ADMIN_PANEL, "exec.admin-panel", EXEC, CRITICAL, false),
	RULE(USB_HID, "usb.hid", USB, CRITICAL, false),
	RULE(USB_STORAGE, "usb.storage", USB, CRITICAL, false),
	RULE(USB_OTHER, "usb.other", USB, HIGH, false),
	RULE(USB_NEW_AT_START, "usb.new-at-start", USB, HIGH, false),
	RULE(CONFIG_NO_RUN_AS_USER, "config.no-run-as-user", CONFIG, HIGH, false),
	RULE(CONFIG_BROKER_TCP, "config.broker-tcp", CONFIG, MEDIUM, false),
	RULE(CONFIG_ADMIN_PANEL_PORT, "config.admin-panel-port", CONFIG, MEDIUM, false),
	RULE(CONFIG_CAPABILITIES_BEYOND_PAGE, "config.capabilities-beyond-page", CONFIG, MEDIUM, false),
	RULE(CONFIG_LINT, "config.lint", CONFIG, LOW, false),
	RULE(SELF_STARTED, "self.started", SELF, LOW, false),
	RULE(SELF_STOPPED, "self.stopped", SELF, LOW, false),
	RULE(SELF_GAP, "self.gap", SELF, MEDIUM, false),
	RULE(SELF_LOST, "self.lost", SELF, MEDIUM, false),
	RULE(SELF_DEGRADED, "self.degraded", SELF, HIGH, false),
	RULE(SELF_POLICY_INVALID, "self.policy-invalid", SELF, HIGH, false),
	RULE(SELF_JOURNAL_BROKEN, "self.journal-broken", SELF, CRITICAL, false),
	RULE(SELF_CLOCK_STEP, "self.clock-step", SELF, MEDIUM, false),
	RULE(SELF_MAP_FULL, "self.map-full", SELF, HIGH, false),
	RULE(SELF_USB_BASELINE, "self.usb-baseline", SELF, LOW, false),
	RULE(SELF_TAMPERED, "self.tampered", SELF, CRITICAL, false),
#undef RULE
};
/* clang-format on */

static const char *const severities[SEVERITY_MAX] = {
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
};

static const char *const sensors[EVMON_SENSOR_MAX] = {
	[EVMON_SENSOR_BIND] = "bind",	  [EVMON_SENSOR_CAPABILITY] = "capability",
	[EVMON_SENSOR_EXEC] = "exec",	  [EVMON_SENSOR_USB] = "usb",
	[EVMON_SENSOR_CONFIG] = "config", [EVMON_SENSOR_SELF] = "self",
};

static const char *const subjects[EVMON_SUBJECT_MAX] = {
	[EVMON_SUBJECT_HOST] = "host",
	[EVMON_SUBJECT_BROKER] = "broker",
	[EVMON_SUBJECT_EVEREST] = "everest",
};

static const char *const verdicts[EVMON_VERDICT_MAX] = {
	[EVMON_VERDICT_ALLOW] = "allow",   [EVMON_VERDICT_ALERT] = "alert",
	[EVMON_VERDICT_DENIED] = "denied", [EVMON_VERDICT_KILLED] = "killed",
	[EVMON_VERDICT_LATE] = "late",
};

static const char *name_of(const char *const *names, size_t n, unsigned number)
{
	return number < n ? names[number] : NULL;
}

static int number_of(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -EINVAL;
}

const struct rule *rule_get(enum evmon_rule rule)
{
	if (rule >= EVMON_RULE_CLOSED || !rules[rule].name)
		return NULL;
	return &rules[rule];
}

int rule_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].name && !strcmp(rules[i].name, name))
			return (int)i;
	return -EINVAL;
}

bool rule_is_told(unsigned rule)
{
	return rule != EVMON_RULE_NONE && rule != EVMON_RULE_CANARY && rule < EVMON_RULES;
}

const char *severity_name(enum severity severity)
{
	return name_of(severities, SEVERITY_MAX, severity);
}

int severity_from_name(const char *name)
{
	return number_of(severities, SEVERITY_MAX, name);
}

const char *sensor_name(enum evmon_sensor sensor)
{
	return name_of(sensors, EVMON_SENSOR_MAX, sensor);
}

int sensor_from_name(const char *name)
{
	return number_of(sensors, EVMON_SENSOR_MAX, name);
}

const char *subject_name(enum evmon_subject subject)
{
	return name_of(subjects, EVMON_SUBJECT_MAX, subject);
}

const char *verdict_name(enum evmon_verdict verdict)
{
	return name_of(verdicts, EVMON_VERDICT_MAX, verdict);
}
