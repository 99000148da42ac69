// SPDX-License-Identifier: Apache-2.0
/*
 * One datagram an alert, `KEY=value` lines. libsystemd would do the same with six libraries behind
 * it; it also waits for a journald that hangs and says "sent" where there is none. Here EAGAIN is a
 * loss that is counted, and to a journald that was restarted the next alert connects again.
 *
 * Values of others are escaped as on a terminal, which leaves no newline: the protocol's binary
 * form is not needed, and neither is its memfd, since all fields together stay below 4 KiB.
 *
 * Priorities: journald syncs at once at 2 and above, so critical and high say 2 and survive a power
 * cut there too; medium 4, low 5, and what evmon says of its own coming and going 6.
 */
#include "journal/mirror.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/escape.h"
#include "base/macros.h"

enum {
	DATAGRAM_MAX = 4096,
	VALUE_MAX = 1024
};

static const char journald_socket[] = "/run/systemd/journal/socket";

static const int priorities[SEVERITY_MAX] = {
	[SEVERITY_LOW] = 5,
	[SEVERITY_MEDIUM] = 4,
	[SEVERITY_HIGH] = 2,
	[SEVERITY_CRITICAL] = 2,
};

/* One a family of rules, random: what catalogues and filters go by, for ever. */
static const char *const message_ids[EVMON_SENSOR_MAX] = {
	[EVMON_SENSOR_BIND] = "c0f2ac2130e64f649a0c2795df7afd87",
	[EVMON_SENSOR_CAPABILITY] = "889b00278fd645fe890115725841c2d3",
	[EVMON_SENSOR_EXEC] = "f2710786df2b44e9ac2c9a7ad85384b6",
	[EVMON_SENSOR_USB] = "f623af276c9b4b5ea8ff9224bab61e78",
	[EVMON_SENSOR_CONFIG] = "29ae75ba1db24f479f6967b29381b512",
	[EVMON_SENSOR_SELF] = "b2841f208b044427ade73ccb10e419dc",
};

struct datagram {
	char text[DATAGRAM_MAX];
	size_t length;
};

static void add(struct datagram *datagram, const char *key, const char *value)
{
	int n = snprintf(datagram->text + datagram->length,
			 sizeof(datagram->text) - datagram->length, "%s=%s\n", key, value);

	/* A field that does not fit is left out whole. */
	if (n > 0 && (size_t)n < sizeof(datagram->text) - datagram->length)
		datagram->length += (size_t)n;
}

static void add_number(struct datagram *datagram, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	add(datagram, key, text);
}

static void add_bytes(struct datagram *datagram, const char *key, const char *value)
{
	char text[VALUE_MAX];

	escape_text(text, sizeof(text), value, ESCAPE_TERMINAL, NULL);
	add(datagram, key, text);
}

static int priority_of(const struct alert *alert)
{
	if (alert->rule == EVMON_RULE_SELF_STARTED || alert->rule == EVMON_RULE_SELF_STOPPED)
		return 6;
	return priorities[alert->severity];
}

static void compose(struct datagram *datagram, const struct alert *alert, uint64_t seq)
{
	datagram->length = 0;
	add_bytes(datagram, "MESSAGE", alert->message);
	add(datagram, "MESSAGE_ID", message_ids[alert->sensor]);
	add_number(datagram, "PRIORITY", (uint64_t)priority_of(alert));
	add(datagram, "SYSLOG_IDENTIFIER", "evmon");
	add_number(datagram, "EVMON_SEQ", seq);
	add_bytes(datagram, "EVMON_RULE", alert->rule_name);
	add(datagram, "EVMON_SENSOR", sensor_name(alert->sensor));
	add(datagram, "EVMON_SEVERITY", severity_name(alert->severity));
	add(datagram, "EVMON_VERDICT", verdict_name(alert->verdict));
	add_number(datagram, "EVMON_COUNT", alert->count);
	if (alert->has_module)
		add_bytes(datagram, "EVMON_MODULE", alert->module.id);
	if (alert->has_process && alert->process.pid)
		add_number(datagram, "OBJECT_PID", alert->process.pid);
}

static int mirror_connect(struct mirror *mirror)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closep) int fd = -1;

	if (strlen(mirror->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, mirror->path, strlen(mirror->path) + 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == ENOENT || errno == ECONNREFUSED ? 0 : -errno;
	mirror->fd = TAKE_FD(fd);
	return 0;
}

int mirror_open_at(struct mirror *ret_mirror, const char *path)
{
	struct mirror mirror = { .fd = -1, .path = path };
	int err = mirror_connect(&mirror);

	if (err == 0)
		*ret_mirror = mirror;
	return err;
}

int mirror_open(struct mirror *ret_mirror)
{
	return mirror_open_at(ret_mirror, journald_socket);
}

static void mirror_disconnect(struct mirror *mirror)
{
	closep(&mirror->fd);
	mirror->fd = -1;
}

void mirror_close(struct mirror *mirror)
{
	mirror_disconnect(mirror);
	mirror->path = NULL;
}

bool mirror_is_on(const struct mirror *mirror)
{
	return mirror->path != NULL;
}

static int deliver(const struct mirror *mirror, const struct datagram *datagram)
{
	ssize_t n = send(mirror->fd, datagram->text, datagram->length, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 ? -errno : 0;
}

void mirror_send(struct mirror *mirror, const struct alert *alert, uint64_t seq)
{
	struct datagram datagram;
	int err = -ENOTCONN;

	if (!mirror->path)
		return;
	compose(&datagram, alert, seq);
	if (mirror->fd >= 0)
		err = deliver(mirror, &datagram);
	if (err == -ENOTCONN || err == -ECONNREFUSED || err == -ECONNRESET) {
		bool was_there = mirror->fd >= 0;

		/* journald was restarted, or has come up since. */
		mirror_disconnect(mirror);
		mirror_connect(mirror);
		if (mirror->fd >= 0)
			err = deliver(mirror, &datagram);
		else if (!was_there)
			return;
	}
	if (err < 0)
		mirror->lost++;
	else
		mirror->sent++;
}
