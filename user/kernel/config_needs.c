// SPDX-License-Identifier: Apache-2.0
/*
 * What a hook asks of the kernel's configuration, by its kind: so a new hook is judged without a
 * word here, unless its target asks for more. Options that only follow from others are said
 * together with those, since nobody can set them by themselves. All this is read, and the command
 * line, a patch or a missing right can make it untrue: the trial alone knows.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/hooks.h"
#include "kernel/kernel_config.h"
#include "kernel/kernel_config_file.h"

enum kind {
	KIND_SET,      /* y or m */
	KIND_BUILT_IN, /* y: evmon looks for it in the kernel's own BTF */
	KIND_LISTED,   /* the list has `word` */
	KIND_SINCE,    /* Linux `major`.`minor`; no option */
};

struct need {
	bool (*asked)(const struct hook *hook);
	const char *option;
	enum kind kind;
	const char *word;
	unsigned major, minor;
	const char *wants[3];	/* without these it cannot be set */
	const char *refuses[3]; /* with these it cannot */
	const char *otherwise;
};

static bool any(const struct hook *hook)
{
	(void)hook;
	return true;
}

static bool is_tracing(const struct hook *hook)
{
	return hook->type == BPF_PROG_TYPE_TRACING || (hook->nobtf && !hook_is_kprobe(hook));
}

static bool is_lsm(const struct hook *hook)
{
	return hook->type == BPF_PROG_TYPE_LSM;
}

static bool is_cgroup(const struct hook *hook)
{
	return !hook->target;
}

static bool target_begins(const struct hook *hook, const char *text)
{
	return hook->target && !strncmp(hook->target, text, strlen(text));
}

static bool is_security(const struct hook *hook)
{
	return is_lsm(hook) || target_begins(hook, "security_");
}

static bool is_security_network(const struct hook *hook)
{
	return is_security(hook) &&
	       (strstr(hook->target, "socket_") || strstr(hook->target, "sctp_"));
}

static bool is_ipv4(const struct hook *hook)
{
	return target_begins(hook, "inet_") || target_begins(hook, "__inet_") || is_cgroup(hook);
}

static bool is_ipv6(const struct hook *hook)
{
	return target_begins(hook, "inet6_");
}

static bool is_sctp(const struct hook *hook)
{
	return target_begins(hook, "sctp_") && !is_lsm(hook);
}

static bool is_usb(const struct hook *hook)
{
	return target_begins(hook, "usb_");
}

static bool is_mptcp(const struct hook *hook)
{
	return target_begins(hook, "mptcp_");
}

static bool is_of_cgroups(const struct hook *hook)
{
	return hook->attach == BPF_TRACE_RAW_TP && target_begins(hook, "cgroup_");
}

static bool is_of_sockets(const struct hook *hook)
{
	return hook->attach == BPF_TRACE_ITER && !strcmp(hook->target, "task_file");
}

static bool is_cap_capable(const struct hook *hook)
{
	return hook->attach == BPF_TRACE_RAW_TP && !strcmp(hook->target, "cap_capable");
}

static const struct need needs[] = {
	{ any, "BPF_SYSCALL", .wants = { NULL } },
	{ hook_wants_btf, "DEBUG_INFO_BTF", .wants = { "DEBUG_INFO", "BPF_SYSCALL" },
	  .otherwise = "it wants pahole where the kernel is built" },
	{ is_tracing, "BPF_EVENTS", .wants = { "BPF_SYSCALL", "PERF_EVENTS" },
	  .otherwise = "it wants CONFIG_KPROBE_EVENTS or CONFIG_UPROBE_EVENTS" },
	{ hook_is_kprobe, "BPF_EVENTS", .wants = { "BPF_SYSCALL", "PERF_EVENTS" },
	  .otherwise = "it wants CONFIG_KPROBE_EVENTS" },
	{ hook_is_kprobe, "KPROBE_EVENTS", .wants = { "KPROBES" } },
	{ hook_on_trampoline, "BPF_JIT", .wants = { NULL } },
	{ hook_on_trampoline, "DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
	  .wants = { "FUNCTION_TRACER", "DYNAMIC_FTRACE" },
	  .refuses = { "CC_OPTIMIZE_FOR_SIZE", "CFI_CLANG" },
	  .otherwise = "arm64 has it from Linux 6.4, 32-bit ARM never" },
	{ is_security, "SECURITY", .wants = { NULL } },
	{ is_security_network, "SECURITY_NETWORK", .wants = { "SECURITY" } },
	{ is_lsm, "BPF_LSM", .wants = { "SECURITY", "BPF_JIT", "BPF_EVENTS" } },
	{ is_lsm, "LSM", .kind = KIND_LISTED, .word = "bpf" },
	{ is_cgroup, "CGROUP_BPF", .wants = { "CGROUPS" } },
	{ is_ipv4, "INET", .wants = { "NET" } },
	{ is_ipv6, "IPV6", .kind = KIND_BUILT_IN, .wants = { "INET" } },
	{ is_sctp, "IP_SCTP", .wants = { "INET" } },
	{ is_usb, "USB", .wants = { NULL } },
	{ is_mptcp, "MPTCP", .wants = { "INET" } },
	{ is_of_cgroups, "CGROUPS", .wants = { NULL } },
	{ is_of_sockets, "NET", .wants = { NULL } },
	{ is_cap_capable, NULL, .kind = KIND_SINCE, .major = 6, .minor = 14 },
};

/* usb: uevents over netlink, no program of ours. */
static const struct need uevent_needs[] = {
	{ any, "USB", .wants = { NULL } },
	{ any, "NET", .wants = { NULL } },
	{ any, "SYSFS", .wants = { NULL } },
};

struct reason {
	char *text;
	size_t size, length;
};

static void say(struct reason *reason, const char *format, ...) _printf_(2, 3);

static void say(struct reason *reason, const char *format, ...)
{
	static const char cut[] = "...";
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(reason->text + reason->length, reason->size - reason->length, format, args);
	va_end(args);
	if (n < 0)
		return;
	reason->length += (size_t)n;
	if (reason->length < reason->size)
		return;
	reason->length = reason->size - 1;
	memcpy(reason->text + reason->size - sizeof(cut), cut, sizeof(cut));
}

static bool is_set(const struct kernel_config *config, const char *option)
{
	const char *value = kernel_config_value(config, option);

	return value && strcmp(value, "n") != 0;
}

static bool list_has(const char *list, const char *word)
{
	for (size_t n; list && *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (n == strlen(word) && !memcmp(list, word, n))
			return true;
	}
	return false;
}

static bool is_since(const struct kernel_config *config, unsigned major, unsigned minor)
{
	char *end;
	unsigned long its_major = strtoul(config->release, &end, 10), its_minor;

	if (*end != '.')
		return false;
	its_minor = strtoul(end + 1, NULL, 10);
	return its_major > major || (its_major == major && its_minor >= minor);
}

static bool is_met(const struct kernel_config *config, const struct need *need)
{
	const char *value = need->option ? kernel_config_value(config, need->option) : NULL;

	switch (need->kind) {
	case KIND_SET:
		return is_set(config, need->option);
	case KIND_BUILT_IN:
		return value && !strcmp(value, "y");
	case KIND_LISTED:
		return list_has(value, need->word);
	case KIND_SINCE:
		return is_since(config, need->major, need->minor);
	}
	return false;
}

/* Why an option is not set: the first of those that it hangs on. */
static void say_cause(struct reason *reason, const struct kernel_config *config,
		      const struct need *need)
{
	for (size_t i = 0; i < ARRAY_SIZE(need->wants) && need->wants[i]; i++)
		if (!is_set(config, need->wants[i])) {
			say(reason, " (it wants CONFIG_%s)", need->wants[i]);
			return;
		}
	for (size_t i = 0; i < ARRAY_SIZE(need->refuses) && need->refuses[i]; i++)
		if (is_set(config, need->refuses[i])) {
			say(reason, " (it refuses CONFIG_%s)", need->refuses[i]);
			return;
		}
	if (need->otherwise)
		say(reason, " (%s)", need->otherwise);
}

static void say_need(struct reason *reason, const struct kernel_config *config,
		     const struct need *need)
{
	if (reason->length)
		say(reason, "; ");
	if (need->kind == KIND_SINCE) {
		say(reason, "only from Linux %u.%u", need->major, need->minor);
	} else if (need->kind == KIND_LISTED) {
		say(reason, "CONFIG_%s lacks %s", need->option, need->word);
	} else if (is_set(config, need->option)) {
		say(reason, "CONFIG_%s is a module", need->option);
	} else {
		say(reason, "CONFIG_%s is not set", need->option);
		say_cause(reason, config, need);
	}
}

/* What it hangs on has been said to be missing: setting that comes first. */
static bool is_said(const struct reason *reason, const struct need *need)
{
	char words[96];

	for (size_t i = 0; i < ARRAY_SIZE(need->wants) && need->wants[i]; i++) {
		snprintf(words, sizeof(words), "CONFIG_%s is not set", need->wants[i]);
		if (strstr(reason->text, words))
			return true;
	}
	return false;
}

static bool hook_is_possible(const struct kernel_config *config, enum evmon_hook id, char *text,
			     size_t size)
{
	const struct hook *hook = hook_get(id);
	const struct need *list = hook ? needs : uevent_needs;
	size_t n = hook			   ? ARRAY_SIZE(needs) :
		   id == EVMON_HOOK_UEVENT ? ARRAY_SIZE(uevent_needs) :
					     0;
	struct reason reason = { .text = text, .size = size };

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		if (list[i].asked(hook) && !is_met(config, &list[i]) && !is_said(&reason, &list[i]))
			say_need(&reason, config, &list[i]);
	return !reason.length;
}

static bool all_possible(const struct kernel_config *config, struct coverage_row *row,
			 const enum evmon_hook hooks[COVERAGE_HOOKS])
{
	char reason[COVERAGE_REASON_MAX];

	for (size_t i = 0; i < COVERAGE_HOOKS && hooks[i]; i++)
		if (!hook_is_possible(config, hooks[i], reason, sizeof(reason))) {
			coverage_reject(row, hooks[i], reason);
			return false;
		}
	return true;
}

/* With BTF nothing is asked that does without; user space looks itself only where it must. */
static bool candidate_is_meant(const struct kernel_config *config, const struct hook *hook)
{
	return (hook && !hook->nobtf) || !is_set(config, "DEBUG_INFO_BTF");
}

static void row_take(struct coverage_row *row, enum coverage_role role,
		     const enum evmon_hook hooks[COVERAGE_HOOKS])
{
	memcpy(row->hooks, hooks, sizeof(row->hooks));
	while (row->n_hooks < COVERAGE_HOOKS && hooks[row->n_hooks])
		row->n_hooks++;
	row->state = COVERAGE_POSSIBLE;
	row->limits = hook_limits(hook_get(hooks[0]), role);
}

void kernel_config_coverage(const struct kernel_config *config, struct coverage *ret_coverage)
{
	static const enum evmon_hook uevent[COVERAGE_HOOKS] = { EVMON_HOOK_UEVENT };
	const char *lsm = kernel_config_value(config, "LSM");
	struct coverage_row *rows = ret_coverage->rows;

	memset(ret_coverage, 0, sizeof(*ret_coverage));
	memcpy(ret_coverage->release, config->release, sizeof(config->release));
	memcpy(ret_coverage->machine, config->machine, sizeof(config->machine));
	snprintf(ret_coverage->lsm, sizeof(ret_coverage->lsm), "%s", lsm ? lsm : "");
	for (unsigned role = 0; role < COVERAGE_USB; role++) {
		const enum evmon_hook(*list)[COVERAGE_HOOKS];
		size_t n = hook_candidates(role, false, &list);

		for (size_t i = 0; i < n && !rows[role].n_hooks; i++)
			if (candidate_is_meant(config, hook_get(list[i][0])) &&
			    all_possible(config, &rows[role], list[i]))
				row_take(&rows[role], (enum coverage_role)role, list[i]);
	}
	/* As kernel_new() has it. */
	if (!rows[COVERAGE_EXEC].n_hooks && !rows[COVERAGE_BIND].n_hooks)
		coverage_reject(&rows[COVERAGE_USB], EVMON_HOOK_UEVENT,
				"evmon does not start where no BPF hook works");
	else if (all_possible(config, &rows[COVERAGE_USB], uevent))
		row_take(&rows[COVERAGE_USB], COVERAGE_USB, uevent);
}
