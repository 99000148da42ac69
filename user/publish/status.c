// SPDX-License-Identifier: Apache-2.0
/*
 * status.json is passed on as it is; the one thing that must be found in it is the stamp. For that
 * a scan that knows strings and nesting is enough. A text without stamp at its top level is not
 * taken for the daemon's.
 */
#include "publish/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/macros.h"
#include "base/station.h"

#define FRESH_US 30000000ULL

enum {
	STATUS_MAX = 262144
};

void status_clear(struct status *status)
{
	free(status->text);
	*status = (struct status){ 0 };
}

/* Behind the string that starts at text[at]; size if it does not end. */
static size_t skip_string(const char *text, size_t size, size_t at)
{
	for (at++; at < size && text[at] != '"'; at++)
		if (text[at] == '\\')
			at++;
	return at < size ? at + 1 : size;
}

static size_t skip_space(const char *text, size_t size, size_t at)
{
	while (at < size && text[at] && strchr(" \t\r\n", text[at]))
		at++;
	return at;
}

/* The number at text[at], which ends with the member: how many digits it has. */
static int read_number(const char *text, size_t size, size_t at, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t i = at, end;

	for (; i < size && text[i] >= '0' && text[i] <= '9'; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text[i] - '0'), &number))
			return -EBADMSG;
	end = skip_space(text, size, i);
	if (i == at || end == size || (text[end] != ',' && text[end] != '}'))
		return -EBADMSG;
	*ret_number = number;
	return (int)(i - at);
}

/* Whether the string at text[at] is that key (with its quotes): where its value stands, else 0. */
static size_t value_of_key(const char *text, size_t size, size_t at, const char *key)
{
	size_t length = strlen(key), behind;

	if (size - at < length || memcmp(text + at, key, length) != 0)
		return 0;
	behind = skip_space(text, size, at + length);
	if (behind == size || text[behind] != ':')
		return 0;
	return skip_space(text, size, behind + 1);
}

/* The value of a member of the outermost object; 0: there is none. */
static size_t find_member(const char *text, size_t size, const char *key)
{
	unsigned depth = 0;
	size_t at = 0, value;

	while (at < size) {
		if (text[at] == '"') {
			value = depth == 1 ? value_of_key(text, size, at, key) : 0;
			if (value)
				return value;
			at = skip_string(text, size, at);
			continue;
		}
		depth += text[at] == '{' || text[at] == '[';
		if ((text[at] == '}' || text[at] == ']') && depth-- == 0)
			return 0;
		at++;
	}
	return 0;
}

/* Behind the object that starts at text[at]; at itself if none does. */
static size_t skip_object(const char *text, size_t size, size_t at)
{
	unsigned depth = 0;
	size_t end = at;

	if (at >= size || text[at] != '{')
		return at;
	while (end < size) {
		if (text[end] == '"') {
			end = skip_string(text, size, end);
			continue;
		}
		depth += text[end] == '{';
		if (text[end++] == '}' && --depth == 0)
			return end;
	}
	return at;
}

int status_find_stamp(const char *text, size_t size, uint64_t *ret_stamp_us, size_t *ret_at,
		      size_t *ret_digits)
{
	size_t value = find_member(text, size, "\"stamp_us\"");
	int n = value ? read_number(text, size, value, ret_stamp_us) : -EBADMSG;

	if (n < 0)
		return n;
	*ret_at = value;
	*ret_digits = (size_t)n;
	return 0;
}

/* Counters move all the time, as the stamp does: neither is news by itself. */
static void hash_content(struct status *status, size_t stamp_at, size_t digits)
{
	_cleanup_(freep) char *rest = malloc(status->size);
	size_t counters = find_member(status->text, status->size, "\"counters\"");
	size_t behind = counters ? skip_object(status->text, status->size, counters) : 0;
	size_t n = 0;

	status->content[0] = '\0';
	if (!rest)
		return;
	for (size_t i = 0; i < status->size; i++) {
		bool stamp = i >= stamp_at && i < stamp_at + digits;

		if (!stamp && !(i >= counters && i < behind))
			rest[n++] = status->text[i];
	}
	hash_hex(rest, n, status->content);
}

int status_read(struct status *status, int run_fd)
{
	_cleanup_(freep) char *text = NULL;
	size_t size, at, digits;
	uint64_t stamp;
	int err;

	err = file_read(run_fd, "status.json", STATUS_MAX, &text, &size);
	if (err < 0)
		return err;
	while (size && (text[size - 1] == '\n' || text[size - 1] == ' '))
		size--;
	err = status_find_stamp(text, size, &stamp, &at, &digits);
	if (err < 0)
		return err;
	status_clear(status);
	status->text = TAKE_PTR(text);
	status->size = size;
	status->stamp_us = stamp;
	hash_content(status, at, digits);
	return 0;
}

const char *status_blind(const struct status *status, bool daemon_runs, uint64_t now_ns)
{
	if (!daemon_runs)
		return "the daemon does not run";
	if (!status->text)
		return "the daemon has said nothing yet";
	if (now_ns / 1000 > status->stamp_us + FRESH_US)
		return "the daemon has been silent for 30 seconds";
	return NULL;
}

uint64_t status_deadline(const struct status *status)
{
	/* One beyond: at the deadline itself the stamp is still good. */
	return status->text ? (status->stamp_us + FRESH_US + 1) * 1000 : UINT64_MAX;
}

size_t status_compose(char text[STATUS_OURS_MAX], const char *state, const char *station,
		      const char *why)
{
	struct json json;
	int n;

	json_begin(&json, text, STATUS_OURS_MAX);
	json_object(&json, NULL);
	json_string(&json, "state", state);
	json_bytes(&json, "station", station, strlen(station), STATION_MAX);
	if (why)
		json_string(&json, "why", why);
	json_close_object(&json);
	n = json_end(&json);
	return n < 0 ? 0 : (size_t)n;
}
