// SPDX-License-Identifier: Apache-2.0
/* usb_descriptors_parse(): a device's own words, which it may choose as it likes. */
#include <string.h>

#include "fuzz.h"
#include "process/usb_sysfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usb_device device = { .bus = 1 };

	usb_descriptors_parse(data, size, &device);
	PROMISE(device.n_interfaces <= USB_INTERFACES_MAX);
	for (size_t i = 0; i < device.n_interfaces; i++)
		PROMISE(strspn(device.interfaces[i], "0123456789abcdef") == 6 &&
			!device.interfaces[i][6]);
	return 0;
}
