// SPDX-License-Identifier: Apache-2.0
/* The inventory put in order and written down; what the verb says of options it does not take. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "capture.h"
#include "cmd/cmd.h"
#include "cmd/inventory.h"
#include "cmd/listeners_json.h"
#include "cmd/listeners_text.h"
#include "cmd/members.h"

enum {
	OWN = 4026531840u,
	OTHER = 4026532000u
};

struct maker {
	const char *address;
	unsigned proto, port, scope;
	uint64_t inode;
	uint32_t pid, netns, fd;
};

static struct inventory_item item_of(const struct maker *m)
{
	bool ipv6 = strchr(m->address, ':');
	struct inventory_item item = {
		.listener = { .inode = m->inode,
			      .object = { .port = (uint16_t)m->port,
					  .proto = (uint8_t)m->proto,
					  .family = ipv6 ? EVMON_FAMILY_IPV6 : EVMON_FAMILY_IPV4,
					  .scope = (uint8_t)m->scope },
			      .netns = m->netns,
			      .listening = true,
			      .owner = { .pid = m->pid,
					 .fd = m->fd,
					 .uid = 1500,
					 .comm = "comm",
					 .exe = "/usr/bin/x" } },
	};

	assert_int_equal(inet_pton(ipv6 ? AF_INET6 : AF_INET, m->address, item.listener.address),
			 1);
	return item;
}

/* state: the policy. */
static void inventory_make(struct inventory *inventory, void *const *state,
			   const struct maker *makers, size_t n)
{
	*inventory = (struct inventory){ .policy = *state, .netns = OWN, .n = n };
	inventory->items = calloc(n + 1, sizeof(*inventory->items));
	assert_non_null(inventory->items);
	for (size_t i = 0; i < n; i++)
		inventory->items[i] = item_of(&makers[i]);
}

static void judge(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n; i++) {
		const struct listener *l = &inventory->items[i].listener;

		inventory->items[i].rule =
			policy_bind_rule(inventory->policy, l->owner.subject, &l->object);
	}
}

static char *text_of(const struct inventory *inventory, bool json)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	if (json)
		assert_int_equal(listeners_write_json(out, inventory), 0);
	else
		listeners_print(out, inventory, false);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void sorted_as_people_look_for_them(void **state)
{
	static const struct maker makers[] = {
		{ "0.0.0.0", EVMON_PROTO_UDP, 53, EVMON_SCOPE_ANY, 7, 30, OWN, 3 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 22, EVMON_SCOPE_ANY, 2, 20, OTHER, 3 },
		{ "::", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 4, 12, OWN, 9 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 3, 12, OWN, 8 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 3, 11, OWN, 9 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 3, 12, OWN, 4 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 9, 12, OWN, 5 },
		{ "127.0.0.1", EVMON_PROTO_TCP, 80, EVMON_SCOPE_LOOPBACK, 5, 12, OWN, 6 },
	};
	static const struct {
		uint64_t inode;
		uint32_t pid, fd;
	} want[] = { { 5, 12, 6 }, { 3, 11, 9 }, { 3, 12, 4 }, { 9, 12, 5 },
		     { 4, 12, 9 }, { 7, 30, 3 }, { 2, 20, 3 } };
	struct inventory inventory;

	inventory_make(&inventory, state, makers, ARRAY_SIZE(makers));
	inventory_sort(&inventory);
	assert_int_equal(inventory.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(inventory.items[i].listener.inode, want[i].inode);
		assert_int_equal(inventory.items[i].listener.owner.pid, want[i].pid);
		assert_int_equal(inventory.items[i].listener.owner.fd, want[i].fd);
	}
	inventory_fini(&inventory);
	inventory_make(&inventory, state, makers, 0);
	inventory_sort(&inventory);
	assert_int_equal(inventory.n, 0);
	inventory_fini(&inventory);
}

static void the_page_says_who_holds_what(void **state)
{
	static const struct maker makers[] = {
		{ "0.0.0.0", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 3, 812, OWN, 8 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 3, 900, OWN, 8 },
		{ "::", EVMON_PROTO_UDP, 67, EVMON_SCOPE_ANY, 4, 640, OWN, 9 },
		{ "::1", EVMON_PROTO_SCTP, 5, EVMON_SCOPE_LOOPBACK, 5, 7, OWN, 9 },
		{ "10.0.0.7", EVMON_PROTO_TCP, 1883, EVMON_SCOPE_INTERFACE, 6, 8, OTHER, 9 },
	};
	static const char page[] =
		"PROTO STATE     LOCAL           SCOPE     RULE                OWNER        PID UID  COMM OPENER EXECUTABLE\n"
		"tcp   listening 0.0.0.0:8849    any       bind.admin-panel    api (RpcApi) 812 1500 comm 900    /usr/bin/x\n"
		"                                          bind.admin-panel    everest      900 1500 comm -      .../bin/x\n"
		"udp   listening *%eth0:67       any       -                   manager      640 1500 comm -      /usr/bin/x\n"
		"sctp  bound     [::1]:5         loopback  -                   host         7   1500 comm -      -\n"
		"\nNetwork namespace 4026532000:\n"
		"tcp   listening 10.0.0.7%5:1883 interface bind.broker-exposed broker       8   1500 comm -      /usr/bin/x\n"
		"\n4 sockets, 5 owners; policy ";
	_cleanup_(freep) char *text = NULL;
	struct inventory inventory;
	struct inventory_item *items;

	inventory_make(&inventory, state, makers, ARRAY_SIZE(makers));
	items = inventory.items;
	items[0].listener.owner.subject = EVMON_SUBJECT_EVEREST;
	items[0].module = (struct module){ "api", "RpcApi" };
	items[1].listener.owner.subject = EVMON_SUBJECT_EVEREST;
	items[1].listener.owner.exe_truncated = true;
	snprintf(items[1].listener.owner.exe, LISTENER_PATH_MAX, "bin/x");
	items[2].listener.dual = true;
	items[2].listener.ifindex = 2;
	snprintf(items[2].device, sizeof(items[2].device), "eth0");
	items[2].listener.owner.class = EVMON_CLASS_MANAGER;
	items[3].listener.owner.exe[0] = '\0';
	items[3].listener.listening = false;
	items[0].opener = &items[1];
	items[4].listener.ifindex = 5;
	items[4].listener.owner.subject = EVMON_SUBJECT_BROKER;
	judge(&inventory);
	text = text_of(&inventory, false);
	assert_memory_equal(text, page, strlen(page));
	assert_non_null(strstr(text, " objects to 3\n"));
	inventory_fini(&inventory);
}

static void a_rule_shows_what_it_does(void **state)
{
	static const struct maker makers[] = {
		{ "0.0.0.0", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 3, 812, OWN, 8 },
	};
	struct policy *policy = *state;
	struct inventory inventory;
	char *text;

	inventory_make(&inventory, state, makers, 1);
	policy->bind[0].action = ACTION_DENY;
	judge(&inventory);
	text = text_of(&inventory, false);
	assert_non_null(strstr(text, " bind.admin-panel (deny) "));
	assert_non_null(strstr(text, " objects to 1\n"));
	free(text);
	policy->bind[0].action = ACTION_ALLOW;
	text = text_of(&inventory, false);
	assert_non_null(strstr(text, " bind.admin-panel (allow) "));
	assert_non_null(strstr(text, "1 socket, 1 owner; "));
	assert_non_null(strstr(text, " objects to 0\n"));
	free(text);
	inventory_fini(&inventory);
}

static void lines_are_those_of_alerts(void **state)
{
	static const struct maker makers[] = {
		{ "::", EVMON_PROTO_TCP, 8849, EVMON_SCOPE_ANY, 3, 812, OWN, 8 },
	};
	_cleanup_(freep) char *text = NULL;
	struct inventory inventory;
	struct inventory_item *item;

	inventory_make(&inventory, state, makers, 1);
	item = &inventory.items[0];
	item->module = (struct module){ "api", "RpcApi" };
	item->listener.dual = true;
	item->listener.owner.start_ns = 99887766000;
	item->listener.owner.subject = EVMON_SUBJECT_EVEREST;
	judge(&inventory);
	text = text_of(&inventory, true);
	assert_string_equal(
		text,
		"{\"schema\":\"evmon.listener/1\",\"state\":\"listening\",\"rule\":\"bind.admin-panel\",\"severity\":\"critical\","
		"\"action\":\"alert\",\"subject\":\"everest\",\"module\":{\"id\":\"api\",\"name\":\"RpcApi\"},"
		"\"process\":{\"pid\":812,\"ppid\":0,\"start_us\":99887766,\"uid\":1500,\"euid\":0,\"gid\":0,"
		"\"comm\":\"comm\",\"exe\":\"/usr/bin/x\",\"fd\":8},\"object\":{\"proto\":\"tcp\","
		"\"family\":\"ipv6\",\"address\":\"::\",\"port\":8849,\"scope\":\"any\",\"netns\":4026531840,"
		"\"device\":null,\"dual\":true,\"inode\":3,\"opener\":null}}\n");
	inventory_fini(&inventory);
}

/* Of three owners of a socket, each of a slot of its own, the oldest has opened it for the others;
 * one of the same instance has not, and who has another socket neither. */
static void the_opener_is_the_oldest_of_another_instance(void **state)
{
	static const struct maker makers[] = {
		{ "0.0.0.0", EVMON_PROTO_TCP, 80, EVMON_SCOPE_ANY, 3, 10, OWN, 8 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 80, EVMON_SCOPE_ANY, 3, 11, OWN, 8 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 80, EVMON_SCOPE_ANY, 3, 12, OWN, 8 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 80, EVMON_SCOPE_ANY, 3, 13, OWN, 8 },
		{ "0.0.0.0", EVMON_PROTO_TCP, 80, EVMON_SCOPE_ANY, 4, 14, OWN, 8 },
	};
	static const struct {
		unsigned slot;
		uint64_t start_ns;
		int opener; /* item, -1: none */
	} want[] = { { 0, 500, 2 }, { 4, 700, 2 }, { 2, 300, -1 }, { 2, 400, -1 }, { 4, 900, -1 } };
	_cleanup_(freep) char *json = NULL;
	struct inventory inventory;
	struct inventory_item *items;

	inventory_make(&inventory, state, makers, ARRAY_SIZE(makers));
	items = inventory.items;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		items[i].listener.owner.slot = want[i].slot;
		items[i].listener.owner.start_ns = want[i].start_ns;
	}
	inventory_sort(&inventory);
	inventory_openers(&inventory);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_ptr_equal(items[i].opener,
				 want[i].opener < 0 ? NULL : &items[want[i].opener]);
	json = text_of(&inventory, true);
	assert_non_null(strstr(json, "\"opener\":{\"pid\":12,\"exe\":\"/usr/bin/x\"}"));
	inventory_fini(&inventory);
}

/* The longest path there is, each byte of it escaped, fits; no byte harms a terminal. */
static void hostile_names_do_no_harm(void **state)
{
	static const struct maker makers[] = {
		{ "127.0.0.1", EVMON_PROTO_UDP, 1, EVMON_SCOPE_LOOPBACK, 3, 812, OWN, 8 },
	};
	_cleanup_(freep) char *text = NULL, *json = NULL;
	struct json_object *object;
	struct inventory inventory;
	struct inventory_item *item;

	inventory_make(&inventory, state, makers, 1);
	item = &inventory.items[0];
	memset(item->listener.owner.exe, '\033', LISTENER_PATH_MAX - 1);
	snprintf(item->listener.owner.comm, sizeof(item->listener.owner.comm), "\033[2J\n\xff\"");
	item->module = (struct module){ "i\nd", "Na\033me" };
	item->opener = item;
	text = text_of(&inventory, false);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, " i\\x0ad (Na\\x1bme) "));
	assert_non_null(strstr(text, " \\x1b[2J\\x0a\\xff\" "));
	json = text_of(&inventory, true);
	assert_ptr_equal(strchr(json, '\n'), json + strlen(json) - 1);
	object = json_of(json, strlen(json) - 1);
	assert_non_null(object);
	assert_string_equal(member_string(member(object, "process"), "comm"),
			    "\\x1b[2J\\x0a\\xff\"");
	assert_int_equal(strlen(member_string(member(object, "process"), "exe")),
			 4 * (LISTENER_PATH_MAX - 1));
	assert_null(member(object, "rule"));
	json_object_put(object);
	inventory_fini(&inventory);
}

static void what_status_does_not_take_is_told(void **state)
{
	struct output o = output_of(status_main, "status --listeners --prom");

	(void)state;
	assert_int_equal(o.status, EXIT_USAGE);
	assert_non_null(strstr(o.err, "--listeners has no --prom form"));
	assert_string_equal(o.out, "");
	output_free(&o);
	o = output_of(status_main, "status --listeners more");
	assert_int_equal(o.status, EXIT_USAGE);
	output_free(&o);
}

static int policy_open(void **state)
{
	return policy_new_default((struct policy **)state);
}

static int policy_close(void **state)
{
	policy_free(*state);
	return 0;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, policy_open, policy_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sorted_as_people_look_for_them),
		TEST(the_page_says_who_holds_what),
		TEST(a_rule_shows_what_it_does),
		TEST(lines_are_those_of_alerts),
		TEST(the_opener_is_the_oldest_of_another_instance),
		TEST(hostile_names_do_no_harm),
		TEST(what_status_does_not_take_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
