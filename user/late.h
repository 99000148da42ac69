/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Kernels without BTF, and some that are locked down: what hooks cannot see is looked up in /proc
 * when their record comes. */
#include "daemon.h"

/* Who it was, as far as it is still there. */
void late_complete(struct daemon *daemon, struct event *event);
/* An exec in the tree: class, name and judgement. */
int late_exec(struct daemon *daemon, const struct event *event);
