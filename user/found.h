/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What user space finds about tasks: those that ran before evmon, modules that had no name yet,
 * and a manager that is still root once EVerest is up. */
#include "daemon.h"

/* An exec that gave its task a class. */
void found_joined(struct daemon *daemon, const struct event *event);
/* Takes the snapshot and judges what it shows. */
int found_at_start(struct daemon *daemon);
/* The settle timer: EVerest counts as up now. */
int found_settled(void *userdata);
