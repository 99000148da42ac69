/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the daemon keeps its files: as systemd says, else the usual place. */
#include <limits.h>

/* $STATE_DIRECTORY, else /var/lib/evmon. */
void dirs_state(char path[PATH_MAX]);
/* $RUNTIME_DIRECTORY, else /run/evmon. */
void dirs_run(char path[PATH_MAX]);
