// SPDX-License-Identifier: Apache-2.0
/*
 * One line a finding, in columns that stay aligned whatever their content: text that is wider than
 * its column is cut and ends in '+'. Everything that came from outside passes the terminal escape,
 * so no name can move the cursor or turn the text around. The time is that of the deed (UTC), the
 * colour that of the severity.
 */
#include "alert/text.h"

#include <inttypes.h>
#include <string.h>

#include "alert/message.h"
#include "alert/names.h"
#include "base/capability.h"
#include "base/clock.h"
#include "base/escape.h"
#include "policy/rules.h"

enum column {
	COLUMN_TIME,
	COLUMN_PID,
	COLUMN_UID,
	COLUMN_MODULE,
	COLUMN_SENSOR,
	COLUMN_VERDICT,
	COLUMN_RULE,
	COLUMN_MAX
};

enum {
	CELL_MAX = 512,
	CLOCK_START = 11, /* of "2026-11-22T12:00:00.000123Z" */
	CLOCK_LENGTH = 12 /* hours to milliseconds */
};

/* What the object is, in words; the length, or what it would be. */
typedef int (*object_fn)(const struct alert *alert, char *buffer, size_t size);

static const struct {
	const char *title;
	size_t width;
} columns[COLUMN_MAX] = {
	[COLUMN_TIME] = { "TIME", CLOCK_LENGTH },
	[COLUMN_PID] = { "PID", 7 },
	[COLUMN_UID] = { "UID", 5 },
	[COLUMN_MODULE] = { "MODULE", 28 },
	[COLUMN_SENSOR] = { "SENSOR", 10 },
	[COLUMN_VERDICT] = { "VERDICT", 7 },
	[COLUMN_RULE] = { "RULE", 24 },
};

static const char *const severity_colors[SEVERITY_MAX] = {
	[SEVERITY_LOW] = "\033[36m",
	[SEVERITY_MEDIUM] = "\033[33m",
	[SEVERITY_HIGH] = "\033[31m",
	[SEVERITY_CRITICAL] = "\033[1;31m",
};

/* Wide characters count as one column: names of processes and modules have none in practice. */
static void put_cell(FILE *out, const char *text, size_t width)
{
	size_t shown = 0, n = 0;

	for (; text[n] && shown <= width; n++)
		shown += ((unsigned char)text[n] & 0xc0) != 0x80;
	if (shown > width) {
		for (shown = n = 0; shown + 1 < width || ((unsigned char)text[n] & 0xc0) == 0x80;
		     n++)
			shown += ((unsigned char)text[n] & 0xc0) != 0x80;
		fwrite(text, 1, n, out);
		fputc('+', out);
		shown++;
	} else {
		fwrite(text, 1, n, out);
	}
	for (; shown < width; shown++)
		fputc(' ', out);
	fputc(' ', out);
}

static size_t harmless(char *to, size_t size, const char *from)
{
	return escape_text(to, size, from, ESCAPE_TERMINAL, NULL);
}

static void module_cell(const struct alert *alert, char *cell, size_t size)
{
	char raw[sizeof(alert->module.id) + sizeof(alert->module.name) + 1];
	const struct module *module = &alert->module;

	if (alert->has_module && !alert->folded)
		snprintf(raw, sizeof(raw), "%s%s%s", module->id, module->id[0] ? ":" : "",
			 module->name);
	else if (alert->subject == EVMON_SUBJECT_BROKER)
		snprintf(raw, sizeof(raw), "broker");
	else if (alert->subject == EVMON_SUBJECT_EVEREST && alert->key.slot == EVMON_CLASS_MANAGER)
		snprintf(raw, sizeof(raw), "manager");
	else if (alert->has_process && !alert->folded && alert->process.comm[0])
		snprintf(raw, sizeof(raw), "(%s)", alert->process.comm);
	else
		snprintf(raw, sizeof(raw), "-");
	harmless(cell, size, raw);
}

static int object_bind(const struct alert *alert, char *buffer, size_t size)
{
	char raw[CELL_MAX];

	message_endpoint(alert, raw, sizeof(raw));
	return (int)harmless(buffer, size, raw);
}

static int object_exec(const struct alert *alert, char *buffer, size_t size)
{
	const struct alert_object_exec *text = &alert->exec_text;
	size_t n;

	if (!text->path[0])
		return snprintf(buffer, size, "inode %" PRIu64 " of %u:%u", alert->exec.ino,
				alert->exec.dev >> 20, alert->exec.dev & 0xfffff);
	n = harmless(buffer, size, text->path);
	if (text->interpreter[0] && n + 1 < size) {
		n += (size_t)snprintf(buffer + n, size - n, " by ");
		n = MIN(n, size - 1);
		n += harmless(buffer + n, size - n, text->interpreter);
	}
	return (int)n;
}

static int object_usb(const struct alert *alert, char *buffer, size_t size)
{
	const struct usb_device *device = &alert->usb;
	char name[CELL_MAX];

	harmless(name, sizeof(name), device->name);
	return snprintf(buffer, size, "%s %s:%s %s%sat %s", device->attached ? "attach" : "detach",
			device->vendor, device->product, name, name[0] ? " " : "", device->port);
}

static int object_self(const struct alert *alert, char *buffer, size_t size)
{
	char detail[CELL_MAX];

	harmless(detail, sizeof(detail), alert->self.detail);
	return snprintf(buffer, size, "%s%s%s", alert->self.what, detail[0] ? ": " : "", detail);
}

static int object_capability(const struct alert *alert, char *buffer, size_t size)
{
	const char *name = capability_name(alert->capability.number);
	char number[16];

	snprintf(number, sizeof(number), "CAP_%u", alert->capability.number);
	return snprintf(buffer, size, "%s %s", name ? name : number,
			capability_kind_name(alert->capability.kind));
}

int text_object(const struct alert *alert, char *buffer, size_t size)
{
	static const object_fn forms[EVMON_SENSOR_MAX] = {
		[EVMON_SENSOR_BIND] = object_bind,   [EVMON_SENSOR_CAPABILITY] = object_capability,
		[EVMON_SENSOR_EXEC] = object_exec,   [EVMON_SENSOR_USB] = object_usb,
		[EVMON_SENSOR_CONFIG] = object_self, [EVMON_SENSOR_SELF] = object_self,
	};
	int n;

	if (alert->folded)
		n = snprintf(buffer, size, "%" PRIu64 " more kinds", alert->folded);
	else
		n = forms[alert->sensor](alert, buffer, size);
	return MIN(n, (int)size - 1);
}

void text_header(FILE *out, bool color)
{
	fputs(color ? "\033[1m" : "", out);
	for (size_t i = 0; i < COLUMN_MAX; i++)
		put_cell(out, columns[i].title, columns[i].width);
	fputs("DETAIL", out);
	fputs(color ? "\033[0m\n" : "\n", out);
}

static void put_columns(FILE *out, const struct alert *alert, int64_t offset_ns)
{
	bool process = alert->has_process && !alert->folded;
	bool broken = alert->rule != EVMON_RULE_NONE;
	char cells[COLUMN_MAX][CELL_MAX], clock[CLOCK_TEXT_MAX];

	clock_format(alert->last_ns, offset_ns, clock);
	snprintf(cells[COLUMN_TIME], CELL_MAX, "%.*s", CLOCK_LENGTH, clock + CLOCK_START);
	snprintf(cells[COLUMN_PID], CELL_MAX, "%u", alert->process.pid);
	snprintf(cells[COLUMN_UID], CELL_MAX, "%u", alert->process.uid);
	module_cell(alert, cells[COLUMN_MODULE], CELL_MAX);
	snprintf(cells[COLUMN_SENSOR], CELL_MAX, "%s", sensor_name(alert->sensor));
	snprintf(cells[COLUMN_VERDICT], CELL_MAX, "%s", verdict_name(alert->verdict));
	snprintf(cells[COLUMN_RULE], CELL_MAX, "%s", broken ? alert->rule_name : "-");
	for (size_t i = 0; i < COLUMN_MAX; i++) {
		bool known = process || (i != COLUMN_PID && i != COLUMN_UID);

		put_cell(out, known ? cells[i] : "-", columns[i].width);
	}
}

void text_alert(FILE *out, const struct alert *alert, int64_t offset_ns, bool color)
{
	char object[4 * PROCESS_PATH_MAX];

	color = color && alert->rule != EVMON_RULE_NONE;
	fputs(color ? severity_colors[alert->severity] : "", out);
	put_columns(out, alert, offset_ns);
	text_object(alert, object, sizeof(object));
	fputs(object, out);
	if (alert->count > 1)
		fprintf(out, ", %" PRIu64 " times", alert->count);
	if (alert->asked_deny)
		fputs(", asked to deny", out);
	fputs(color ? "\033[0m\n" : "\n", out);
}
