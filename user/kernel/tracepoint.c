// SPDX-License-Identifier: Apache-2.0
/*
 * A tracepoint's fields lie where the running kernel's tracefs says; they have moved between
 * versions (a name became a text of its own length, numbers became wider), and between
 * architectures. A line of a format: "\tfield:pid_t pid;\toffset:8;\tsize:4;\tsigned:1;".
 */
#include "kernel/tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/macros.h"

enum {
	FORMAT_MAX = 8192
};

static int tracepoint_read(const char *name, const char *what, char *text, size_t size)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[160];
	ssize_t n = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(places) && n < 0; i++) {
		snprintf(path, sizeof(path), "%s/events/%s/%s", places[i], name, what);
		n = file_read_into(AT_FDCWD, path, text, size);
	}
	return n < 0 ? (int)n : 0;
}

int tracepoint_id(const char *name, int *ret_id)
{
	char text[16] = "";
	int err = tracepoint_read(name, "id", text, sizeof(text));

	if (err < 0)
		return err;
	*ret_id = (int)strtol(text, NULL, 10);
	return 0;
}

/* The declaration "pid_t pid" or "__data_loc char[] filename" or "char comm[16]" is the field's. */
static bool declares(const char *line, const char *field)
{
	const char *end = strchr(line, ';'), *bracket, *at;
	size_t n = strlen(field);

	if (!end)
		return false;
	bracket = end > line && end[-1] == ']' ? memrchr(line, '[', (size_t)(end - line)) : NULL;
	if (bracket)
		end = bracket;
	at = end - n;
	return at > line && at[-1] == ' ' && !memcmp(at, field, n);
}

int tracepoint_field_of_text(const char *format, const char *field, uint32_t *ret_offset)
{
	static const char begin[] = "\tfield:", offset[] = "offset:";

	for (const char *line = format; (line = strstr(line, begin)); line++) {
		const char *at;

		if (!declares(line + sizeof(begin) - 1, field))
			continue;
		at = strstr(line, offset);
		if (!at)
			return -ENOENT;
		*ret_offset = (uint32_t)strtoul(at + sizeof(offset) - 1, NULL, 10);
		return 0;
	}
	return -ENOENT;
}

int tracepoint_field(const char *name, const char *field, uint32_t *ret_offset)
{
	char text[FORMAT_MAX];
	int err = tracepoint_read(name, "format", text, sizeof(text));

	return err < 0 ? err : tracepoint_field_of_text(text, field, ret_offset);
}
