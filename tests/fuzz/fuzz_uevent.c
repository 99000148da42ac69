// SPDX-License-Identifier: Apache-2.0
/*
 * uevent_decode(): a device's path leads nowhere but below /sys, and its fields have their form.
 * The input is also tried with newlines for NULs and closed by a NUL, which is easier to come by.
 */
#include <string.h>

#include "event/uevent.h"
#include "fuzz.h"

static void try(const char *data, size_t size)
{
	struct uevent uevent;

	if (uevent_decode(data, size, &uevent))
		return;
	PROMISE(strlen(uevent.devpath) < UEVENT_PATH_MAX && uevent.devpath[0] == '/');
	PROMISE(!strstr(uevent.devpath, "/../") && !strstr(uevent.devpath, "//"));
	PROMISE(strlen(uevent.vendor) == 4 && strlen(uevent.product) == 4);
	PROMISE(strlen(uevent.class) == 2 && strlen(uevent.action) > 0);
	PROMISE(uevent.device ? uevent.bus && uevent.number : !uevent.bus);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "add@/a\nACTION=add\nDEVPATH=/a\nSUBSYSTEM=usb\nDEVTYPE=usb_";
	char *text = malloc(sizeof(head) + size);

	PROMISE(text);
	try((const char *)data, size);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + sizeof(head) - 1, data, size);
	text[sizeof(head) - 1 + size] = '\0';
	for (size_t i = 0; i < sizeof(head) - 1 + size; i++)
		if (text[i] == '\n')
			text[i] = '\0';
	try(text, sizeof(head) + size);
	free(text);
	return 0;
}
