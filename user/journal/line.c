// SPDX-License-Identifier: Apache-2.0
/*
 * A line is judged without a JSON parser: its writer is ours and the order of its members is part
 * of the contract, so seq has its place at the front, and prev and hash have theirs at the end:
 *
 *   {"schema":"evmon.alert/1","journal":"9f2c61d0","seq":17, ... ,"prev":"<64>","hash":"<64>"}
 *
 * The hash covers every byte before `,"hash"`, which is all of the line up to and including prev's
 * closing quote. In between, a member is found by `,"name":"`: inside a JSON string each quote has
 * a backslash before it, so these bytes can't be part of a value.
 */
#include "journal/line.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macros.h"

static const char head_text[] = "{\"schema\":\"evmon.alert/1\",\"journal\":\"";
static const char seq_text[] = "\",\"seq\":";
static const char prev_text[] = ",\"prev\":\"";
static const char hash_text[] = ",\"hash\":\"";
static const char sensor_text[] = ",\"sensor\":\"";

const char line_origin[HASH_HEX] =
	"0000000000000000000000000000000000000000000000000000000000000000";

enum {
	HEAD = sizeof(head_text) - 1,
	SEQ_AT = HEAD + JOURNAL_ID_MAX - 1 + sizeof(seq_text) - 1,
	PREV = sizeof(prev_text) - 1,
	DIGITS = HASH_HEX - 1,
	/* `,"prev":"`, 64 digits and the quote, before the seal */
	TAIL = PREV + DIGITS + 1 + LINE_SEAL,
	SHORTEST = SEQ_AT + 2 + TAIL
};

static bool is_hex(const char *text, size_t n)
{
	return strspn(text, "0123456789abcdef") >= n;
}

/* Digits up to a comma; 0 is no seq. */
static uint64_t seq_at(const char *text, const char *end)
{
	uint64_t seq = 0;

	for (; text < end && *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(seq, 10, &seq) ||
		    __builtin_add_overflow(seq, (uint64_t)(*text - '0'), &seq))
			return 0;
	return text < end && *text == ',' ? seq : 0;
}

int line_journal(const char *text, size_t length, char id[JOURNAL_ID_MAX])
{
	if (length < SHORTEST || memcmp(text, head_text, HEAD) != 0 ||
	    !is_hex(text + HEAD, JOURNAL_ID_MAX - 1))
		return -EBADMSG;
	memcpy(id, text + HEAD, JOURNAL_ID_MAX - 1);
	id[JOURNAL_ID_MAX - 1] = '\0';
	return 0;
}

static int line_parse(const char *text, size_t length, const char *journal, struct line *ret_line,
		      const char **ret_why)
{
	const char *seal = text + length - LINE_SEAL, *prev = seal - 1 - DIGITS - PREV;
	struct line line = { .text = text, .length = length };
	char id[JOURNAL_ID_MAX];

	*ret_why = "not a line of a journal";
	if (line_journal(text, length, id) < 0 ||
	    memcmp(text + SEQ_AT - (sizeof(seq_text) - 1), seq_text, sizeof(seq_text) - 1) != 0)
		return -EBADMSG;
	line.seq = seq_at(text + SEQ_AT, prev);
	if (line.seq == 0)
		return -EBADMSG;
	*ret_why = "prev and hash are not at the line's end";
	if (memcmp(prev, prev_text, PREV) != 0 || !is_hex(prev + PREV, DIGITS) || seal[-1] != '"' ||
	    memcmp(seal, hash_text, sizeof(hash_text) - 1) != 0 ||
	    !is_hex(seal + sizeof(hash_text) - 1, DIGITS) ||
	    memcmp(text + length - 2, "\"}", 2) != 0)
		return -EBADMSG;
	*ret_why = "a line of another journal";
	if (journal && strcmp(id, journal) != 0)
		return -EBADMSG;
	memcpy(line.prev, prev + PREV, DIGITS);
	memcpy(line.hash, seal + sizeof(hash_text) - 1, DIGITS);
	*ret_line = line;
	return 0;
}

int line_check(const char *text, size_t length, const char *journal, struct line *ret_line,
	       const char **ret_why)
{
	char hash[HASH_HEX];
	struct line line;
	int err;

	if (length < SHORTEST) {
		*ret_why = "too short for a line";
		return -EBADMSG;
	}
	err = line_parse(text, length, journal, &line, ret_why);
	if (err < 0)
		return err;
	hash_hex(text, length - LINE_SEAL, hash);
	if (strcmp(hash, line.hash) != 0) {
		*ret_why = "the hash is not that of the line's bytes";
		return -EBADMSG;
	}
	*ret_line = line;
	return 0;
}

int line_seal(char *text, size_t length, size_t size, char hash[HASH_HEX])
{
	char *at = text + length;

	if (length > size || size - length < LINE_SEAL + 2)
		return -ENOSPC;
	hash_hex(text, length, hash);
	at = mempcpy(at, hash_text, sizeof(hash_text) - 1);
	at = mempcpy(at, hash, DIGITS);
	memcpy(at, "\"}\n", 4);
	return (int)(length + LINE_SEAL + 1);
}

int line_sensor(const char *text, size_t length, char *sensor, size_t size)
{
	const char *at = memmem(text, length, sensor_text, sizeof(sensor_text) - 1), *end;

	if (!at)
		return -EBADMSG;
	at += sizeof(sensor_text) - 1;
	end = memchr(at, '"', length - (size_t)(at - text));
	if (!end || end == at || (size_t)(end - at) >= size)
		return -EBADMSG;
	memcpy(sensor, at, (size_t)(end - at));
	sensor[end - at] = '\0';
	return 0;
}
