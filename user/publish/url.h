/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the broker is: unix:/path, mqtt://host[:1883], mqtts://host[:8883]. */
#include <stdint.h>

enum url_kind {
	URL_UNIX,
	URL_TCP,
	URL_TLS
};

enum {
	URL_HOST_MAX = 256
};

struct url {
	enum url_kind kind;
	char host[URL_HOST_MAX]; /* the path for URL_UNIX; no brackets around an IPv6 address */
	uint16_t port;		 /* 0 for URL_UNIX */
};

/* -EINVAL: none of the three forms. */
int url_parse(const char *text, struct url *ret_url);
