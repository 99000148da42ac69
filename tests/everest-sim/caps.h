/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* A capability's number from its name, in either case, as libcap's cap_from_name(); -EINVAL. */
int caps_from_name(const char *name);

/* NULL beyond the last one known here. */
const char *caps_name(unsigned int cap);

/* Keeps the permitted set over the change of user. */
int caps_keep(void);

/* Makes caps inheritable and ambient, so that they survive execve. Where leak_chown, CAP_CHOWN goes
 * in front of them once for each, as EVerest's set_caps() does it. */
int caps_grant(const int *caps, size_t n_caps, int leak_chown);
