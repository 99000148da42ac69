// SPDX-License-Identifier: Apache-2.0
/* The worst that a device offers decides; the allow list lets in what it names and no more. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/usb_judge.h"

static struct usb_device device_of(const char *class, const char *first, const char *second)
{
	struct usb_device device = {
		.attached = true,
		.port = "1-1.3",
		.vendor = "0403",
		.product = "6001",
		.serial = "A50285BI",
	};

	snprintf(device.class, sizeof(device.class), "%s", class);
	if (first)
		memcpy(device.interfaces[device.n_interfaces++], first, 7);
	if (second)
		memcpy(device.interfaces[device.n_interfaces++], second, 7);
	return device;
}

static void judged(const struct policy *policy, const struct usb_device *device,
		   enum evmon_rule rule, enum severity severity)
{
	enum severity found = SEVERITY_MAX;

	assert_int_equal(usb_judge(policy, device, &found), rule);
	assert_int_equal(found, severity);
}

static struct policy *policy_with(struct usb_allow *allow, size_t n)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	policy->usb_hid_severity = SEVERITY_CRITICAL;
	policy->usb_storage_severity = SEVERITY_HIGH;
	policy->usb_other_severity = SEVERITY_MEDIUM;
	policy->usb_allow = allow;
	policy->n_usb_allow = n;
	return policy;
}

static void the_worst_that_it_offers_decides(void **state)
{
	static const struct {
		const char *class, *first, *second;
		enum evmon_rule rule;
		enum severity severity;
	} cases[] = {
		{ "00", "030101", NULL, EVMON_RULE_USB_HID, SEVERITY_CRITICAL },
		{ "00", "080650", NULL, EVMON_RULE_USB_STORAGE, SEVERITY_HIGH },
		{ "00", "080650", "030101", EVMON_RULE_USB_HID, SEVERITY_CRITICAL },
		{ "08", "ff0000", NULL, EVMON_RULE_USB_STORAGE, SEVERITY_HIGH },
		{ "03", NULL, NULL, EVMON_RULE_USB_HID, SEVERITY_CRITICAL },
		{ "09", "090000", NULL, EVMON_RULE_USB_OTHER, SEVERITY_MEDIUM },
		{ "00", "ff0308", NULL, EVMON_RULE_USB_OTHER, SEVERITY_MEDIUM },
		{ "00", NULL, NULL, EVMON_RULE_USB_OTHER, SEVERITY_MEDIUM },
	};
	struct policy *policy = policy_with(NULL, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct usb_device device =
			device_of(cases[i].class, cases[i].first, cases[i].second);

		judged(policy, &device, cases[i].rule, cases[i].severity);
	}
	free(policy);
}

static void an_entry_fits_where_all_that_it_names_fits(void **state)
{
	static const struct {
		struct usb_allow entry;
		int allowed;
	} cases[] = {
		{ { .vendor = "0403" }, 1 },
		{ { .vendor = "0403", .product = "6001", .port = "1-1.3", .serial = "A50285BI" },
		  1 },
		{ { .vendor = "0403", .product = "6002" }, 0 },
		{ { .vendor = "0403", .port = "1-1" }, 0 },
		{ { .vendor = "0403", .serial = "A50285B" }, 0 },
		{ { .port = "1-1.3" }, 1 },
		{ { .class = "ff" }, 1 },
		{ { .class = "03" }, 0 },
		{ { .vendor = "" }, 0 },
	};
	struct usb_device device = device_of("00", "ffffff", NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct usb_allow allow[2] = { { .vendor = "ffff" }, cases[i].entry };
		struct policy *policy = policy_with(allow, 2);

		judged(policy, &device, cases[i].allowed ? EVMON_RULE_NONE : EVMON_RULE_USB_OTHER,
		       cases[i].allowed ? SEVERITY_MAX : SEVERITY_MEDIUM);
		free(policy);
	}
}

static void a_class_is_allowed_only_by_itself(void **state)
{
	static const struct {
		const char *class, *first, *second;
		int allowed;
	} cases[] = {
		{ "00", "080650", NULL, 1 },	 { "00", "080650", "080662", 1 },
		{ "ef", "080650", NULL, 1 },	 { "08", NULL, NULL, 1 },
		{ "00", "080650", "030101", 0 }, { "08", "080650", "030101", 0 },
		{ "09", "080650", NULL, 0 },	 { "00", NULL, NULL, 0 },
	};
	struct usb_allow allow = { .class = "08" };
	struct policy *policy = policy_with(&allow, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct usb_device device =
			device_of(cases[i].class, cases[i].first, cases[i].second);
		enum severity severity;

		assert_int_equal(usb_judge(policy, &device, &severity) == EVMON_RULE_NONE,
				 cases[i].allowed);
	}
	free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_that_it_offers_decides),
		cmocka_unit_test(an_entry_fits_where_all_that_it_names_fits),
		cmocka_unit_test(a_class_is_allowed_only_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
