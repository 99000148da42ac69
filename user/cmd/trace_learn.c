// SPDX-License-Identifier: Apache-2.0
/*
 * What a tree does, folded to lines of a policy. A capability is granted because it was used; one
 * that a module only holds stands there as a comment, for it is the configuration that gives too
 * much. What a rule forbids becomes an exception, in front of the rule and no wider than what was
 * seen; what no rule speaks of stays a comment. The text is read back by the same parser as every
 * policy (tests/e2e/learn.py), so that it is one.
 */
#include "cmd/trace_learn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alert/text.h"
#include "base/capability.h"
#include "base/escape.h"
#include "policy/values.h"

enum {
	LEARN_MAX = 2048,
	WHO_MAX = 160
};

/* One thing, and who did it first. */
struct lesson {
	enum evmon_sensor sensor;
	enum evmon_rule rule;
	char rule_name[POLICY_NAME_MAX];
	enum evmon_subject subject;
	char module[POLICY_NAME_MAX]; /* empty: none */
	char who[WHO_MAX];
	bool by_others; /* it was seen of other instances as well */
	unsigned number;
	enum evmon_capability_kind kind;
	const char *proto; /* as a policy has it; NULL: no bind */
	enum evmon_scope scope;
	uint16_t port;
	char text[ALERT_MESSAGE_MAX];
	uint64_t count;
};

struct learn {
	struct lesson *at;
	size_t n, room;
	uint64_t omitted, events;
	char manager[PROCESS_PATH_MAX]; /* that was executed; empty: none was */
};

int learn_new(struct learn **ret_learn)
{
	struct learn *learn = calloc(1, sizeof(*learn));

	if (!learn)
		return -ENOMEM;
	*ret_learn = learn;
	return 0;
}

void learn_free(struct learn *learn)
{
	if (!learn)
		return;
	free(learn->at);
	free(learn);
}

/* A policy's words: tcp includes MPTCP, udp UDP-Lite. */
static const char *proto_word(enum evmon_proto proto)
{
	if (proto == EVMON_PROTO_SCTP)
		return "sctp";
	return proto == EVMON_PROTO_UDP || proto == EVMON_PROTO_UDPLITE ? "udp" : "tcp";
}

static void lesson_of(const struct alert *alert, struct lesson *lesson)
{
	*lesson = (struct lesson){ .sensor = alert->sensor,
				   .rule = alert->rule,
				   .subject = alert->subject };
	snprintf(lesson->rule_name, sizeof(lesson->rule_name), "%s", alert->rule_name);
	if (alert->has_module) {
		snprintf(lesson->module, sizeof(lesson->module), "%s", alert->module.name);
		snprintf(lesson->who, sizeof(lesson->who), "%s (%s)", alert->module.id,
			 alert->module.name);
	} else {
		snprintf(lesson->who, sizeof(lesson->who), "%s", alert->process.comm);
	}
	if (alert->sensor == EVMON_SENSOR_CAPABILITY) {
		lesson->number = alert->capability.number;
		lesson->kind = alert->capability.kind;
	} else if (alert->sensor == EVMON_SENSOR_BIND) {
		lesson->proto = proto_word(alert->bind.proto);
		lesson->scope = alert->bind.scope;
		lesson->port = alert->bind.port;
		text_object(alert, lesson->text, sizeof(lesson->text));
	} else {
		snprintf(lesson->text, sizeof(lesson->text), "%.*s", ALERT_MESSAGE_MAX - 1,
			 alert->exec_text.path);
	}
}

/* An exception from a bind rule is for whoever is of the subject, so these are one. */
static bool same(const struct lesson *a, const struct lesson *b)
{
	bool exception = a->sensor == EVMON_SENSOR_BIND && a->rule != EVMON_RULE_NONE;

	return a->sensor == b->sensor && a->rule == b->rule && a->subject == b->subject &&
	       a->number == b->number && a->kind == b->kind && a->proto == b->proto &&
	       a->scope == b->scope && a->port == b->port &&
	       (exception || (!strcmp(a->module, b->module) && !strcmp(a->text, b->text)));
}

/* Events that say nothing of what a policy could grant: an exec that breaks no rule, USB, a port
 * that the kernel picked for an outgoing connection and that no rule names. */
static bool teaches(const struct alert *alert)
{
	if (alert->sensor == EVMON_SENSOR_EXEC ||
	    (alert->sensor == EVMON_SENSOR_BIND && alert->bind.how == EVMON_BIND_AUTO))
		return alert->rule != EVMON_RULE_NONE;
	return alert->sensor == EVMON_SENSOR_BIND || alert->sensor == EVMON_SENSOR_CAPABILITY;
}

static int lesson_new(struct learn *learn, const struct lesson *lesson)
{
	struct lesson *more;

	if (learn->n == LEARN_MAX) {
		learn->omitted++;
		return 0;
	}
	if (learn->n == learn->room) {
		more = reallocarray(learn->at, learn->room * 2 + 64, sizeof(*more));
		if (!more)
			return -ENOMEM;
		learn->at = more;
		learn->room = learn->room * 2 + 64;
	}
	learn->at[learn->n] = *lesson;
	learn->at[learn->n++].count = 1;
	return 0;
}

/* A tree's root may be a script that starts it. */
static bool is_manager(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && !strcmp(slash + 1, "manager");
}

int learn_add(struct learn *learn, const struct alert *alert)
{
	struct lesson lesson;

	learn->events++;
	if (alert->sensor == EVMON_SENSOR_EXEC && alert->key.slot == EVMON_CLASS_MANAGER &&
	    is_manager(alert->exec_text.path))
		snprintf(learn->manager, sizeof(learn->manager), "%s", alert->exec_text.path);
	if (!teaches(alert))
		return 0;
	lesson_of(alert, &lesson);
	for (size_t i = 0; i < learn->n; i++) {
		struct lesson *known = &learn->at[i];

		if (!same(known, &lesson))
			continue;
		known->count++;
		known->by_others |= strcmp(known->who, lesson.who) != 0;
		return 0;
	}
	return lesson_new(learn, &lesson);
}

/* --- the policy ------------------------------------------------------------------------------ */

/* "3 times, by slac (EvseSlac) and others"; names are other people's bytes. */
static void put_seen(FILE *out, const struct lesson *lesson)
{
	char who[4 * WHO_MAX];

	escape_text(who, sizeof(who), lesson->who, ESCAPE_TERMINAL, NULL);
	fprintf(out, "%llu time%s, by %s%s", (unsigned long long)lesson->count,
		lesson->count == 1 ? "" : "s", who, lesson->by_others ? " and others" : "");
	if (lesson->rule != EVMON_RULE_NONE)
		fprintf(out, "; breaks %s", lesson->rule_name);
	fputc('\n', out);
}

static void put_exception(FILE *out, const struct lesson *lesson, unsigned number)
{
	static const char *const subjects[] = { [EVMON_SUBJECT_HOST] = "host",
						[EVMON_SUBJECT_BROKER] = "broker",
						[EVMON_SUBJECT_EVEREST] = "everest" };
	static const char *const scopes[] = { [EVMON_SCOPE_LOOPBACK] = "loopback",
					      [EVMON_SCOPE_INTERFACE] = "interface",
					      [EVMON_SCOPE_ANY] = "any" };

	fprintf(out, "  # bound ");
	put_seen(out, lesson);
	fprintf(out,
		"  - {rule: bind.learned-%u, subject: %s, port: %u, proto: %s, scope: [%s], action: allow}\n",
		number, subjects[lesson->subject], lesson->port, lesson->proto,
		scopes[lesson->scope]);
}

static void put_binds(const struct learn *learn, FILE *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < learn->n; i++) {
		const struct lesson *lesson = &learn->at[i];

		if (lesson->sensor != EVMON_SENSOR_BIND || lesson->rule == EVMON_RULE_NONE)
			continue;
		if (!n++)
			fprintf(out, "\nbind:\n");
		put_exception(out, lesson, n);
	}
	for (size_t i = 0; i < learn->n; i++) {
		const struct lesson *lesson = &learn->at[i];

		if (lesson->sensor != EVMON_SENSOR_BIND || lesson->rule != EVMON_RULE_NONE)
			continue;
		fprintf(out, "%s  # %s: bound ", n++ ? "" : "\n# No rule speaks of:\n",
			lesson->text);
		put_seen(out, lesson);
	}
}

static bool grants(const struct lesson *lesson, const char *module)
{
	return lesson->sensor == EVMON_SENSOR_CAPABILITY && !strcmp(lesson->module, module);
}

static bool was_used(const struct learn *learn, const char *module, unsigned number)
{
	for (size_t i = 0; i < learn->n; i++)
		if (grants(&learn->at[i], module) && learn->at[i].number == number &&
		    learn->at[i].kind == EVMON_CAPABILITY_USED)
			return true;
	return false;
}

static void put_capability(const struct learn *learn, FILE *out, const struct lesson *lesson)
{
	static const char *const words[] = { [EVMON_CAPABILITY_USED] = "used ",
					     [EVMON_CAPABILITY_DENIED] = "denied ",
					     [EVMON_CAPABILITY_HELD] = "held, never used: " };
	bool used = lesson->kind == EVMON_CAPABILITY_USED;

	if (lesson->kind == EVMON_CAPABILITY_HELD &&
	    was_used(learn, lesson->module, lesson->number))
		return;
	fprintf(out, "      %s- %s  # %s", used ? "" : "# ", capability_name(lesson->number),
		words[lesson->kind]);
	put_seen(out, lesson);
}

static void put_module(const struct learn *learn, FILE *out, const char *module)
{
	bool any = false;

	for (size_t i = 0; i < learn->n; i++)
		any |= grants(&learn->at[i], module) && learn->at[i].kind == EVMON_CAPABILITY_USED;
	fprintf(out, "    ");
	yaml_text(out, module);
	fprintf(out, ":%s\n", any ? "" : " []");
	for (size_t i = 0; i < learn->n; i++)
		if (grants(&learn->at[i], module))
			put_capability(learn, out, &learn->at[i]);
}

static void put_capabilities_section(const struct learn *learn, FILE *out)
{
	unsigned n = 0;

	for (size_t i = 0; i < learn->n; i++) {
		const char *module = learn->at[i].module;
		size_t first = 0;

		if (learn->at[i].sensor != EVMON_SENSOR_CAPABILITY)
			continue;
		while (!grants(&learn->at[first], module))
			first++;
		if (first != i || !module[0])
			continue;
		if (!n++)
			fprintf(out, "\ncapabilities:\n  modules:\n");
		put_module(learn, out, module);
	}
	for (size_t i = 0; i < learn->n; i++)
		if (grants(&learn->at[i], "")) {
			fprintf(out, "# Of no module, which no list can grant: %s ",
				capability_name(learn->at[i].number));
			put_seen(out, &learn->at[i]);
		}
}

static void put_root(FILE *out, const char *path)
{
	fprintf(out, "      - ");
	yaml_text(out, path);
}

/* The manager starts as root; what else did is marked. */
static void put_roots(const struct learn *learn, const struct policy *policy, const char *manager,
		      FILE *out)
{
	bool has_manager = false;

	fprintf(out, "  root:\n    allow:\n");
	for (char **path = policy->root_allow; path && *path; path++) {
		put_root(out, *path);
		fputc('\n', out);
		has_manager |= !strcmp(*path, manager);
	}
	if (!has_manager) {
		put_root(out, manager);
		fprintf(out, "  # the manager\n");
	}
	for (size_t i = 0; i < learn->n; i++) {
		if (learn->at[i].rule != EVMON_RULE_EXEC_ROOT)
			continue;
		put_root(out, learn->at[i].text);
		fprintf(out, "  # as root ");
		put_seen(out, &learn->at[i]);
	}
}

static void put_execs(const struct learn *learn, const struct policy *policy, const char *manager,
		      FILE *out)
{
	fprintf(out, "\nexec:\n");
	put_roots(learn, policy, manager, out);
	for (size_t i = 0; i < learn->n; i++) {
		if (learn->at[i].rule != EVMON_RULE_EXEC_ADMIN_PANEL)
			continue;
		fprintf(out, "  # started ");
		put_seen(out, &learn->at[i]);
		fprintf(out, "  admin_panel: {action: allow}\n");
		break;
	}
}

static void put_head(const struct learn *learn, const struct policy *policy, const char *manager,
		     const struct learn_facts *facts, FILE *out)
{
	char when[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(out,
		"# Learnt by evmon --trace until %s: %.0f s, %llu events, %llu lost.\n"
		"# Lines that say \"breaks\" allow what the policy in force forbids: read each of them.\n",
		when, facts->seconds, (unsigned long long)learn->events,
		(unsigned long long)facts->lost);
	if (facts->lost)
		fprintf(out, "# Events were lost: what they would have shown is missing here.\n");
	if (learn->omitted)
		fprintf(out, "# %llu events of further kinds did not fit and are missing here.\n",
			(unsigned long long)learn->omitted);
	if (facts->root_capabilities)
		fprintf(out,
			"# %llu capability checks by root tasks, the manager's among them, teach nothing.\n",
			(unsigned long long)facts->root_capabilities);
	fprintf(out, "version: 1\n\neverest:\n  manager: ");
	yaml_text(out, manager);
	if (policy->modules_dir[0]) {
		fprintf(out, "\n  modules_dir: ");
		yaml_text(out, policy->modules_dir);
	}
	fputc('\n', out);
}

int learn_write(const struct learn *learn, const struct policy *policy,
		const struct learn_facts *facts, FILE *out)
{
	const char *manager = policy->manager;

	if (is_manager(facts->root))
		manager = facts->root;
	else if (learn->manager[0])
		manager = learn->manager;
	put_head(learn, policy, manager, facts, out);
	put_binds(learn, out);
	put_capabilities_section(learn, out);
	put_execs(learn, policy, manager, out);
	return fflush(out) ? -errno : 0;
}
