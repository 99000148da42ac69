/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An alert in one sentence of plain words. May hold others' bytes (comm, paths, USB strings):
 * whoever shows it escapes it. */
#include <stdbool.h>
#include <stddef.h>

#include "alert/alert.h"

/* Fills alert->message from everything else in it; empty where no rule is broken. `standing`: the
 * finding holds as long as its cause, it is not one deed. */
void message_compose(struct alert *alert, bool standing);
/* "tcp 0.0.0.0:8849 on eth0" of a bind; the length. */
int message_endpoint(const struct alert *alert, char *buffer, size_t size);
