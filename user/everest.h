/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What EVerest's own config says: names, the broker's socket, and what is wrong with it. */
#include "daemon.h"

/* Reads the config that the policy names; one that cannot be read leaves what was known. */
void everest_read(struct daemon *daemon);
/* Tells what is wrong with it, and was not already wrong at the last time in this boot. */
int everest_judge(struct daemon *daemon);
/* The broker to publish to: as given, else the policy's, else EVerest's unix socket, else
 * mosquitto's; TCP only if asked. -EINVAL: too long a URL, and said so. */
int everest_broker(struct daemon *daemon);
