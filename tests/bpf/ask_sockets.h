/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sockets that come from others, as ask() has them come: errno, or 0. */

/* A descriptor over ACTOR_FD, which stays open. */
int ask_receive(const char *none);
/* "PID:FD": another process's descriptor. */
int ask_getfd(const char *place);
/* listen() on the one that came last. */
int ask_listen(const char *none);
/* Has who reads its reports supervise a system call of its own, by a descriptor that is sent to
 * him, and makes that call: the number that he answers with is a descriptor of this process. */
int ask_supervised(const char *none);
