/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The kernel's uevents over netlink (group 1: the kernel's own, not udev's). No right needed. */
#include <stddef.h>

typedef int (*uevent_fn)(const void *data, size_t size, void *userdata);

int uevent_open(int *ret_fd);
/* Calls fn for each datagram that is queued, until one fails; forged ones are dropped. Above 0:
 * how often the queue ran over. What was queued is older than what sysfs shows then, and has been
 * read; a rescan has the last word. */
int uevent_drain(int fd, uevent_fn fn, void *userdata);
