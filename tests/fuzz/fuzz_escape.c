// SPDX-License-Identifier: Apache-2.0
/*
 * escape_text() and json_bytes(): any bytes come back, for JSON and for terminals, whole and cut;
 * and escape_undo() takes nothing that would not be written the same way again.
 */
#include <string.h>

#include "base/escape.h"
#include "base/json.h"
#include "fuzz.h"

enum {
	BYTES_MAX = 512,
	TEXT_MAX = 4 * BYTES_MAX + 1
};

static void there_and_back(const uint8_t *data, size_t size, size_t room, enum escape_for how)
{
	char text[TEXT_MAX], back[BYTES_MAX + 1], from[BYTES_MAX + 1];
	bool truncated = false;
	size_t length, n;

	memcpy(from, data, size);
	from[size] = '\0';
	size = strlen(from);
	n = escape_text(text, room, from, how, &truncated);
	PROMISE(n < room && strlen(text) == n);
	PROMISE(!escape_undo(back, sizeof(back), text, &length));
	PROMISE(truncated ? length < size : length == size);
	PROMISE(!memcmp(back, from, length));
	for (size_t i = 0; i < n; i++)
		PROMISE((uint8_t)text[i] >= 0x20 && text[i] != 0x7f);
}

static void through_json(const uint8_t *data, size_t size)
{
	char line[2 * TEXT_MAX + 3], text[TEXT_MAX], back[BYTES_MAX + 1];
	size_t length, n = 0;
	struct json j;
	int end;

	json_begin(&j, line, sizeof(line));
	json_bytes(&j, NULL, data, size, size);
	end = json_end(&j);
	PROMISE(end >= 2 && line[0] == '"' && line[end - 1] == '"');
	for (int i = 1; i < end - 1; i++) {
		PROMISE(line[i] != '"');
		if (line[i] == '\\')
			i++;
		text[n++] = line[i];
	}
	text[n] = '\0';
	PROMISE(!escape_undo(back, sizeof(back), text, &length));
	PROMISE(length == size && !memcmp(back, data, size));
}

static void undo(const uint8_t *data, size_t size)
{
	char from[BYTES_MAX + 1], bytes[BYTES_MAX + 1], json[TEXT_MAX], terminal[TEXT_MAX];
	size_t n;

	memcpy(from, data, size);
	from[size] = '\0';
	if (escape_undo(bytes, sizeof(bytes), from, &n) || strlen(bytes) < n)
		return;
	escape_text(json, sizeof(json), bytes, ESCAPE_JSON, NULL);
	escape_text(terminal, sizeof(terminal), bytes, ESCAPE_TERMINAL, NULL);
	PROMISE(!strcmp(from, json) || !strcmp(from, terminal));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room;

	if (!size)
		return 0;
	room = 1 + data[0];
	data++;
	size--;
	if (size > BYTES_MAX)
		size = BYTES_MAX;
	there_and_back(data, size, TEXT_MAX, ESCAPE_JSON);
	there_and_back(data, size, TEXT_MAX, ESCAPE_TERMINAL);
	there_and_back(data, size, room, room % 2 ? ESCAPE_JSON : ESCAPE_TERMINAL);
	through_json(data, size);
	undo(data, size);
	return 0;
}
