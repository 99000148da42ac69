/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sockets that were not bound before evmon's eyes by who has them: open at the start, come through
 * an exec, or out of another's hands. */
#include "daemon.h"

/* Judges all sockets that are bound now, by the policy in force; for the start. */
int held_everywhere(struct daemon *daemon);
/* An exec gave the task a class: what did it bring along? */
int held_joined(struct daemon *daemon, const struct event *event);
/* A record of a task that listens on a port which nobody asked for: which one that is, is looked
 * for. What is not open any more by then is not known. */
int held_listens(struct daemon *daemon, const struct event *event);
/* SCTP's module has come, and evmon's hook with it: who was quicker holds his socket. */
int held_of_sctp(struct daemon *daemon);
/* A record of a socket that somebody was handed: completes it and tells it. */
int held_received(struct daemon *daemon, const struct event *event);
