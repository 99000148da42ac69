/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The name of this charger: as set, else hostname, `-` and eight hex digits of a hash of the
 * machine id that is evmon's own (images share hostnames). `+ # /` and control bytes become `_`. */
#include <stddef.h>

enum {
	STATION_MAX = 96
};

/* set: NULL, "" or "auto" to make it up. -ENOENT: there is no machine id; station is filled all the
 * same, with the hostname alone, which images share. */
int station_name(const char *set, char station[STATION_MAX]);
