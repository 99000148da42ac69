// SPDX-License-Identifier: Apache-2.0
/*
 * The sentence that an operator reads first: who, did what, and why that matters. It says nothing
 * that the other members do not say exactly, so it may be cut: a sentence that outgrows its room
 * ends early, a path keeps its end, where the name is. What a tally alone does not know (an
 * address, a path) is left out, never guessed.
 */
#include "alert/message.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/names.h"
#include "base/capability.h"

enum {
	PATH_SHOWN = 100
};

struct words {
	char *text;
	size_t size, length;
};

static void say(struct words *w, const char *format, ...) _printf_(2, 3);

static void say(struct words *w, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(w->text + w->length, w->size - w->length, format, args);
	va_end(args);
	if (n > 0)
		w->length = MIN(w->length + (size_t)n, w->size - 1);
}

static void say_path(struct words *w, const char *path)
{
	size_t n = strlen(path);

	if (n > PATH_SHOWN)
		say(w, "...%s", path + n - PATH_SHOWN);
	else
		say(w, "%s", path);
}

static void say_who(struct words *w, const struct alert *alert)
{
	if (alert->has_module && alert->module.id[0])
		say(w, "module %s (%s)", alert->module.id, alert->module.name);
	else if (alert->has_module)
		say(w, "module %s", alert->module.name);
	else if (alert->subject == EVMON_SUBJECT_BROKER)
		say(w, "the broker");
	else if (alert->subject == EVMON_SUBJECT_EVEREST && alert->key.slot == EVMON_CLASS_MANAGER)
		say(w, "the manager");
	else if (alert->has_process && alert->process.comm[0])
		say(w, "process %s (pid %u)", alert->process.comm, alert->process.pid);
	else
		say(w, "a process");
}

static void say_endpoint(struct words *w, const struct alert *alert)
{
	const struct event_bind *bind = &alert->bind;
	bool ipv6 = bind->family == EVMON_FAMILY_IPV6;
	const char *proto = proto_name(bind->proto);
	char address[INET6_ADDRSTRLEN] = "?";

	say(w, "%s ", proto ? proto : "other protocol");
	if (alert->object_partial) {
		say(w, "port %u (%s, %s)", bind->port, family_name(bind->family),
		    bind->scope == EVMON_SCOPE_ANY ? "any address" : scope_name(bind->scope));
		return;
	}
	inet_ntop(ipv6 ? AF_INET6 : AF_INET, bind->address, address, sizeof(address));
	say(w, ipv6 ? "[%s]:%u" : "%s:%u", address, bind->port);
	if (alert->device[0])
		say(w, " on %s", alert->device);
}

int message_endpoint(const struct alert *alert, char *buffer, size_t size)
{
	struct words w = { .text = buffer, .size = size };

	say_endpoint(&w, alert);
	return (int)w.length;
}

static const char *bind_verb(const struct alert *alert)
{
	static const char *const verbs[EVMON_BIND_HOW_MAX] = {
		[EVMON_BIND_BIND] = "bound",
		[EVMON_BIND_LISTEN] = "listens on",
		[EVMON_BIND_AUTO] = "was given",
		[EVMON_BIND_HELD] = "holds",
	};

	return alert->verdict == EVMON_VERDICT_DENIED ? "was refused" : verbs[alert->bind.how];
}

static void say_bind(struct words *w, const struct alert *alert)
{
	static const char *const why[EVMON_RULE_CLOSED] = {
		[EVMON_RULE_BIND_ADMIN_PANEL] = "the admin panel's port",
		[EVMON_RULE_BIND_BROKER_EXPOSED] = "an MQTT listener that the network can reach",
		[EVMON_RULE_BIND_MQTT_TLS] = "MQTT over TLS that the network can reach",
		[EVMON_RULE_BIND_MQTT_TCP] = "an MQTT port that the network can reach",
		[EVMON_RULE_BIND_MQTT_LOOPBACK] = "MQTT over TCP on loopback",
		[EVMON_RULE_BIND_UNEXPECTED] = "which no rule of the policy allows",
	};

	say_who(w, alert);
	say(w, " %s ", bind_verb(alert));
	say_endpoint(w, alert);
	if (alert->rule < EVMON_RULE_CLOSED && why[alert->rule])
		say(w, ", %s", why[alert->rule]);
	else
		say(w, ", against %s", alert->rule_name);
	if (!alert->opener.pid)
		return;
	say(w, "; opened by ");
	if (alert->opener.exe[0]) {
		say_path(w, alert->opener.exe);
		say(w, " (pid %u)", alert->opener.pid);
	} else {
		say(w, "pid %u", alert->opener.pid);
	}
}

static void say_capability(struct words *w, const struct alert *alert)
{
	static const char *const verbs[EVMON_CAPABILITY_KIND_MAX] = {
		[EVMON_CAPABILITY_USED] = "used",
		[EVMON_CAPABILITY_DENIED] = "asked in vain for",
		[EVMON_CAPABILITY_HELD] = "holds",
	};
	const char *name = capability_name(alert->capability.number);

	say_who(w, alert);
	say(w, " %s ",
	    alert->verdict == EVMON_VERDICT_DENIED ? "was refused" : verbs[alert->capability.kind]);
	if (name)
		say(w, "%s", name);
	else
		say(w, "capability %u", alert->capability.number);
	if (alert->rule == EVMON_RULE_CAPABILITY_EVEREST_CHOWN)
		say(w, " beyond its list, as EVerest's manager leaves it to modules with others");
	else if (alert->rule == EVMON_RULE_CAPABILITY_USERNS)
		say(w, " in a user namespace%s",
		    alert->capability.kind == EVMON_CAPABILITY_HELD ? ", and all others" : "");
	else
		say(w, ", which is not in its list");
}

static void say_gained(struct words *w, uint64_t mask)
{
	const char *before = "";

	for (unsigned number = 0; number < CAPABILITY_COUNT; number++) {
		if (!(mask >> number & 1))
			continue;
		say(w, "%s%s", before, capability_name(number));
		before = ", ";
	}
}

/* A tally has no path: the sentence then does without. */
static void say_file(struct words *w, const struct alert *alert, const char *before,
		     const char *instead)
{
	if (alert->exec_text.path[0]) {
		say(w, "%s", before);
		say_path(w, alert->exec_text.path);
	} else {
		say(w, "%s", instead);
	}
}

static void say_exec(struct words *w, const struct alert *alert, bool standing)
{
	say_who(w, alert);
	if (alert->rule == EVMON_RULE_EXEC_ROOT && standing) {
		say(w, " runs as root");
	} else if (alert->rule == EVMON_RULE_EXEC_ROOT && alert->exec.how == EVMON_EXEC_CREDS) {
		say(w, " became root without an exec");
	} else if (alert->rule == EVMON_RULE_EXEC_ROOT) {
		say_file(w, alert, " ran ", " ran a file");
		say(w, " as root");
	} else if (alert->rule == EVMON_RULE_EXEC_ROOT_STEADY) {
		say(w, " is still root after start-up");
	} else if (alert->rule == EVMON_RULE_EXEC_GAINED) {
		say(w, " gained ");
		say_gained(w, alert->exec.gained);
		say_file(w, alert, alert->exec.gained ? " with " : "rights with ", "rights");
	} else if (alert->rule == EVMON_RULE_EXEC_SHELL) {
		say_file(w, alert, " started a shell, ", " started a shell");
	} else if (alert->rule == EVMON_RULE_EXEC_ADMIN_PANEL) {
		say_file(w, alert, " is the admin panel, ", " is the admin panel");
	} else {
		say_file(w, alert, " ran ", " ran a file");
	}
}

static void say_usb(struct words *w, const struct alert *alert)
{
	static const char *const what[EVMON_RULE_CLOSED] = {
		[EVMON_RULE_USB_HID] = ", an input device",
		[EVMON_RULE_USB_STORAGE] = ", a storage device",
		[EVMON_RULE_USB_OTHER] = ", which the policy does not list",
		[EVMON_RULE_USB_NEW_AT_START] = ", found at start and not in the baseline",
	};
	const struct usb_device *device = &alert->usb;

	say(w, "USB device %s:%s", device->vendor, device->product);
	if (device->name[0])
		say(w, " (%s)", device->name);
	say(w, " %s port %s", device->attached ? "attached at" : "detached from", device->port);
	if (alert->rule < EVMON_RULE_CLOSED && what[alert->rule])
		say(w, "%s", what[alert->rule]);
	if (alert->usb_missed)
		say(w, "; it was gone before its uevents were read");
}

static void say_self(struct words *w, const struct alert *alert)
{
	static const char *const what[EVMON_RULE_CLOSED] = {
		[EVMON_RULE_CONFIG_NO_RUN_AS_USER] =
			"EVerest's config sets no run_as_user, so modules stay root",
		[EVMON_RULE_CONFIG_BROKER_TCP] = "EVerest's config reaches its broker over TCP",
		[EVMON_RULE_CONFIG_ADMIN_PANEL_PORT] = "EVerest's config moves the admin panel",
		[EVMON_RULE_CONFIG_CAPABILITIES_BEYOND_PAGE] =
			"EVerest's config gives capabilities beyond the security page",
		[EVMON_RULE_CONFIG_LINT] = "EVerest's config",
		[EVMON_RULE_SELF_STARTED] = "evmon started",
		[EVMON_RULE_SELF_STOPPED] = "evmon stopped",
		[EVMON_RULE_SELF_GAP] = "evmon did not watch for a while",
		[EVMON_RULE_SELF_LOST] = "something was lost",
		[EVMON_RULE_SELF_DEGRADED] = "evmon sees less than it should",
		[EVMON_RULE_SELF_POLICY_INVALID] = "the policy is not valid and not in force",
		[EVMON_RULE_SELF_JOURNAL_BROKEN] = "the journal was found damaged",
		[EVMON_RULE_SELF_CLOCK_STEP] = "the clock was set",
		[EVMON_RULE_SELF_MAP_FULL] = "a kernel table is full: counts hold, details do not",
		[EVMON_RULE_SELF_USB_BASELINE] = "the USB devices of the first start are recorded",
		[EVMON_RULE_SELF_TAMPERED] = "evmon's own hooks or files were tampered with",
	};

	if (alert->rule < EVMON_RULE_CLOSED && what[alert->rule])
		say(w, "%s", what[alert->rule]);
	else
		say(w, "%s", alert->self.what);
	if (alert->self.detail[0])
		say(w, ": %s", alert->self.detail);
}

static void say_verdict(struct words *w, const struct alert *alert)
{
	bool said = alert->sensor == EVMON_SENSOR_BIND || alert->sensor == EVMON_SENSOR_CAPABILITY;
	bool usb = alert->sensor == EVMON_SENSOR_USB;

	if (alert->asked_deny && alert->usb_gone)
		say(w, "; it was to be denied, and had gone before that");
	else if (alert->asked_deny)
		say(w, "; it was to be denied, which cannot be done here");
	else if (alert->verdict == EVMON_VERDICT_KILLED)
		say(w, ", and was killed for it");
	else if (alert->verdict == EVMON_VERDICT_DENIED && !said)
		say(w, usb ? ", and was kept from use" : ", and was refused");
	else if (alert->verdict == EVMON_VERDICT_LATE)
		say(w, ", and was taken out of use after that");
}

void message_compose(struct alert *alert, bool standing)
{
	struct words w = { .text = alert->message, .size = sizeof(alert->message) };

	alert->message[0] = '\0';
	if (alert->rule == EVMON_RULE_NONE)
		return;
	if (alert->folded) {
		say(&w, "%" PRIu64 " more kinds of %s, %" PRIu64 " times in all", alert->folded,
		    alert->rule_name, alert->count);
		return;
	}
	switch (alert->sensor) {
	case EVMON_SENSOR_BIND:
		say_bind(&w, alert);
		break;
	case EVMON_SENSOR_CAPABILITY:
		say_capability(&w, alert);
		break;
	case EVMON_SENSOR_EXEC:
		say_exec(&w, alert, standing);
		break;
	case EVMON_SENSOR_USB:
		say_usb(&w, alert);
		break;
	case EVMON_SENSOR_CONFIG:
	case EVMON_SENSOR_SELF:
		say_self(&w, alert);
		break;
	case EVMON_SENSOR_MAX:
		break;
	}
	say_verdict(&w, alert);
}
