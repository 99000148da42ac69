// SPDX-License-Identifier: Apache-2.0
/*
 * What was attached when the other began to count was counted or not, as it was under way or not:
 * so it is not said to be noticed, and excuses one attachment more than noticed, at the first
 * looks.
 */
#include "process/usb_noticed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_LOOKS = 2
};

struct entry {
	char vendor[5], product[5], port[32];
	bool present; /* when the count began */
	uint64_t noticed;
	uint64_t missing; /* at the look before */
};

struct usb_noticed {
	struct entry *entries;
	size_t n, room;
	unsigned looks;
};

int usb_noticed_new(struct usb_noticed **ret_noticed)
{
	*ret_noticed = calloc(1, sizeof(**ret_noticed));
	return *ret_noticed ? 0 : -ENOMEM;
}

void usb_noticed_free(struct usb_noticed *noticed)
{
	if (!noticed)
		return;
	free(noticed->entries);
	free(noticed);
}

/* NULL: no room for another. */
static struct entry *entry_get(struct usb_noticed *noticed, const struct usb_device *device)
{
	struct entry *e;

	for (size_t i = 0; i < noticed->n; i++) {
		e = &noticed->entries[i];
		if (!strcmp(e->port, device->port) && !strcmp(e->vendor, device->vendor) &&
		    !strcmp(e->product, device->product))
			return e;
	}
	if (noticed->n == USB_NOTICED_MAX)
		return NULL;
	if (noticed->n == noticed->room) {
		size_t room = noticed->room ? 2 * noticed->room : 16;

		e = reallocarray(noticed->entries, room, sizeof(*e));
		if (!e)
			return NULL;
		noticed->entries = e;
		noticed->room = room;
	}
	e = &noticed->entries[noticed->n++];
	memset(e, 0, sizeof(*e));
	memcpy(e->vendor, device->vendor, sizeof(e->vendor));
	memcpy(e->product, device->product, sizeof(e->product));
	memcpy(e->port, device->port, sizeof(e->port));
	return e;
}

void usb_noticed_add(struct usb_noticed *noticed, const struct usb_device *device)
{
	struct entry *e = entry_get(noticed, device);

	if (e)
		e->noticed++;
}

uint64_t usb_noticed_count(struct usb_noticed *noticed, const struct usb_device *device)
{
	const struct entry *e = entry_get(noticed, device);

	return e ? e->noticed : 0;
}

void usb_noticed_recall(struct usb_noticed *noticed, const struct usb_device *device,
			uint64_t count)
{
	struct entry *e = entry_get(noticed, device);

	if (e)
		e->noticed = count;
}

void usb_noticed_present(struct usb_noticed *noticed, const struct usb_device *device)
{
	struct entry *e = entry_get(noticed, device);

	if (e)
		e->present = true;
}

void usb_noticed_look(struct usb_noticed *noticed)
{
	if (noticed->looks <= FIRST_LOOKS)
		noticed->looks++;
}

uint64_t usb_noticed_missing(struct usb_noticed *noticed, const struct usb_device *device,
			     uint64_t count)
{
	struct entry *e = entry_get(noticed, device);
	uint64_t missing, told;

	if (!e)
		return 0;
	if (count > e->noticed && e->present && noticed->looks <= FIRST_LOOKS) {
		e->present = false;
		e->noticed++;
	}
	missing = count > e->noticed ? count - e->noticed : 0;
	told = MIN(missing, e->missing);
	e->noticed += told;
	e->missing = missing - told;
	return told;
}
