// SPDX-License-Identifier: Apache-2.0
/*
 * The one place that gives coverage its form in JSON, so that the daemon's status.json and the verb
 * cannot drift apart. All roles are there, in their order, also those that nothing serves. Every
 * word is evmon's own.
 */
#include "cmd/coverage_json.h"

#include <string.h>

#include "base/json.h"
#include "policy/rules.h"

/* better: the member that has the better hooks, and why they do not serve. */
static void write_row(struct json *json, enum coverage_role role, const struct coverage_row *row,
		      const char *better)
{
	json_object(json, NULL);
	json_string(json, "role", coverage_role_name(role));
	json_string(json, "sensor", sensor_name(coverage_role_sensor(role)));
	json_string(json, "state", coverage_state_name(row->state));
	json_array(json, "hooks");
	for (size_t i = 0; i < row->n_hooks; i++)
		json_string(json, NULL, hook_name(row->hooks[i]));
	json_close_array(json);
	json_string(json, "limits", row->limits);
	json_string(json, "reason", row->reason[0] ? row->reason : NULL);
	json_array(json, better);
	for (size_t i = 0; i < row->n_tried; i++) {
		json_object(json, NULL);
		json_string(json, "hook", hook_name(row->tried[i].hook));
		json_string(json, "reason", row->tried[i].reason);
		json_close_object(json);
	}
	json_close_array(json);
	json_close_object(json);
}

static void write_rows(struct json *json, const struct coverage *coverage, const char *better)
{
	json_array(json, "coverage");
	for (unsigned role = 0; role < COVERAGE_ROLE_MAX; role++)
		write_row(json, (enum coverage_role)role, &coverage->rows[role], better);
	json_close_array(json);
}

void coverage_write_json(struct json *json, const struct coverage *coverage)
{
	write_rows(json, coverage, "tried");
}

static void write_state(struct json *json, const struct coverage *coverage)
{
	char reason[2 * COVERAGE_REASON_MAX];
	bool degraded = coverage_degraded(coverage, reason, sizeof(reason));

	json_string(json, "state",
		    coverage_blind(coverage) ? "blind" :
		    degraded		     ? "degraded" :
					       "protecting");
	json_string(json, "reason", degraded ? reason : NULL);
}

static void write_text(struct json *json, const char *key, const char *text)
{
	json_string(json, key, text[0] ? text : NULL);
}

int coverage_format(const struct coverage *coverage, char *buffer, size_t size)
{
	struct json j;

	json_begin(&j, buffer, size);
	json_object(&j, NULL);
	json_string(&j, "schema", "evmon.coverage/1");
	json_string(&j, "kernel", coverage->release);
	json_string(&j, "machine", coverage->machine);
	write_text(&j, "lsm", coverage->lsm);
	write_state(&j, coverage);
	coverage_write_json(&j, coverage);
	json_close_object(&j);
	return json_end(&j);
}

int coverage_format_read(const struct coverage *coverage, const char *file, char *buffer,
			 size_t size)
{
	struct json j;

	json_begin(&j, buffer, size);
	json_object(&j, NULL);
	json_string(&j, "schema", "evmon.kernel-config/1");
	json_bytes(&j, "file", file, strlen(file), strlen(file));
	json_bool(&j, "tried", false);
	write_text(&j, "kernel", coverage->release);
	write_text(&j, "machine", coverage->machine);
	write_text(&j, "lsm", coverage->lsm);
	write_state(&j, coverage);
	write_rows(&j, coverage, "missing");
	json_close_object(&j);
	return json_end(&j);
}
