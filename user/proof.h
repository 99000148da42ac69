/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Loaded is not working: the canary proves the hooks, and what is pinned is compared. */
#include "daemon.h"

/* Sends the canary when it is time, hourly; what it finds is told when it is back. */
int proof_look(struct daemon *daemon);
/* One that is under way ends. */
int proof_end(struct daemon *daemon);
