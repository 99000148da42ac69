/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of alerts share: a small policy, two modules, one event of each sensor. */
#include "alert/alert.h"

enum {
	TEST_SLOT = 7,	      /* of module api (RpcApi) */
	TEST_PID = 987654321, /* beyond any pid: /proc has nothing to add */
};

#define TEST_BOOT_NS   123456789000ULL
#define TEST_OFFSET_NS (1795348800000123000LL - (int64_t)TEST_BOOT_NS)

struct stage {
	struct policy *policy; /* bind.admin-panel, bind.shop (the vendor's, denying), no more */
	struct modules *modules;
	unsigned class; /* of RpcApi */
	struct alert *alert;
	char line[ALERT_LINE_MAX];
};

/* For cmocka: *state is a struct stage. */
int stage_open(void **state);
int stage_close(void **state);

/* Module api's process; the rest of the event is the sensor's. */
void event_begin(struct event *event, const struct stage *stage, enum evmon_sensor sensor,
		 enum evmon_rule rule);
struct event event_bind(const struct stage *stage, enum evmon_rule rule);
struct event event_capability(const struct stage *stage, enum evmon_rule rule, unsigned number,
			      enum evmon_capability_kind kind);
struct event event_exec(const struct stage *stage, enum evmon_rule rule, const char *exe,
			const char *file);
/* Strings, NUL after each, as argv in memory. */
void event_args(struct event *event, const char *const *args, size_t n);
struct usb_device device_storage(void);

/* What the journal would stamp on seq 17, and what --trace does. */
struct alert_stamp stamp_journal(void);
struct alert_stamp stamp_trace(void);
/* Formats the stage's alert into its line; asserts that it fits. */
const char *stage_line(struct stage *stage, const struct alert_stamp *stamp);
/* The bytes behind the first string member of that name in a line; the length. */
size_t line_bytes(const char *line, const char *name, char *to, size_t size);
