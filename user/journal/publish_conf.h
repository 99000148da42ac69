/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * <run>/publish.conf: what the daemon tells evmon-publish, `key=value` lines. The daemon writes it
 * at start and reload, by rename; an empty value is a value that is not set.
 */
#include <limits.h>
#include <stddef.h>

#include "base/station.h"

enum {
	PUBLISH_URL_MAX = 512,
	PUBLISH_PREFIX_MAX = 128,
	PUBLISH_CLIENT_MAX = STATION_MAX + 16,
	PUBLISH_ERROR_MAX = 160
};

struct publish_conf {
	char broker[PUBLISH_URL_MAX]; /* unix:/path, mqtt://host[:port], mqtts://host[:port] */
	char station[STATION_MAX];
	char prefix[PUBLISH_PREFIX_MAX]; /* "evmon/v1" */
	char client_id[PUBLISH_CLIENT_MAX];
	char ca[PATH_MAX], cert[PATH_MAX], key[PATH_MAX];
	char state_dir[PATH_MAX]; /* holds journal/ */
};

/* -EINVAL: a value with control bytes, or one that is missing. */
int publish_conf_write(int run_fd, const struct publish_conf *conf);
/* -ENOENT: not there; -EINVAL: `error` names line and reason. Keys that are not known are skipped:
 * they are those of a later daemon. */
int publish_conf_read(int run_fd, struct publish_conf *ret_conf, char error[PUBLISH_ERROR_MAX]);
