/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* USB devices whose uevents never came: the hook's count against what was noticed. */
#include "daemon.h"

/* What the daemon before noticed is not missed. */
int devices_missed_start(struct daemon *daemon);
/* Its uevent has come. */
void devices_missed_not(struct daemon *daemon, const struct usb_device *device);
/* Compares, and tells of what came and went; every ten seconds. */
int devices_missed_look(struct daemon *daemon);
