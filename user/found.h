/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What user space finds about tasks: those that ran before evmon, modules that had no name yet,
 * and a manager that is still root once EVerest is up. */
#include "daemon.h"

/* An exec that gave its task a class. */
void found_joined(struct daemon *daemon, const struct event *event);
/* Takes a snapshot and judges whom it adds: at the start, where a reload names other files, and
 * when tasks had found no room. */
int found_tasks(struct daemon *daemon);
/* The settle timer: EVerest counts as up now. */
int found_settled(void *userdata);
