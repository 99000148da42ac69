/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The last policy that was valid, kept in the state directory for a start with one that is not. */
#include "daemon.h"

/* The policy to start with: the files', else the last good one, else the built-in. -ENOMEM. */
int good_start(struct daemon *daemon);
/* Keeps the policy in force, if it is not kept already. */
void good_keep(struct daemon *daemon);
/* Notes that the files are not valid, and why. in_force: static words for what holds instead. */
void good_refuse(struct daemon *daemon, const struct policy_errors *errors, const char *in_force);
/* The alert to it. */
int good_tell(struct daemon *daemon);
