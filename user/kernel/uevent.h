/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The kernel's uevents over netlink (group 1: the kernel's own, not udev's). No right needed. */
#include <stddef.h>
#include <sys/types.h>

int uevent_open(int *ret_fd);
/* The length of one datagram; 0: forged (its sender is not the kernel) and dropped; -EAGAIN: no
 * more; -ENOBUFS: some were lost, rescan. */
ssize_t uevent_receive(int fd, void *buffer, size_t size);
