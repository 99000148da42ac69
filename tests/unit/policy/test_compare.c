// SPDX-License-Identifier: Apache-2.0
/* What changes between two policies: in words, and never more or less than what they mean. */
#include "policy/corpus.h"

#include <stdlib.h>

#include "policy/bind_cells.h"
#include "policy/compare.h"
#include "scratch.h"

/* The differences between two texts, "version: 1" being given. */
static void differences_are(const char *a, const char *b, const char *expected)
{
	char texts[2][2048];
	_cleanup_(policy_freep) struct policy *from = NULL;
	_cleanup_(policy_freep) struct policy *to = NULL;
	_cleanup_(freep) char *said = NULL;
	bool differ = true;
	size_t size = 0;
	FILE *out = open_memstream(&said, &size);

	assert_non_null(out);
	snprintf(texts[0], sizeof(texts[0]), "version: 1\n%s", a);
	snprintf(texts[1], sizeof(texts[1]), "version: 1\n%s", b);
	from = policy_of(texts[0]);
	to = policy_of(texts[1]);
	assert_int_equal(policy_compare(out, from, to, &differ), 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(said, expected);
	assert_int_equal(differ, *expected != '\0');
}

static void what_means_the_same_does_not_differ(void **state)
{
	(void)state;
	differences_are("", "", "");
	differences_are("bind: [{rule: bind.a, port: [80, 81], proto: udp, action: allow}]\n", "",
			"");
	differences_are("bind: [{rule: bind.a, port: 80}, {rule: bind.b, port: 81}]\n",
			"bind: [{rule: bind.b, port: 81}, {rule: bind.a, port: 80}]\n", "");
	differences_are(
		"bind: [{rule: bind.a, port: 80-90, action: allow}, {rule: bind.b, port: "
		"any, proto: sctp, scope: loopback}]\n",
		"bind: [{rule: bind.c, port: [80-84, 85-90], action: allow}, {rule: bind.b, "
		"port: any, proto: sctp, scope: loopback}]\n",
		"");
	differences_are("capabilities: {modules: {A: [], one:Setup: [CAP_NET_ADMIN, CAP_NET_RAW, "
			"CAP_DAC_OVERRIDE]}}\n",
			"", "");
	differences_are("exec: {shell: {allow: [System, Setup, Iso15118InternetVas, "
			"Linux_Systemd_Rauc]}}\n",
			"", "");
	differences_are("usb: {allow: [{vendor: 0403}]}\n",
			"usb: {allow: [{vendor: 0403, product: 6001}, {vendor: 0403}]}\n", "");
	differences_are("usb: {allow: [{vendor: 0403}], action: allow}\n", "usb: {action: allow}\n",
			"");
}

static void a_bind_that_is_allowed_or_not_any_more(void **state)
{
	(void)state;
	differences_are(
		"",
		"bind: [{rule: bind.mqtt-tls, subject: broker, port: 8883, proto: tcp, "
		"scope: [any, interface], action: allow}]\n",
		"becomes allowed:\n"
		"  bind: the broker, tcp, port 8883 where the network can reach it (was alert, "
		"bind.mqtt-tls, medium; now allowed)\n");
	differences_are(
		"",
		"bind: [{rule: bind.web, port: [80, 8080-8090], subject: host, proto: "
		"udp, scope: any, severity: low, action: deny}]\n",
		"becomes forbidden:\n"
		"  bind: the host, udp, ports 80, 8080-8090 on the wildcard address (was allowed; "
		"now deny, bind.web, low)\n");
}

/* What is switched off leaves its binds to what stands behind. */
static void what_stands_behind_decides_then(void **state)
{
	(void)state;
	differences_are(
		"", "bind: [{rule: bind.broker-exposed, action: off}]\n",
		"becomes allowed:\n"
		"  bind: the broker, tcp, ports 1-1882, 1884-8848, 8850-8882, 8884-9000, "
		"9002-65535 where the network can reach it (was alert, bind.broker-exposed, "
		"critical; now allowed)\n"
		"is judged by another rule or severity:\n"
		"  bind: the broker, tcp, ports 1883, 9001 where the network can reach it (was "
		"alert, bind.broker-exposed, critical; now alert, bind.mqtt-tcp, critical)\n");
}

static void denial_is_told_apart(void **state)
{
	static const char deny[] = "bind: [{rule: bind.admin-panel, port: 8849, action: deny}]\n";

	(void)state;
	differences_are("", deny,
			"is denied from now on, and was only reported:\n"
			"  bind: anybody, any protocol, port 8849 on whatever address (was alert, "
			"bind.admin-panel, critical; now deny, bind.admin-panel, critical)\n");
	differences_are(deny, "",
			"is only reported from now on, and was denied:\n"
			"  bind: anybody, any protocol, port 8849 on whatever address (was deny, "
			"bind.admin-panel, critical; now alert, bind.admin-panel, critical)\n");
}

static void capabilities_are_told_module_by_module(void **state)
{
	(void)state;
	differences_are(
		"capabilities: {modules: {Own: [CAP_KILL]}}\n",
		"capabilities: {modules: {Setup: [CAP_NET_RAW, CAP_SYS_ADMIN], x:EvSlac: []}}\n",
		"becomes allowed:\n"
		"  capabilities: module Setup: CAP_SYS_ADMIN\n"
		"becomes forbidden:\n"
		"  capabilities: module Setup: CAP_DAC_OVERRIDE\n"
		"  capabilities: module Setup: CAP_NET_ADMIN\n"
		"  capabilities: module Own: CAP_KILL\n"
		"  capabilities: module x (EvSlac): CAP_NET_RAW\n");
	differences_are("",
			"capabilities: {denied_ignored: [CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, "
			"CAP_FOWNER, CAP_KILL]}\n",
			"becomes allowed:\n  capabilities: asking in vain for CAP_KILL\n"
			"becomes forbidden:\n  capabilities: asking in vain for CAP_FSETID\n");
	differences_are(
		"", "capabilities: {action: allow, modules: {Setup: []}}\n",
		"becomes allowed:\n"
		"  capabilities: what a module's list does not name (was alert; now allow)\n");
}

static void exec_and_usb_are_told(void **state)
{
	(void)state;
	differences_are(
		"", "exec: {root: {allow: [/opt/m]}, shell: {allow: [Setup, My.Own]}}\n",
		"becomes allowed:\n  exec: as root /opt/m\n  exec: shells of module My.Own\n"
		"becomes forbidden:\n  exec: as root /usr/bin/manager\n"
		"  exec: shells of module System\n  exec: shells of module Linux_Systemd_Rauc\n"
		"  exec: shells of module Iso15118InternetVas\n");
	differences_are(
		"usb: {allow: [{vendor: 0403, product: 6001}, {class: 08}]}\n",
		"usb: {allow: [{vendor: 0403}], severity: {hid: low}}\n",
		"becomes allowed:\n  usb: devices with vendor \"0403\"\n"
		"becomes forbidden:\n  usb: devices with class \"08\"\n"
		"is judged by another rule or severity:\n  usb.hid: low, and was critical\n");
	differences_are("", "exec: {admin_panel: {action: allow}}\nusb: {action: deny}\n",
			"becomes allowed:\n  exec: the admin panel (was alert; now allow)\n"
			"is denied from now on, and was only reported:\n"
			"  usb: devices that are not listed (was alert; now deny)\n");
}

static void settings_are_told_as_they_are_written(void **state)
{
	(void)state;
	differences_are(
		"",
		"everest: {unit: my.service}\nmqtt: {station: no}\n"
		"journal: {size: 1GiB}\nalert: {cmdline: full}\n",
		"other settings:\n  everest.unit: my.service, and was everest.service\n"
		"  alert.cmdline: full, and was short\n  journal.size: 1GiB, and was 16MiB\n"
		"  mqtt.station: \"no\", and was auto\n");
}

static const struct bind_rule *decides(const struct policy *policy, unsigned port, unsigned cell)
{
	for (size_t i = 0; i < policy->n_bind; i++)
		if (bind_item_cells(&policy->bind[i]) >> cell & 1 &&
		    bind_item_has_port(&policy->bind[i], port))
			return policy->bind[i].action == ACTION_ALLOW ? NULL : &policy->bind[i];
	return NULL;
}

/* How many binds, port by port and cell by cell, are judged in another way. */
static size_t binds_that_differ(const struct policy *a, const struct policy *b, unsigned ports)
{
	size_t n = 0;

	for (unsigned port = 1; port <= ports; port++)
		for (unsigned cell = 0; cell < BIND_CELLS; cell++) {
			const struct bind_rule *x = decides(a, port, cell);
			const struct bind_rule *y = decides(b, port, cell);

			n += !x != !y ||
			     (x && (x->action != y->action || x->severity != y->severity ||
				    strcmp(x->rule, y->rule) != 0));
		}
	return n;
}

static unsigned count(const char *text, size_t n, const char *word)
{
	_cleanup_(freep) char *part = strndup(text, n);

	assert_non_null(part);
	return strstr(part, word) ? 1 : 0;
}

/* The binds of a line, counted from its words. */
static size_t binds_of_line(const char *line)
{
	static const struct {
		const char *words;
		unsigned n;
	} protos[] = { { "any protocol", 6 },
		       { "tcp", 2 },
		       { "udp", 2 },
		       { "sctp", 1 },
		       { "other protocols", 1 } },
	  scopes[] = { { "on whatever", 3 },
		       { "network can reach", 2 },
		       { "on loopback", 1 },
		       { "interface's", 1 },
		       { "wildcard", 1 } };
	const char *what = strstr(line, ", ") + 2, *where = strstr(what, ", port") + 2, *at;
	size_t subjects = 0, nprotos = 0, nscopes = 0, nports = 0, before;

	before = (size_t)(what - line);
	subjects = 3 * count(line, before, "anybody") + count(line, before, "EVerest") +
		   count(line, before, "the broker") + count(line, before, "the host");
	for (size_t i = 0; i < ARRAY_SIZE(protos); i++)
		nprotos += protos[i].n * count(line, (size_t)(where - line), protos[i].words);
	for (at = where + strcspn(where, "0123456789"); at[0] >= '0' && at[0] <= '9';) {
		char *end;
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		nports += last - first + 1;
		at = *end == ',' ? end + 2 : end;
	}
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
		nscopes += scopes[i].n * count(where, strcspn(where, "("), scopes[i].words);
	return subjects * nprotos * nscopes * nports;
}

static struct policy *random_policy(uint64_t *seed)
{
	struct policy *policy = policy_default();

	policy->n_bind = scratch_random(seed) % 5;
	for (size_t i = 0; i < policy->n_bind; i++) {
		static const unsigned protos[] = { 1u << EVMON_PROTO_TCP | 1u << EVMON_PROTO_MPTCP,
						   1u << EVMON_PROTO_SCTP,
						   (1u << EVMON_PROTO_MAX) - 1 };
		struct bind_rule *rule = &policy->bind[i];

		*rule = (struct bind_rule){ .n_ports = 1,
					    .severity = scratch_random(seed) % 2,
					    .action = scratch_random(seed) % 3 };
		snprintf(rule->rule, sizeof(rule->rule), "bind.r%u", scratch_random(seed) % 3);
		rule->subjects = scratch_random(seed) % 7 + 1;
		rule->scopes = scratch_random(seed) % 7 + 1;
		rule->protos = protos[scratch_random(seed) % 3];
		rule->ports[0].first = (uint16_t)(scratch_random(seed) % 9 + 1);
		rule->ports[0].last = (uint16_t)(rule->ports[0].first + scratch_random(seed) % 9);
	}
	return policy;
}

/* The lines cover what differs, each bind once: counted against every port and cell. */
static void random_binds_are_told_one_for_one(void **state)
{
	uint64_t seed = 11;
	size_t all = 0;

	(void)state;
	for (int round = 0; round < 300; round++) {
		_cleanup_(policy_freep) struct policy *a = random_policy(&seed);
		_cleanup_(policy_freep) struct policy *b = random_policy(&seed);
		_cleanup_(freep) char *said = NULL;
		size_t size = 0, told = 0;
		FILE *out = open_memstream(&said, &size);
		bool differ;

		assert_non_null(out);
		assert_int_equal(policy_compare(out, a, b, &differ), 0);
		assert_int_equal(fclose(out), 0);
		for (const char *line = said; *line; line += strcspn(line, "\n") + 1)
			if (!strncmp(line, "  bind: ", 8))
				told += binds_of_line(line);
		assert_int_equal(told, binds_that_differ(a, b, 20));
		assert_int_equal(differ, told != 0);
		all += told;
	}
	assert_true(all > 10000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_means_the_same_does_not_differ),
		cmocka_unit_test(a_bind_that_is_allowed_or_not_any_more),
		cmocka_unit_test(what_stands_behind_decides_then),
		cmocka_unit_test(denial_is_told_apart),
		cmocka_unit_test(capabilities_are_told_module_by_module),
		cmocka_unit_test(exec_and_usb_are_told),
		cmocka_unit_test(settings_are_told_as_they_are_written),
		cmocka_unit_test(random_binds_are_told_one_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
