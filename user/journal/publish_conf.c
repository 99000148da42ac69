// SPDX-License-Identifier: Apache-2.0
/*
 * The only words between the two programs besides the journal and status.json. It is written by the
 * daemon alone, yet checked like anything that is read: evmon-publish holds no right, but it talks
 * to a network with what stands here. One table serves both directions.
 */
#include "journal/publish_conf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/macros.h"

enum {
	CONF_MAX = 65536,
	CONF_MODE = 0644 /* holds names of key files, no keys */
};

struct field {
	const char *key;
	size_t offset, size;
	bool needed;
};

#define FIELD(name, must)                                                             \
	{                                                                             \
		.key = #name, .offset = offsetof(struct publish_conf, name),          \
		.size = sizeof(((struct publish_conf *)NULL)->name), .needed = (must) \
	}

static const struct field fields[] = {
	FIELD(broker, true), FIELD(station, true), FIELD(prefix, true), FIELD(client_id, true),
	FIELD(ca, false),    FIELD(cert, false),   FIELD(key, false),	FIELD(state_dir, true),
};

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

int publish_conf_write(int run_fd, const struct publish_conf *conf)
{
	_cleanup_(freep) char *text = NULL;
	_cleanup_(fclosep) FILE *stream = NULL;
	size_t size = 0;

	stream = open_memstream(&text, &size);
	if (!stream)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *value = (const char *)conf + fields[i].offset;

		if (has_control(value) || (fields[i].needed && !*value))
			return -EINVAL;
		fprintf(stream, "%s=%s\n", fields[i].key, value);
	}
	if (fflush(stream) != 0)
		return -errno;
	return file_write_atomic(run_fd, "publish.conf", text, size, CONF_MODE);
}

static int bad(char error[PUBLISH_ERROR_MAX], unsigned number, const char *what, const char *key)
{
	snprintf(error, PUBLISH_ERROR_MAX, "line %u: %s%s%.40s", number, what, key ? ": " : "",
		 key ? key : "");
	return -EINVAL;
}

static int set_field(struct publish_conf *conf, char *line, unsigned number,
		     char error[PUBLISH_ERROR_MAX])
{
	char *value = strchr(line, '=');

	if (!value)
		return bad(error, number, "not key=value", NULL);
	*value++ = '\0';
	if (has_control(value))
		return bad(error, number, "control bytes in the value", line);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].key, line) != 0)
			continue;
		if (strlen(value) >= fields[i].size)
			return bad(error, number, "the value is too long", line);
		memcpy((char *)conf + fields[i].offset, value, strlen(value) + 1);
	}
	return 0;
}

static int check_needed(const struct publish_conf *conf, unsigned lines,
			char error[PUBLISH_ERROR_MAX])
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].needed && !*((const char *)conf + fields[i].offset))
			return bad(error, lines, "the file ends without", fields[i].key);
	return 0;
}

int publish_conf_read(int run_fd, struct publish_conf *ret_conf, char error[PUBLISH_ERROR_MAX])
{
	struct publish_conf conf = { 0 };
	_cleanup_(freep) char *text = NULL;
	unsigned number = 0;
	size_t size;
	char *line;
	int err;

	snprintf(error, PUBLISH_ERROR_MAX, "cannot read");
	err = file_read(run_fd, "publish.conf", CONF_MAX, &text, &size);
	if (err < 0)
		return err;
	if (strlen(text) != size)
		return bad(error, 1, "NUL bytes in the file", NULL);
	for (char *rest = text; (line = strsep(&rest, "\n"));) {
		number++;
		if (*line == '\0' || *line == '#')
			continue;
		err = set_field(&conf, line, number, error);
		if (err < 0)
			return err;
	}
	err = check_needed(&conf, number, error);
	if (err == 0)
		*ret_conf = conf;
	return err;
}
