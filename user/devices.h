/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The usb sensor: uevents in, alerts out; judged and counted in user space. */
#include "daemon.h"

/* Opens the netlink socket, reads what is attached, keeps or makes the baseline. No bus is no
 * error; a socket that cannot be opened is coverage's to tell. */
int devices_start(struct daemon *daemon);
/* Another policy is in force: where USB is denied, what is attached is judged anew. */
int devices_follow(struct daemon *daemon, const struct policy *before);
/* Uevents are waiting. */
int devices_event(int fd, uint32_t events, void *userdata);
