// SPDX-License-Identifier: Apache-2.0
/*
 * Members bear the names that they have in alerts, so that one jq expression serves both. What is
 * not known is null, never left out.
 */
#include "cmd/listeners_json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/names.h"
#include "base/json.h"
#include "cmd/inventory.h"

enum {
	LINE_MAX_BYTES = 32 * 1024 /* two paths of 1 KiB, each byte of them escaped twice */
};

static void put_bytes(struct json *j, const char *key, const char *text)
{
	size_t n = strlen(text);

	if (n)
		json_bytes(j, key, text, n, n);
	else
		json_null(j, key);
}

static void put_module(struct json *j, const struct module *module)
{
	if (!module->name[0]) {
		json_null(j, "module");
		return;
	}
	json_object(j, "module");
	put_bytes(j, "id", module->id);
	put_bytes(j, "name", module->name);
	json_close_object(j);
}

static void put_process(struct json *j, const struct listener_owner *owner)
{
	json_object(j, "process");
	json_uint(j, "pid", owner->pid);
	json_uint(j, "ppid", owner->ppid);
	json_uint(j, "start_us", owner->start_ns / 1000);
	json_uint(j, "uid", owner->uid);
	json_uint(j, "euid", owner->euid);
	json_uint(j, "gid", owner->gid);
	put_bytes(j, "comm", owner->comm);
	put_bytes(j, "exe", owner->exe);
	json_uint(j, "fd", owner->fd);
	json_close_object(j);
}

static void put_opener(struct json *j, const struct inventory_item *opener)
{
	if (!opener) {
		json_null(j, "opener");
		return;
	}
	json_object(j, "opener");
	json_uint(j, "pid", opener->listener.owner.pid);
	put_bytes(j, "exe", opener->listener.owner.exe);
	json_close_object(j);
}

static void put_object(struct json *j, const struct inventory_item *item)
{
	const struct listener *listener = &item->listener;
	const struct evmon_bind_object *object = &listener->object;
	char address[INET6_ADDRSTRLEN];

	json_object(j, "object");
	json_string(j, "proto", proto_name(object->proto));
	json_string(j, "family", family_name(object->family));
	json_string(j, "address",
		    inet_ntop(object->family == EVMON_FAMILY_IPV6 ? AF_INET6 : AF_INET,
			      listener->address, address, sizeof(address)));
	json_uint(j, "port", object->port);
	json_string(j, "scope", scope_name(object->scope));
	json_uint(j, "netns", listener->netns);
	put_bytes(j, "device", item->device);
	json_bool(j, "dual", listener->dual);
	json_uint(j, "inode", listener->inode);
	put_opener(j, item->opener);
	json_close_object(j);
}

static int line_format(const struct inventory_item *item, char *buffer, size_t size)
{
	const struct bind_rule *rule = item->rule;
	struct json j;

	json_begin(&j, buffer, size);
	json_object(&j, NULL);
	json_string(&j, "schema", "evmon.listener/1");
	json_string(&j, "state", listener_state(&item->listener));
	json_string(&j, "rule", rule ? rule->rule : NULL);
	json_string(&j, "severity", rule ? severity_name(rule->severity) : NULL);
	json_string(&j, "action", rule ? inventory_action_name(rule->action) : NULL);
	json_string(&j, "subject", subject_name(item->listener.owner.subject));
	put_module(&j, &item->module);
	put_process(&j, &item->listener.owner);
	put_object(&j, item);
	json_close_object(&j);
	return json_end(&j);
}

int listeners_write_json(FILE *out, const struct inventory *inventory)
{
	_cleanup_(freep) char *line = malloc(LINE_MAX_BYTES);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < inventory->n; i++) {
		int n = line_format(&inventory->items[i], line, LINE_MAX_BYTES);

		if (n < 0)
			return n;
		fprintf(out, "%s\n", line);
	}
	return 0;
}
