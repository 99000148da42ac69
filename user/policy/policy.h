/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One policy, complete: defaults first, then what files say. Plain data, no pointer into a file;
 * the format is in docs/policy.md. Ports, masks and enums are those of include/evmon.
 */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "evmon/tally.h"
#include "base/macros.h"
#include "policy/rules.h"

enum {
	POLICY_NAME_MAX = 64, /* module id, module name, rule name, unit */
	POLICY_BIND_ITEMS = 128,
	POLICY_PORT_RANGES = 16,
	POLICY_HASH_MAX = 9,
};

enum policy_action {
	ACTION_ALLOW,
	ACTION_ALERT,
	ACTION_DENY
};

struct port_range {
	uint16_t first, last;
};

/* bind: first match decides; sets are bit masks over the enums. */
struct bind_rule {
	char rule[POLICY_NAME_MAX]; /* "bind.admin-panel", or the vendor's own "bind.*" */
	unsigned subjects;	    /* bit per enum evmon_subject */
	unsigned protos;	    /* bit per enum evmon_proto */
	unsigned scopes;	    /* bit per enum evmon_scope */
	struct port_range ports[POLICY_PORT_RANGES];
	size_t n_ports;
	enum severity severity;
	enum policy_action action;
	unsigned number; /* a vendor's, as rule_numbers.h assigned it; 0: by its place */
};

/* A module's list: by name (id empty) or for one instance. */
struct module_capabilities {
	char id[POLICY_NAME_MAX];
	char name[POLICY_NAME_MAX];
	uint64_t mask;
};

struct usb_allow {
	char vendor[5], product[5]; /* lower-case hex; empty: any */
	char port[32], serial[128], class[3];
};

struct policy {
	char unit[POLICY_NAME_MAX];
	char manager[PATH_MAX];
	char modules_dir[PATH_MAX];
	char config[PATH_MAX];
	uint64_t settle_ns;
	char broker_exe[PATH_MAX];

	struct bind_rule bind[POLICY_BIND_ITEMS];
	size_t n_bind;

	struct module_capabilities *modules; /* owned */
	size_t n_modules;
	uint64_t denied_ignored;
	enum severity used_severity, denied_severity, held_severity;
	enum policy_action capability_action;

	char **root_allow; /* owned, NULL-terminated paths; NULL: none */
	enum severity root_severity;
	enum policy_action root_action;
	char **shell_allow; /* owned, module names */
	enum severity shell_severity;
	enum policy_action shell_action;
	enum severity admin_panel_severity;
	enum policy_action admin_panel_action;

	struct usb_allow *usb_allow; /* owned */
	size_t n_usb_allow;
	enum severity usb_hid_severity, usb_storage_severity, usb_other_severity;
	enum policy_action usb_action;

	int cmdline_full;
	uint64_t window_ns, window_max_ns;
	uint64_t journal_size, journal_max_age_ns; /* 0: none */
	int journal_mirror;			   /* to journald */
	char mqtt_broker[PATH_MAX];		   /* "auto", or a URL */
	char station[POLICY_NAME_MAX];		   /* "auto", or as set */
	char mqtt_prefix[128];
	char mqtt_ca[PATH_MAX], mqtt_cert[PATH_MAX], mqtt_key[PATH_MAX];

	char hash[POLICY_HASH_MAX]; /* of what is in force: equal policies, equal hash */
};

/* One error with its place; line and column from 1, 0 where there is none. */
struct policy_error {
	char file[256];
	unsigned line, column;
	char text[256]; /* what, and what was probably meant */
};

enum {
	POLICY_ERRORS_MAX = 20
};

struct origins; /* policy/origins.h */

struct policy_errors {
	struct policy_error at[POLICY_ERRORS_MAX];
	size_t n;
	size_t more; /* found beyond the first twenty */
};

/* The built-in policy: the "Security Best Practices" page. -ENOMEM. */
int policy_new_default(struct policy **ret_policy);
/* Defaults, then the files in order (NULL-terminated paths). -EBADMSG: errors says where and what;
 * other errors: a file could not be read, errors names it. */
int policy_load(const char *const *paths, struct policy **ret_policy, struct policy_errors *errors);
/* As policy_load(), and where each value comes from. */
int policy_load_origins(const char *const *paths, struct policy **ret_policy,
			struct origins **ret_origins, struct policy_errors *errors);
/* The files that are read where none is named: NULL-terminated, the caller's to free one by one. */
int policy_paths(struct policy_errors *errors, char ***ret_paths);
/* The search path: `path` if given, else /etc/evmon/policy.yaml and policy.d, else built-in. */
int policy_load_default(const char *path, struct policy **ret_policy, struct policy_errors *errors);
void policy_free(struct policy *policy);
DEFINE_CLEANUP(struct policy *, policy_free);

/* Capabilities of a module instance: id's own list, else the name's, else none. */
uint64_t policy_capabilities(const struct policy *policy, const char *id, const char *name);
/* The bind rule that decides on what a subject binds, whatever its action; NULL: none does. */
const struct bind_rule *policy_bind_rule(const struct policy *policy, enum evmon_subject subject,
					 const struct evmon_bind_object *object);
