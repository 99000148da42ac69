// SPDX-License-Identifier: Apache-2.0
/*
 * A device is judged by the worst that it offers: its own class, or any interface in any of its
 * configurations. A keyboard that calls itself a memory stick is still a keyboard. In the allow
 * list an entry fits where all that it names fits; `class` means that the device is nothing else,
 * so that "08" does not let in a stick that brings a keyboard along.
 */
#include "alert/usb_judge.h"

#include <stdbool.h>
#include <string.h>

#include "base/macros.h"

#define CLASS_PER_INTERFACE "00"
#define CLASS_MISCELLANEOUS "ef" /* interface associations: says nothing either */
#define CLASS_HID	    "03"
#define CLASS_STORAGE	    "08"

static bool offers(const struct usb_device *device, const char *class)
{
	if (!strcmp(device->class, class))
		return true;
	for (size_t i = 0; i < device->n_interfaces; i++)
		if (!strncmp(device->interfaces[i], class, 2))
			return true;
	return false;
}

/* The device is of that class and of no other. */
static bool is_only(const struct usb_device *device, const char *class)
{
	bool own = strcmp(device->class, CLASS_PER_INTERFACE) != 0 &&
		   strcmp(device->class, CLASS_MISCELLANEOUS) != 0;

	if (own && strcmp(device->class, class) != 0)
		return false;
	for (size_t i = 0; i < device->n_interfaces; i++)
		if (strncmp(device->interfaces[i], class, 2) != 0)
			return false;
	return own || device->n_interfaces;
}

static bool field_fits(const char *wanted, const char *found)
{
	return !*wanted || !strcmp(wanted, found);
}

static bool entry_fits(const struct usb_allow *entry, const struct usb_device *device)
{
	/* An entry that names nothing is a mistake and not a wish to allow everything. */
	if (!*entry->vendor && !*entry->product && !*entry->port && !*entry->serial &&
	    !*entry->class)
		return false;
	return field_fits(entry->vendor, device->vendor) &&
	       field_fits(entry->product, device->product) &&
	       field_fits(entry->port, device->port) && field_fits(entry->serial, device->serial) &&
	       (!*entry->class || is_only(device, entry->class));
}

enum evmon_rule usb_judge(const struct policy *policy, const struct usb_device *device,
			  enum severity *ret_severity)
{
	for (size_t i = 0; i < policy->n_usb_allow; i++)
		if (entry_fits(&policy->usb_allow[i], device))
			return EVMON_RULE_NONE;
	if (offers(device, CLASS_HID)) {
		*ret_severity = policy->usb_hid_severity;
		return EVMON_RULE_USB_HID;
	}
	if (offers(device, CLASS_STORAGE)) {
		*ret_severity = policy->usb_storage_severity;
		return EVMON_RULE_USB_STORAGE;
	}
	*ret_severity = policy->usb_other_severity;
	return EVMON_RULE_USB_OTHER;
}
