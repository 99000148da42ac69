// SPDX-License-Identifier: Apache-2.0
/*
 * A line for each owner; what the owners of a socket have in common stands in the first one's only.
 * Columns are as wide as what is in them, up to a limit; the executable, of any length, is last.
 * Sockets of other network namespaces come after evmon's own, under a heading.
 */
#include "cmd/listeners_text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/names.h"
#include "base/escape.h"
#include "cmd/inventory.h"
#include "cmd/log_line.h"
#include "cmd/terminal.h"

enum column {
	COLUMN_PROTO,
	COLUMN_STATE,
	COLUMN_LOCAL,
	COLUMN_SCOPE,
	COLUMN_RULE,
	COLUMN_OWNER,
	COLUMN_PID,
	COLUMN_UID,
	COLUMN_COMM,
	COLUMN_OPENER,
	COLUMN_EXE,
	COLUMN_MAX
};

enum {
	CELL_MAX = 160,
	WIDTH_MAX = 48,
	EXE_MAX = 4 * LISTENER_PATH_MAX
};

struct cells {
	char at[COLUMN_EXE][CELL_MAX];
};

static const char *const heads[COLUMN_MAX] = {
	[COLUMN_PROTO] = "PROTO",   [COLUMN_STATE] = "STATE",	 [COLUMN_LOCAL] = "LOCAL",
	[COLUMN_SCOPE] = "SCOPE",   [COLUMN_RULE] = "RULE",	 [COLUMN_OWNER] = "OWNER",
	[COLUMN_PID] = "PID",	    [COLUMN_UID] = "UID",	 [COLUMN_COMM] = "COMM",
	[COLUMN_OPENER] = "OPENER", [COLUMN_EXE] = "EXECUTABLE",
};

/* As ss(8) has it: "*:8849" takes IPv4 and IPv6, "10.0.0.7%eth1:67" one device's packets. */
static void put_local(const struct inventory_item *item, char cell[CELL_MAX])
{
	const struct listener *listener = &item->listener;
	bool ipv6 = listener->object.family == EVMON_FAMILY_IPV6;
	char address[INET6_ADDRSTRLEN] = "?", device[IF_NAMESIZE + 1] = "";

	inet_ntop(ipv6 ? AF_INET6 : AF_INET, listener->address, address, sizeof(address));
	if (item->device[0])
		snprintf(device, sizeof(device), "%%%s", item->device);
	else if (listener->ifindex)
		snprintf(device, sizeof(device), "%%%" PRIu32, listener->ifindex);
	if (listener->dual)
		snprintf(cell, CELL_MAX, "*%s:%u", device, listener->object.port);
	else
		snprintf(cell, CELL_MAX, ipv6 ? "[%s]%s:%u" : "%s%s:%u", address, device,
			 listener->object.port);
}

/* "slac (EvseSlac)"; in EVerest's tree but no module: "everest"; nobody's: "-". */
static void put_owner(const struct inventory_item *item, char cell[CELL_MAX])
{
	const struct listener_owner *owner = &item->listener.owner;
	char id[MODULE_NAME_MAX], name[MODULE_NAME_MAX];

	escape_text(id, sizeof(id), item->module.id, ESCAPE_TERMINAL, NULL);
	escape_text(name, sizeof(name), item->module.name, ESCAPE_TERMINAL, NULL);
	if (id[0])
		snprintf(cell, CELL_MAX, "%s (%s)", id, name);
	else if (name[0])
		snprintf(cell, CELL_MAX, "(%s)", name);
	else if (owner->class == EVMON_CLASS_MANAGER)
		snprintf(cell, CELL_MAX, "manager");
	else
		snprintf(cell, CELL_MAX, "%s", subject_name(owner->subject));
}

static void put_rule(const struct bind_rule *rule, char cell[CELL_MAX])
{
	if (!rule)
		snprintf(cell, CELL_MAX, "-");
	else if (rule->action == ACTION_ALERT)
		snprintf(cell, CELL_MAX, "%s", rule->rule);
	else
		snprintf(cell, CELL_MAX, "%s (%s)", rule->rule,
			 inventory_action_name(rule->action));
}

/* The pid is enough: that process is an owner, too, and has a line. */
static void put_opener(const struct inventory_item *opener, char cell[CELL_MAX])
{
	if (opener)
		snprintf(cell, CELL_MAX, "%" PRIu32, opener->listener.owner.pid);
	else
		snprintf(cell, CELL_MAX, "-");
}

/* again: another owner of the socket in the line above. */
static void cells_fill(const struct inventory_item *item, bool again, struct cells *cells)
{
	const struct listener *listener = &item->listener;

	memset(cells, 0, sizeof(*cells));
	if (!again) {
		snprintf(cells->at[COLUMN_PROTO], CELL_MAX, "%s",
			 proto_name(listener->object.proto));
		snprintf(cells->at[COLUMN_STATE], CELL_MAX, "%s", listener_state(listener));
		put_local(item, cells->at[COLUMN_LOCAL]);
		snprintf(cells->at[COLUMN_SCOPE], CELL_MAX, "%s",
			 scope_name(listener->object.scope));
	}
	put_rule(item->rule, cells->at[COLUMN_RULE]);
	put_owner(item, cells->at[COLUMN_OWNER]);
	snprintf(cells->at[COLUMN_PID], CELL_MAX, "%" PRIu32, listener->owner.pid);
	snprintf(cells->at[COLUMN_UID], CELL_MAX, "%" PRIu32, listener->owner.uid);
	escape_text(cells->at[COLUMN_COMM], CELL_MAX, listener->owner.comm, ESCAPE_TERMINAL, NULL);
	put_opener(item->opener, cells->at[COLUMN_OPENER]);
}

static bool is_again(const struct inventory *inventory, size_t i)
{
	return i && inventory_same_socket(&inventory->items[i - 1].listener,
					  &inventory->items[i].listener);
}

static void widths_fill(const struct inventory *inventory, size_t widths[COLUMN_EXE])
{
	struct cells cells;

	for (unsigned column = 0; column < COLUMN_EXE; column++)
		widths[column] = strlen(heads[column]);
	for (size_t i = 0; i < inventory->n; i++) {
		cells_fill(&inventory->items[i], is_again(inventory, i), &cells);
		for (unsigned column = 0; column < COLUMN_EXE; column++) {
			size_t width = MIN(terminal_width(cells.at[column]), (size_t)WIDTH_MAX);

			widths[column] = MAX(widths[column], width);
		}
	}
}

static enum tint rule_tint(const struct bind_rule *rule)
{
	if (!rule || rule->action == ACTION_ALLOW)
		return TINT_NONE;
	return severity_tint(severity_name(rule->severity));
}

static void print_item(FILE *out, const struct inventory_item *item, const struct cells *cells,
		       const size_t widths[COLUMN_EXE], bool color)
{
	const struct listener_owner *owner = &item->listener.owner;
	char exe[EXE_MAX];

	for (unsigned column = 0; column < COLUMN_EXE; column++) {
		enum tint tint = column == COLUMN_RULE ? rule_tint(item->rule) : TINT_NONE;

		fputs(tint_begin(tint, color), out);
		terminal_cell(out, cells->at[column], widths[column]);
		fputs(tint_end(tint, color), out);
	}
	escape_text(exe, sizeof(exe), owner->exe, ESCAPE_TERMINAL, NULL);
	fprintf(out, "%s%s\n", owner->exe_truncated ? ".../" : "", exe[0] ? exe : "-");
}

static void print_heads(FILE *out, const size_t widths[COLUMN_EXE], bool color)
{
	fputs(tint_begin(TINT_HEAD, color), out);
	for (unsigned column = 0; column < COLUMN_EXE; column++)
		terminal_cell(out, heads[column], widths[column]);
	fprintf(out, "%s%s\n", heads[COLUMN_EXE], tint_end(TINT_HEAD, color));
}

static void print_summary(FILE *out, const struct inventory *inventory)
{
	size_t sockets = 0, objected = 0;

	for (size_t i = 0; i < inventory->n; i++) {
		const struct bind_rule *rule = inventory->items[i].rule;

		sockets += !is_again(inventory, i);
		objected += rule && rule->action != ACTION_ALLOW;
	}
	fprintf(out, "\n%zu socket%s, %zu owner%s; policy %s objects to %zu\n", sockets,
		sockets == 1 ? "" : "s", inventory->n, inventory->n == 1 ? "" : "s",
		inventory->policy->hash, objected);
}

void listeners_print(FILE *out, const struct inventory *inventory, bool color)
{
	size_t widths[COLUMN_EXE];
	struct cells cells;
	uint32_t netns = inventory->netns;

	widths_fill(inventory, widths);
	print_heads(out, widths, color);
	for (size_t i = 0; i < inventory->n; i++) {
		const struct inventory_item *item = &inventory->items[i];

		if (item->listener.netns != netns) {
			netns = item->listener.netns;
			fprintf(out, "\nNetwork namespace %" PRIu32 ":\n", netns);
		}
		cells_fill(item, is_again(inventory, i), &cells);
		print_item(out, item, &cells, widths, color);
	}
	print_summary(out, inventory);
}
