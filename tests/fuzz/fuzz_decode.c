// SPDX-License-Identifier: Apache-2.0
/*
 * event_decode(): what passes keeps the promises of event.h. Lengths are the first thing that a
 * record is refused for, so short inputs are filled up, and the fields that are checked first are
 * mostly good ones.
 */
#include <string.h>

#include "event/event.h"
#include "evmon/record.h"
#include "fuzz.h"

static void check(const struct event *event)
{
	PROMISE(event->process.args_length < sizeof(event->process.args));
	PROMISE(!event->process.args_length ||
		!event->process.args[event->process.args_length - 1]);
	PROMISE(strnlen(event->process.exe, EVENT_PATH_MAX) < EVENT_PATH_MAX);
	/* A name may hold a slash (memfd_create(2)), so only the start can be promised. */
	PROMISE(!event->process.exe[0] || event->process.exe[0] == '/' ||
		event->process.exe_truncated);
	PROMISE(event->process.slot < EVMON_SLOTS && event->process.class < EVMON_CLASSES);
	PROMISE(event->key.rule < EVMON_RULES && event->hook < EVMON_HOOK_MAX);
	if (event->sensor == EVMON_SENSOR_EXEC)
		PROMISE(strnlen(event->exec.file, EVENT_FILE_MAX) < EVENT_FILE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evmon_record r = { .version = 0 };
	struct event event;

	if (!event_decode(data, size, &event))
		check(&event);
	memcpy(&r, data, size < sizeof(r) ? size : sizeof(r));
	r.version = EVMON_RECORD_VERSION;
	r.hook %= EVMON_HOOK_MAX;
	r.key.rule %= EVMON_RULE_CANARY;
	r.key.verdict %= EVMON_VERDICT_LATE;
	r.key.sensor %= EVMON_SENSOR_USB;
	r.key.slot %= EVMON_SLOTS;
	r.process.slot %= EVMON_SLOTS;
	r.process.class %= EVMON_CLASSES;
	r.process.subject %= EVMON_SUBJECT_MAX;
	if (!event_decode(&r, sizeof(r), &event))
		check(&event);
	return 0;
}
