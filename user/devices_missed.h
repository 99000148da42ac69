/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* USB devices whose uevents never came: the hook's count against what was noticed. */
#include "daemon.h"

/* Compares, and tells of what came and went; every ten seconds. */
int devices_missed_look(struct daemon *daemon);
