/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The words that kernel side and user space share: who is judged (subject, class, slot), what is
 * watched (sensor, hook), what was decided (rule, verdict). Numbers are internal to one build:
 * nothing outside the program sees them, so a new value goes where it reads best.
 */
#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

enum evmon_sensor {
	EVMON_SENSOR_BIND,
	EVMON_SENSOR_CAPABILITY,
	EVMON_SENSOR_EXEC,
	EVMON_SENSOR_USB,
	EVMON_SENSOR_CONFIG,
	EVMON_SENSOR_SELF,
	EVMON_SENSOR_MAX
};

enum evmon_subject {
	EVMON_SUBJECT_HOST,
	EVMON_SUBJECT_BROKER,
	EVMON_SUBJECT_EVEREST,
	EVMON_SUBJECT_MAX
};

enum evmon_verdict {
	EVMON_VERDICT_ALLOW,
	EVMON_VERDICT_ALERT, /* seen, let through */
	EVMON_VERDICT_DENIED,
	EVMON_VERDICT_KILLED,
	EVMON_VERDICT_LATE, /* usb: in use before it could be refused */
	EVMON_VERDICT_MAX
};

/* What a task is judged as. Module names follow from EVMON_CLASS_MODULE, one class a name. */
enum evmon_class {
	EVMON_CLASS_HOST,
	EVMON_CLASS_BROKER,
	EVMON_CLASS_MANAGER,
	EVMON_CLASS_OTHER,   /* in the tree, no module: a module with an empty list */
	EVMON_CLASS_CANARY,  /* evmon's own provocation: all rules apply, its hits prove hooks */
	EVMON_CLASS_PENDING, /* runs a file under modules_dir that user space has not named yet */
	EVMON_CLASS_MODULE,
	EVMON_CLASSES = 256
};

/* A slot is a module instance: (class, argv[0]). The first four equal the first four classes. */
enum {
	EVMON_SLOT_MODULE = 4,
	EVMON_SLOTS = 512,
	EVMON_SLOT_NAME_MAX = 60, /* bytes of argv[0] that tell instances apart, with the NUL */
	/* In user space: the key of a rule and verdict's overflow entry, its object being zero. */
	EVMON_SLOT_OVERFLOW = 0xffff,
};

enum evmon_rule {
	EVMON_RULE_NONE,
	EVMON_RULE_BIND_ADMIN_PANEL,
	EVMON_RULE_BIND_BROKER_EXPOSED,
	EVMON_RULE_BIND_MQTT_TLS,
	EVMON_RULE_BIND_MQTT_TCP,
	EVMON_RULE_BIND_MQTT_LOOPBACK,
	EVMON_RULE_BIND_UNEXPECTED,
	EVMON_RULE_CAPABILITY_USED,
	EVMON_RULE_CAPABILITY_DENIED,
	EVMON_RULE_CAPABILITY_HELD,
	EVMON_RULE_CAPABILITY_EVEREST_CHOWN,
	EVMON_RULE_CAPABILITY_USERNS,
	EVMON_RULE_EXEC_ROOT,
	EVMON_RULE_EXEC_ROOT_STEADY,
	EVMON_RULE_EXEC_GAINED,
	EVMON_RULE_EXEC_SHELL,
	EVMON_RULE_EXEC_ADMIN_PANEL,
	EVMON_RULE_USB_HID,
	EVMON_RULE_USB_STORAGE,
	EVMON_RULE_USB_OTHER,
	EVMON_RULE_USB_NEW_AT_START,
	EVMON_RULE_CONFIG_NO_RUN_AS_USER,
	EVMON_RULE_CONFIG_BROKER_TCP,
	EVMON_RULE_CONFIG_ADMIN_PANEL_PORT,
	EVMON_RULE_CONFIG_CAPABILITIES_BEYOND_PAGE,
	EVMON_RULE_CONFIG_LINT,
	EVMON_RULE_SELF_STARTED,
	EVMON_RULE_SELF_STOPPED,
	EVMON_RULE_SELF_GAP,
	EVMON_RULE_SELF_LOST,
	EVMON_RULE_SELF_DEGRADED,
	EVMON_RULE_SELF_POLICY_INVALID,
	EVMON_RULE_SELF_JOURNAL_BROKEN,
	EVMON_RULE_SELF_CLOCK_STEP,
	EVMON_RULE_SELF_MAP_FULL,
	EVMON_RULE_SELF_USB_BASELINE,
	EVMON_RULE_SELF_TAMPERED,
	EVMON_RULE_CANARY,	/* internal: tallies that prove a hook, never an alert */
	EVMON_RULE_CLOSED,	/* end of the closed list */
	EVMON_RULE_VENDOR = 64, /* + index of the vendor's bind item in the policy */
	EVMON_RULES = EVMON_RULE_VENDOR + 128
};

/* The kernel attach points that programs of ours serve; names in user/kernel/hooks.c. */
enum evmon_hook {
	EVMON_HOOK_NONE,
	EVMON_HOOK_TP_FORK,
	EVMON_HOOK_TP_EXEC,
	EVMON_HOOK_TP_EXIT,
	EVMON_HOOK_TP_CGROUP_MKDIR,
	EVMON_HOOK_ITER_TASK,
	EVMON_HOOK_ITER_TASK_FILE,
	EVMON_HOOK_FEXIT_INET_BIND,
	EVMON_HOOK_FEXIT_INET6_BIND,
	EVMON_HOOK_FEXIT_MPTCP_BIND,
	EVMON_HOOK_CGROUP_POST_BIND4,
	EVMON_HOOK_CGROUP_POST_BIND6,
	EVMON_HOOK_LSM_SOCKET_BIND,
	EVMON_HOOK_FMOD_RET_SOCKET_BIND,
	EVMON_HOOK_CGROUP_BIND4,
	EVMON_HOOK_CGROUP_BIND6,
	EVMON_HOOK_FEXIT_SOCKET_BIND,
	EVMON_HOOK_FEXIT_GET_PORT,
	EVMON_HOOK_FEXIT_HASH_CONNECT,
	EVMON_HOOK_FEXIT_AUTOBIND,
	EVMON_HOOK_FEXIT_FILE_RECEIVE,
	EVMON_HOOK_FEXIT_CAPABLE,
	EVMON_HOOK_KPROBE_CAPABLE,
	EVMON_HOOK_TP_CAP_CAPABLE,
	EVMON_HOOK_FENTRY_COMMIT_CREDS,
	EVMON_HOOK_UEVENT, /* user space: netlink */
	EVMON_HOOK_PROC,   /* user space: /proc */
	EVMON_HOOK_CONFIG, /* user space: EVerest's files */
	EVMON_HOOK_MAX
};
