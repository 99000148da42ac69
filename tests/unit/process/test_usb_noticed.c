// SPDX-License-Identifier: Apache-2.0
/* Attachments that nobody noticed are found once, and none that somebody did. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "process/usb_noticed.h"

static const struct usb_device keyboard = { .port = "1-4", .vendor = "0627", .product = "0001" };
static const struct usb_device elsewhere = { .port = "1-3", .vendor = "0627", .product = "0001" };

static int setup(void **state)
{
	return usb_noticed_new((struct usb_noticed **)state);
}

static int teardown(void **state)
{
	usb_noticed_free(*state);
	return 0;
}

static uint64_t look(struct usb_noticed *noticed, const struct usb_device *device, uint64_t count)
{
	usb_noticed_look(noticed);
	return usb_noticed_missing(noticed, device, count);
}

static void what_is_missing_twice_is_told_once(void **state)
{
	assert_int_equal(look(*state, &keyboard, 3), 0);
	assert_int_equal(look(*state, &keyboard, 3), 3);
	assert_int_equal(look(*state, &keyboard, 3), 0);
	assert_int_equal(look(*state, &keyboard, 4), 0);
	assert_int_equal(look(*state, &keyboard, 6), 1);
	assert_int_equal(look(*state, &keyboard, 6), 2);
	assert_int_equal(look(*state, &keyboard, 6), 0);
}

static void what_was_noticed_is_not_missing(void **state)
{
	for (uint64_t n = 1; n < 5; n++) {
		usb_noticed_add(*state, &keyboard);
		assert_int_equal(look(*state, &keyboard, n), 0);
	}
	/* Counted first, noticed by the next look; and the other way round. */
	assert_int_equal(look(*state, &keyboard, 5), 0);
	usb_noticed_add(*state, &keyboard);
	assert_int_equal(look(*state, &keyboard, 5), 0);
	usb_noticed_add(*state, &keyboard);
	assert_int_equal(look(*state, &keyboard, 5), 0);
	assert_int_equal(look(*state, &keyboard, 6), 0);
	assert_int_equal(look(*state, &keyboard, 6), 0);
}

static void a_port_is_not_another(void **state)
{
	usb_noticed_add(*state, &elsewhere);
	usb_noticed_look(*state);
	assert_int_equal(usb_noticed_missing(*state, &keyboard, 1), 0);
	assert_int_equal(usb_noticed_missing(*state, &elsewhere, 1), 0);
	usb_noticed_look(*state);
	assert_int_equal(usb_noticed_missing(*state, &keyboard, 1), 1);
	assert_int_equal(usb_noticed_missing(*state, &elsewhere, 1), 0);
}

/* It may have been under way when the count began: then it is counted at the first looks. */
static void what_was_there_at_the_beginning_excuses_one(void **state)
{
	usb_noticed_present(*state, &keyboard);
	usb_noticed_present(*state, &elsewhere);
	assert_int_equal(look(*state, &keyboard, 1), 0);
	assert_int_equal(look(*state, &keyboard, 1), 0);
	assert_int_equal(look(*state, &keyboard, 2), 0);
	assert_int_equal(look(*state, &keyboard, 2), 1);
	/* Later nothing is excused. */
	assert_int_equal(look(*state, &elsewhere, 1), 0);
	assert_int_equal(look(*state, &elsewhere, 1), 1);
}

static void what_was_there_and_is_not_counted_changes_nothing(void **state)
{
	usb_noticed_present(*state, &keyboard);
	for (uint64_t n = 0; n < 4; n++) {
		assert_int_equal(look(*state, &keyboard, n), 0);
		usb_noticed_add(*state, &keyboard);
	}
	assert_int_equal(look(*state, &keyboard, 5), 0);
	assert_int_equal(look(*state, &keyboard, 5), 1);
}

/* What another noticed before counts, and what came since is found. */
static void what_was_noticed_before_is_known(void **state)
{
	usb_noticed_recall(*state, &keyboard, 7);
	usb_noticed_recall(*state, &elsewhere, 2);
	usb_noticed_present(*state, &elsewhere);
	assert_int_equal(look(*state, &keyboard, 9), 0);
	assert_int_equal(usb_noticed_missing(*state, &elsewhere, 3), 0);
	assert_int_equal(look(*state, &keyboard, 9), 2);
	assert_int_equal(usb_noticed_missing(*state, &elsewhere, 3), 0);
	assert_int_equal(usb_noticed_count(*state, &keyboard), 9);
	assert_int_equal(usb_noticed_count(*state, &elsewhere), 3);
}

static void beyond_its_room_nothing_is_compared(void **state)
{
	struct usb_device device = { .vendor = "0627", .product = "0001" };

	for (int i = 0; i < USB_NOTICED_MAX; i++) {
		snprintf(device.port, sizeof(device.port), "2-%d", i);
		usb_noticed_add(*state, &device);
	}
	snprintf(device.port, sizeof(device.port), "3-1");
	assert_int_equal(look(*state, &device, 1), 0);
	assert_int_equal(look(*state, &device, 1), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_missing_twice_is_told_once),
		TEST(what_was_noticed_is_not_missing),
		TEST(a_port_is_not_another),
		TEST(what_was_there_at_the_beginning_excuses_one),
		TEST(what_was_there_and_is_not_counted_changes_nothing),
		TEST(what_was_noticed_before_is_known),
		TEST(beyond_its_room_nothing_is_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
