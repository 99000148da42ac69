/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* self.lost for what the journal removed before evmon-publish had delivered it. */
#include "daemon.h"

/* 1: an alert that is to be written now, owned by the caller; ask again. 0: nothing (more) was
 * lost; -ENOMEM. */
int undelivered_take(struct daemon *daemon, struct alert **ret_alert);
