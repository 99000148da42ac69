// SPDX-License-Identifier: Apache-2.0
/* No bus is no fault and said; what cannot be refused says why; what was proven stays so. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "cmd/usb_coverage.h"

static void no_bus_is_no_fault_and_said(void **state)
{
	struct coverage_row usb = { 0 }, deny = { 0 };

	(void)state;
	usb_coverage_watch(&usb, 0);
	usb_coverage_bus(&usb, -ENODEV);
	usb_coverage_deny(&deny, -ENODEV, true);
	assert_int_equal(usb.state, COVERAGE_UNPROVEN);
	assert_int_equal(usb.n_hooks, 1);
	assert_string_equal(usb.limits, "no USB bus here");
	assert_int_equal(deny.state, COVERAGE_NONE);
	assert_int_equal(deny.n_hooks, 0);
	assert_int_equal(deny.n_tried, 1);
	assert_string_equal(deny.tried[0].reason, "no USB bus here");
}

static void with_a_bus_it_says_what_no_uevent_shows(void **state)
{
	static const int said[] = { 0, 1, -EACCES };

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct coverage_row usb = { 0 };

		usb_coverage_watch(&usb, 0);
		usb_coverage_bus(&usb, said[i]);
		assert_non_null(strstr(usb.limits, "while uevents were lost"));
	}
}

static void a_socket_that_cannot_be_opened_is_a_fault(void **state)
{
	struct coverage_row usb = { 0 };

	(void)state;
	usb_coverage_watch(&usb, -EPERM);
	usb_coverage_bus(&usb, -ENODEV);
	assert_int_equal(usb.state, COVERAGE_NONE);
	assert_null(usb.limits);
	assert_non_null(strstr(usb.tried[0].reason, "netlink"));
}

static void denial_is_what_the_buses_and_the_policy_make_it(void **state)
{
	struct coverage_row deny = { 0 };

	(void)state;
	usb_coverage_deny(&deny, 1, false);
	assert_int_equal(deny.state, COVERAGE_READY);
	assert_non_null(strstr(deny.limits, "late: "));
	usb_coverage_deny(&deny, 0, true);
	assert_int_equal(deny.state, COVERAGE_UNPROVEN);
	assert_null(deny.limits);
	deny.state = COVERAGE_PROVEN;
	usb_coverage_deny(&deny, 0, true);
	assert_int_equal(deny.state, COVERAGE_PROVEN);
	usb_coverage_deny(&deny, -EACCES, true);
	assert_int_equal(deny.state, COVERAGE_NONE);
	assert_non_null(strstr(deny.tried[0].reason, strerror(EACCES)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_bus_is_no_fault_and_said),
		cmocka_unit_test(with_a_bus_it_says_what_no_uevent_shows),
		cmocka_unit_test(a_socket_that_cannot_be_opened_is_a_fault),
		cmocka_unit_test(denial_is_what_the_buses_and_the_policy_make_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
