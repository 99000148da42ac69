// SPDX-License-Identifier: Apache-2.0
/*
 * A charger's name ends up in MQTT topics and in what operators read, so it must be stable over
 * boots, differ between chargers that were flashed with one image, and not give the machine id
 * away: machine-id(5) asks for a keyed hash of it. Eight hex digits tell the chargers of one fleet
 * and one hostname apart. What MQTT would take for a wildcard or a level becomes `_`.
 */
#include "base/station.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/macros.h"

#define MACHINE_ID     "/etc/machine-id"
#define MACHINE_ID_LEN 32U
/* Makes the hash evmon's own; never changes, or every charger would change its name. */
#define STATION_SALT "evmon station 1:"
#define STATION_HEX  8U

static int machine_hash(char hash[STATION_HEX + 1])
{
	char text[sizeof(STATION_SALT) + 64], hex[HASH_HEX];
	const size_t salt = sizeof(STATION_SALT) - 1;
	ssize_t n;

	memcpy(text, STATION_SALT, salt);
	n = file_read_into(AT_FDCWD, MACHINE_ID, text + salt, sizeof(text) - salt);
	if (n < 0)
		return -ENOENT;
	/* Before the first boot is complete it says "uninitialized". */
	if (strspn(text + salt, "0123456789abcdef") != MACHINE_ID_LEN)
		return -ENOENT;
	hash_hex(text, salt + MACHINE_ID_LEN, hex);
	memcpy(hash, hex, STATION_HEX);
	hash[STATION_HEX] = '\0';
	return 0;
}

/* Copies a whole name, at most size - 1 bytes, fit for a topic level. */
static void copy_clean(char *to, size_t size, const char *from)
{
	size_t n = escape_cut(from, strlen(from), size - 1), at = 0, length;
	char unit[ESCAPE_UNIT_MAX];

	for (size_t i = 0; i < n;) {
		size_t taken = escape_unit(from + i, n - i, ESCAPE_TERMINAL, unit, &length);

		if (strchr("+#/", from[i]) || (unit[0] == '\\' && from[i] != '\\')) {
			to[at++] = '_';
		} else {
			memcpy(to + at, from + i, taken);
			at += taken;
		}
		i += taken;
	}
	to[at] = '\0';
}

int station_name(const char *set, char station[STATION_MAX])
{
	char host[HOST_NAME_MAX + 1] = "", hash[STATION_HEX + 1];
	size_t n;
	int err;

	if (set && *set && strcmp(set, "auto") != 0) {
		copy_clean(station, STATION_MAX, set);
		return 0;
	}
	if (gethostname(host, sizeof(host)) || !host[0])
		snprintf(host, sizeof(host), "localhost");
	host[HOST_NAME_MAX] = '\0';
	copy_clean(station, STATION_MAX - STATION_HEX - 1, host);
	err = machine_hash(hash);
	if (err)
		return err;
	n = strlen(station);
	snprintf(station + n, STATION_MAX - n, "-%s", hash);
	return 0;
}
