// SPDX-License-Identifier: Apache-2.0
/* An alert comes back from its compact copy as it was, whatever its bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/compact.h"
#include "alert_help.h"

static size_t round_trip(const struct alert *alert)
{
	struct alert *back = malloc(sizeof(*back));
	void *packed = NULL;
	size_t size = 0;

	assert_non_null(back);
	memset(back, 0xa5, sizeof(*back));
	assert_int_equal(compact_pack(alert, &packed, &size), 0);
	assert_int_equal(compact_unpack(packed, size, back), 0);
	assert_memory_equal(back, alert, sizeof(*back));
	free(packed);
	free(back);
	return size;
}

static void usual_alert_takes_little(void **state)
{
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);

	alert_from_event(stage->alert, &event, stage->modules, stage->policy);
	assert_true(round_trip(stage->alert) < 600);
}

static void any_bytes_come_back(void **state)
{
	struct stage *stage = *state;
	unsigned char *bytes = (void *)stage->alert;
	unsigned random = 4711;

	assert_true(round_trip(stage->alert) < 16);
	for (unsigned round = 0; round < 300; round++) {
		size_t at = 0;

		memset(bytes, 0, sizeof(*stage->alert));
		while (at < sizeof(*stage->alert)) {
			random = random * 1664525 + 1013904223;
			at += (random >> 8) % (round + 1);
			if (at < sizeof(*stage->alert))
				bytes[at++] = (unsigned char)(random >> 24 | 1);
		}
		round_trip(stage->alert);
	}
	memset(bytes, 0xff, sizeof(*stage->alert));
	assert_true(round_trip(stage->alert) <= sizeof(*stage->alert) + 8);
}

/* What another has kept may be anybody's bytes. */
static void bad_bytes_are_refused(void **state)
{
	static const uint16_t beyond[] = { 40000, 0 }, cut[] = { 0, 8, 0 };
	struct stage *stage = *state;
	struct event event = event_bind(stage, EVMON_RULE_BIND_ADMIN_PANEL);
	struct alert *back = malloc(sizeof(*back));
	void *packed = NULL;
	size_t size = 0;

	assert_non_null(back);
	alert_from_event(stage->alert, &event, stage->modules, stage->policy);
	assert_int_equal(compact_pack(stage->alert, &packed, &size), 0);
	assert_int_equal(compact_unpack(packed, size - 1, back), -EBADMSG);
	assert_int_equal(compact_unpack(beyond, sizeof(beyond), back), -EBADMSG);
	assert_int_equal(compact_unpack(cut, sizeof(cut), back), -EBADMSG);
	assert_int_equal(compact_unpack(cut, 3, back), -EBADMSG);
	free(packed);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(usual_alert_takes_little, stage_open, stage_close),
		cmocka_unit_test_setup_teardown(any_bytes_come_back, stage_open, stage_close),
		cmocka_unit_test_setup_teardown(bad_bytes_are_refused, stage_open, stage_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
