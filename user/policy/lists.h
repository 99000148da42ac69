/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The lists of a policy file but `bind:`. A list replaces what stands before it; under
 * capabilities.modules each module's does; usb.allow adds.
 */
#include "policy/fields.h"

enum {
	POLICY_MODULES = 240, /* each name is a class in the kernel, which has 256 */
	POLICY_ALLOWED = 128, /* entries of exec.root.allow, exec.shell.allow and usb.allow */
};

#define MODULE_ORIGIN "capabilities.modules:"
#define USB_ORIGIN    "usb.allow:"

/* capabilities_type: a list of capabilities as a mask. texts_type: a list of texts of field->form,
 * as a NULL-terminated array. */
extern const struct field_type modules_type, capabilities_type, texts_type, usb_allow_type;
/* The keys of an item of usb.allow, in a struct usb_allow; a module's mask. */
extern const struct field usb_fields[], module_mask;

void texts_free(char **texts);
DEFINE_CLEANUP(char **, texts_free);
