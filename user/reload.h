/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The policy and EVerest's config, as their files change while evmon runs. */
#include "daemon.h"

/* Follows the files from now on; before they are first read. */
int reload_start(struct daemon *daemon);
/* The same, now that the policy says where EVerest's config is. */
int reload_follow(struct daemon *daemon);
/* SIGHUP: reads all of them again, now. */
int reload_all(struct daemon *daemon);
