// SPDX-License-Identifier: Apache-2.0
/* explain: a known rule, a vendor's, a slip, and the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "cmd/cmd.h"

static void a_known_rule_is_explained(void **state)
{
	(void)state;
	output_is(output_of(explain_main, "explain usb.hid"), EXIT_GOOD,
		  "usb.hid (sensor usb, critical unless the policy says otherwise)\n\n"
		  "What it says\n  A USB device",
		  "");
	output_is(output_of(explain_main, "explain exec.root-steady"), EXIT_GOOD,
		  "told once a boot", "");
}

static void a_vendors_rule_is_said_to_be_the_vendors(void **state)
{
	(void)state;
	output_is(output_of(explain_main, "explain bind.wall-box-2"), EXIT_GOOD,
		  "bind.wall-box-2 (sensor bind, the vendor's own)\n", "");
}

static void a_slip_is_no_vendors_rule(void **state)
{
	(void)state;
	output_is(output_of(explain_main, "explain bind.mqtt-tpc"), EXIT_USAGE, "",
		  "did you mean \"bind.mqtt-tcp\"?");
	output_is(output_of(explain_main, "explain bind.Own"), EXIT_USAGE, "", "no rule");
	output_is(output_of(explain_main, "explain canary"), EXIT_USAGE, "", "no rule \"canary\"");
	output_is(output_of(explain_main, "explain exec.root more"), EXIT_USAGE, "", "\"more\"");
	output_is(output_of(explain_main, "explain --no"), EXIT_USAGE, "", "--no");
}

static void without_a_name_all_are_listed(void **state)
{
	struct output output = output_of(explain_main, "explain");
	size_t n = 0;

	(void)state;
	assert_int_equal(output.status, EXIT_GOOD);
	for (const char *line = output.out; *line; line += strcspn(line, "\n") + 1)
		n += *line != ' ';
	assert_int_equal(n, 36);
	output_free(&output);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_rule_is_explained),
		cmocka_unit_test(a_vendors_rule_is_said_to_be_the_vendors),
		cmocka_unit_test(a_slip_is_no_vendors_rule),
		cmocka_unit_test(without_a_name_all_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
