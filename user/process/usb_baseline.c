// SPDX-License-Identifier: Apache-2.0
/*
 * What was attached when evmon first ran on this charger, one device a line: port, vendor, product
 * and serial, tabs between. The serial is escaped, so that it holds neither tab nor newline. All
 * four must agree later: the same stick in another port is news. A file that does not read to its
 * end is refused as a whole, since half a baseline would raise alarms for what it lacks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"
#include "process/usb.h"
#include "process/usb_sysfs.h"

#define BASELINE_FILE "usb-baseline"
#define BASELINE_HEAD "evmon usb baseline 1\n"

enum {
	BASELINE_BYTES_MAX = 256 << 10,
	BASELINE_DEVICES_MAX = 256,
	SERIAL_TEXT_MAX = 4 * USB_TEXT_MAX
};

struct known {
	char port[32], vendor[5], product[5], serial[USB_TEXT_MAX];
};

struct usb_baseline {
	size_t n;
	struct known at[BASELINE_DEVICES_MAX];
};

static bool is_hex4(const char *text)
{
	return strspn(text, "0123456789abcdef") == 4 && !text[4];
}

/* Cuts the field at the next tab; NULL if there is none. */
static char *field_next(char *field)
{
	char *tab = strchr(field, '\t');

	if (!tab)
		return NULL;
	*tab = '\0';
	return tab + 1;
}

static int line_parse(char *port, struct known *known)
{
	char *vendor = field_next(port);
	char *product = vendor ? field_next(vendor) : NULL;
	char *serial = product ? field_next(product) : NULL;
	size_t n;

	if (!serial || !usb_port_valid(port) || !is_hex4(vendor) || !is_hex4(product))
		return -EBADMSG;
	if (escape_undo(known->serial, sizeof(known->serial), serial, &n) ||
	    strlen(known->serial) != n)
		return -EBADMSG;
	memcpy(known->port, port, strlen(port) + 1);
	memcpy(known->vendor, vendor, sizeof(known->vendor));
	memcpy(known->product, product, sizeof(known->product));
	return 0;
}

static int text_parse(char *text, size_t size, struct usb_baseline *baseline)
{
	char *end;

	if (strlen(text) != size || strncmp(text, BASELINE_HEAD, sizeof(BASELINE_HEAD) - 1) != 0)
		return -EBADMSG;
	for (text += sizeof(BASELINE_HEAD) - 1; *text; text = end + 1) {
		end = strchr(text, '\n');
		if (!end || baseline->n == BASELINE_DEVICES_MAX)
			return -EBADMSG;
		*end = '\0';
		if (line_parse(text, &baseline->at[baseline->n++]))
			return -EBADMSG;
	}
	return 0;
}

int usb_baseline_load(int state_fd, struct usb_baseline **ret_baseline)
{
	_cleanup_(usb_baseline_freep) struct usb_baseline *baseline = calloc(1, sizeof(*baseline));
	_cleanup_(freep) char *text = NULL;
	size_t size;
	int err;

	if (!baseline)
		return -ENOMEM;
	err = file_read(state_fd, BASELINE_FILE, BASELINE_BYTES_MAX, &text, &size);
	if (!err)
		err = text_parse(text, size, baseline);
	if (err)
		return err == -EFBIG ? -EBADMSG : err;
	*ret_baseline = TAKE_PTR(baseline);
	return 0;
}

void usb_baseline_free(struct usb_baseline *baseline)
{
	free(baseline);
}

static int save_device(const struct usb_device *device, void *userdata)
{
	char serial[SERIAL_TEXT_MAX];

	escape_text(serial, sizeof(serial), device->serial, ESCAPE_JSON, NULL);
	fprintf(userdata, "%s\t%s\t%s\t%s\n", device->port, device->vendor, device->product,
		serial);
	return 0;
}

int usb_baseline_save(int state_fd, const struct usb_devices *devices)
{
	_cleanup_(freep) char *text = NULL;
	FILE *out;
	size_t size;

	out = open_memstream(&text, &size);
	if (!out)
		return -errno;
	fputs(BASELINE_HEAD, out);
	(void)usb_devices_each(devices, save_device, out);
	if (fclose(out))
		return -ENOMEM;
	return file_write_durable(state_fd, BASELINE_FILE, text, size, 0600);
}

bool usb_baseline_has(const struct usb_baseline *baseline, const struct usb_device *device)
{
	for (size_t i = 0; i < baseline->n; i++) {
		const struct known *known = &baseline->at[i];

		if (!strcmp(known->port, device->port) && !strcmp(known->vendor, device->vendor) &&
		    !strcmp(known->product, device->product) &&
		    !strcmp(known->serial, device->serial))
			return true;
	}
	return false;
}
