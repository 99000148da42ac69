/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The clock that alerts are dated by may be set: a charger without a battery begins in 1970. */
#include "daemon.h"

/* From here on each step of a second and more is told (self.clock-step). */
int clock_step_watch(struct daemon *daemon);
