// SPDX-License-Identifier: Apache-2.0
/* The line for terminals: columns that stay aligned, bytes that do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/text.h"
#include "alert_help.h"

struct screen {
	char *text;
	size_t size;
};

static void show(struct stage *stage, struct screen *screen, bool color)
{
	FILE *out = open_memstream(&screen->text, &screen->size);

	assert_non_null(out);
	text_alert(out, stage->alert, TEST_OFFSET_NS, color);
	assert_int_equal(fclose(out), 0);
}

static void check(struct stage *stage, const char *wanted)
{
	struct screen screen = { 0 };

	show(stage, &screen, false);
	assert_string_equal(screen.text, wanted);
	free(screen.text);
}

static void made(struct stage *stage, const struct event *event)
{
	alert_from_event(stage->alert, event, stage->modules, stage->policy);
	stage->alert->process.pid = 812;
}

static void header_and_lines_share_their_columns(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);
	struct screen screen = { 0 };
	FILE *out = open_memstream(&screen.text, &screen.size);

	assert_non_null(out);
	text_header(out, false);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(screen.text,
			    "TIME         PID     UID   MODULE                       SENSOR     "
			    "VERDICT RULE                     DETAIL\n");
	free(screen.text);
	made(stage, &event);
	stage->alert->count = 3;
	check(stage, "12:00:00.000 812     1500  api:RpcApi                   bind       "
		     "alert   bind.admin-panel         tcp 0.0.0.0:8849, 3 times\n");
}

static void each_sensor_has_its_detail(void **state)
{
	struct stage *stage = *state;
	struct event event = event_capability(stage, EVMON_RULE_NONE, 13, EVMON_CAPABILITY_USED);
	struct usb_device device = device_storage();
	char text[256];

	made(stage, &event);
	check(stage, "12:00:00.000 812     1500  api:RpcApi                   capability "
		     "allow   -                        CAP_NET_RAW used\n");
	event = event_exec(stage, EVMON_RULE_EXEC_SHELL, "/usr/bin/dash", "/x y.sh");
	snprintf(event.exec.interpreter, sizeof(event.exec.interpreter), "/bin/sh");
	made(stage, &event);
	text_object(stage->alert, text, sizeof(text));
	assert_string_equal(text, "/x y.sh by /usr/bin/dash");
	alert_from_usb(stage->alert, &device, EVMON_RULE_NONE, SEVERITY_LOW, stage->policy);
	text_object(stage->alert, text, sizeof(text));
	assert_string_equal(text, "attach 0951:1666 DataTraveler \"3.0\" at 1-1.2");
	alert_from_self(stage->alert, EVMON_RULE_SELF_LOST, stage->policy, "ring", "7\nrecords");
	text_object(stage->alert, text, sizeof(text));
	assert_string_equal(text, "ring: 7\\x0arecords");
	stage->alert->folded = 36;
	text_object(stage->alert, text, sizeof(text));
	assert_string_equal(text, "36 more kinds");
}

static void who_is_no_module_is_named_by_what_is_known(void **state)
{
	static const struct {
		enum evmon_class class;
		enum evmon_subject subject;
		const char *name;
	} cases[] = {
		{ EVMON_CLASS_MANAGER, EVMON_SUBJECT_EVEREST, " manager  " },
		{ EVMON_CLASS_BROKER, EVMON_SUBJECT_BROKER, " broker  " },
		{ EVMON_CLASS_OTHER, EVMON_SUBJECT_EVEREST, " (api:RpcApi)  " },
		{ EVMON_CLASS_HOST, EVMON_SUBJECT_HOST, " (api:RpcApi)  " },
	};
	struct stage *stage = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct event event = event_bind(stage, EVMON_RULE_NONE);
		struct screen screen = { 0 };

		event.process.class = event.process.slot = event.key.slot = cases[i].class;
		event.process.subject = cases[i].subject;
		made(stage, &event);
		show(stage, &screen, false);
		assert_non_null(strstr(screen.text, cases[i].name));
		free(screen.text);
	}
}

static void too_wide_is_cut_and_columns_hold(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);

	made(stage, &event);
	snprintf(stage->alert->module.id, sizeof(stage->alert->module.id),
		 "a_connector_with_a_long_n\xc3\xa4me_and_more");
	check(stage, "12:00:00.000 812     1500  a_connector_with_a_long_n\xc3\xa4m+ bind       "
		     "alert   bind.admin-panel         tcp 0.0.0.0:8849\n");
}

static void names_cannot_steer_the_terminal(void **state)
{
	struct stage *stage = *state;
	struct event event =
		event_exec(stage, EVMON_RULE_EXEC_ROOT, "/tmp/\x1b]0;x\x07\xe2\x80\xae\n", "");
	struct screen screen = { 0 };

	event.process.class = EVMON_CLASS_OTHER;
	snprintf(event.process.comm, sizeof(event.process.comm), "\x1b[2J\n\xff\xc2\x9b");
	made(stage, &event);
	show(stage, &screen, false);
	for (size_t i = 0; i + 1 < screen.size; i++)
		assert_true(screen.text[i] >= 0x20 && screen.text[i] < 0x7f);
	assert_int_equal(screen.text[screen.size - 1], '\n');
	assert_non_null(strstr(screen.text, "/tmp/\\x1b]0;x\\x07\\xe2\\x80\\xae\\x0a"));
	free(screen.text);
}

static void colour_is_the_severitys_and_ends(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);
	struct screen screen = { 0 };

	made(stage, &event);
	show(stage, &screen, true);
	assert_memory_equal(screen.text, "\033[1;31m", 7);
	assert_string_equal(screen.text + screen.size - 5, "\033[0m\n");
	free(screen.text);
}

static void small_buffers_are_not_overrun(void **state)
{
	struct stage *stage = *state;
	struct event event = event_exec(stage, EVMON_RULE_EXEC_SHELL, "/usr/bin/dash", "/x.sh");
	char text[16];

	event_args(&event, (const char *const[]){ "sh", "/x.sh" }, 2);
	made(stage, &event);
	for (size_t size = 1; size <= sizeof(text); size++) {
		int n = text_object(stage->alert, text, size);

		assert_true(n >= 0 && (size_t)n < size);
		assert_int_equal(strlen(text), n);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(header_and_lines_share_their_columns),
		TEST(each_sensor_has_its_detail),
		TEST(who_is_no_module_is_named_by_what_is_known),
		TEST(too_wide_is_cut_and_columns_hold),
		TEST(names_cannot_steer_the_terminal),
		TEST(colour_is_the_severitys_and_ends),
		TEST(small_buffers_are_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
