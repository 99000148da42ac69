/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Hooks as users read them in alerts and coverage. */
#include "evmon/types.h"

/* "fexit/inet_bind"; "none" for no hook. */
const char *hook_name(enum evmon_hook hook);
