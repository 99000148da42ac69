// SPDX-License-Identifier: Apache-2.0
/*
 * Plain data in, plain data out: runs of (zeros to skip, bytes to copy), each counted by 16 bits.
 * It knows nothing of an alert's members, so it cannot forget one, and it is exact whatever the
 * bytes are; that alerts are cleared before they are filled is what makes it small.
 */
#include "alert/compact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct run {
	uint16_t zeros, bytes;
};

enum {
	ZEROS_WORTH = 2 * sizeof(struct run), /* shorter runs are copied */
	RUN_MAX = UINT16_MAX
};

_Static_assert(sizeof(struct alert) <= RUN_MAX, "a run can be as long as an alert");

static size_t zeros_at(const unsigned char *data, size_t at, size_t end)
{
	size_t n = 0;

	while (at + n < end && !data[at + n])
		n++;
	return n;
}

/* The run that begins at *at, which it moves behind it. */
static struct run run_next(const unsigned char *data, size_t *at, size_t end)
{
	struct run run = { .zeros = (uint16_t)zeros_at(data, *at, end) };
	size_t start = *at + run.zeros, stop = start;

	while (stop < end) {
		size_t zeros = zeros_at(data, stop, end);

		if (zeros >= ZEROS_WORTH || stop + zeros == end)
			break;
		stop += zeros + 1;
	}
	run.bytes = (uint16_t)(stop - start);
	*at = stop;
	return run;
}

static size_t pack(const unsigned char *data, size_t end, unsigned char *to)
{
	size_t size = 0;

	for (size_t at = 0; at < end;) {
		struct run run = run_next(data, &at, end);

		if (to) {
			memcpy(to + size, &run, sizeof(run));
			memcpy(to + size + sizeof(run), data + at - run.bytes, run.bytes);
		}
		size += sizeof(run) + run.bytes;
	}
	return size;
}

int compact_pack(const struct alert *alert, void **ret_packed, size_t *ret_size)
{
	const unsigned char *data = (const void *)alert;
	size_t size = pack(data, sizeof(*alert), NULL);
	void *packed = malloc(size);

	if (!packed)
		return -ENOMEM;
	pack(data, sizeof(*alert), packed);
	*ret_packed = packed;
	*ret_size = size;
	return 0;
}

int compact_unpack(const void *packed, size_t size, struct alert *ret_alert)
{
	const unsigned char *from = packed;
	unsigned char *to = (unsigned char *)ret_alert;
	size_t room = sizeof(*ret_alert);

	memset(ret_alert, 0, sizeof(*ret_alert));
	while (size) {
		struct run run;

		if (size < sizeof(run))
			return -EBADMSG;
		memcpy(&run, from, sizeof(run));
		from += sizeof(run);
		size -= sizeof(run);
		if (run.bytes > size || (size_t)run.zeros + run.bytes > room)
			return -EBADMSG;
		room -= run.zeros + run.bytes;
		to += run.zeros;
		memcpy(to, from, run.bytes);
		from += run.bytes;
		to += run.bytes;
		size -= run.bytes;
	}
	return 0;
}
