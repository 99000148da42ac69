// SPDX-License-Identifier: Apache-2.0
/*
 * Only what is needed of a URL: no user, no password (those would stand in publish.conf, which
 * others can read), no path behind the host, no name that has to be decoded. What does not fit is
 * refused rather than guessed at: it says where a charger's alerts go.
 */
#include "publish/url.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "base/macros.h"

struct scheme {
	const char *prefix;
	enum url_kind kind;
	uint16_t port;
};

static const struct scheme schemes[] = {
	{ "unix:", URL_UNIX, 0 },
	{ "mqtt://", URL_TCP, 1883 },
	{ "mqtts://", URL_TLS, 8883 },
};

static int parse_port(const char *text, uint16_t *ret_port)
{
	unsigned port = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		port = port * 10 + (unsigned)(*text - '0');
		if (port > UINT16_MAX)
			return -EINVAL;
	}
	if (port == 0)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

static int set_host(struct url *url, const char *from, size_t n, const char *refused)
{
	if (n == 0 || n >= sizeof(url->host) || strcspn(from, refused) < n)
		return -EINVAL;
	memcpy(url->host, from, n);
	url->host[n] = '\0';
	return 0;
}

/* host, host:port, [address], [address]:port */
static int parse_authority(const char *text, struct url *url)
{
	const char *end;
	int err;

	if (*text == '[') {
		end = strchr(text, ']');
		if (!end)
			return -EINVAL;
		err = set_host(url, text + 1, (size_t)(end - text - 1), "[/@ ");
		end++;
	} else {
		end = text + strcspn(text, ":");
		err = set_host(url, text, (size_t)(end - text), "[]/@ ?#");
	}
	if (err < 0 || !*end)
		return err;
	return *end == ':' ? parse_port(end + 1, &url->port) : -EINVAL;
}

static int parse_path(const char *text, struct url *url)
{
	/* The kernel's limit for a socket's name. */
	if (*text != '/' || strlen(text) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return -EINVAL;
	return set_host(url, text, strlen(text), "");
}

int url_parse(const char *text, struct url *ret_url)
{
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t n = strlen(schemes[i].prefix);
		struct url url = { .kind = schemes[i].kind, .port = schemes[i].port };
		int err;

		if (strncmp(text, schemes[i].prefix, n) != 0)
			continue;
		if (url.kind == URL_UNIX)
			err = parse_path(text + n, &url);
		else
			err = parse_authority(text + n, &url);
		if (err == 0)
			*ret_url = url;
		return err;
	}
	return -EINVAL;
}
