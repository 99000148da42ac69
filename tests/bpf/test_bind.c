// SPDX-License-Identifier: Apache-2.0
/* Bindings: what decides, what is counted, what the record says, who is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"

#include "world.h"

#define OWN_ADDRESS "10.99.0.1" /* of an interface: neither loopback's nor any */

enum {
	EVEREST = 1u << EVMON_SUBJECT_EVEREST,
	HOST = 1u << EVMON_SUBJECT_HOST,
	TCP = 1u << EVMON_PROTO_TCP | 1u << EVMON_PROTO_MPTCP,
	EXPOSED = 1u << EVMON_SCOPE_ANY | 1u << EVMON_SCOPE_INTERFACE,
};

static void narrow(struct bind_rule *rule, unsigned subjects, unsigned protos, unsigned scopes)
{
	rule->subjects = subjects;
	rule->protos = protos;
	rule->scopes = scopes;
}

/* Ranges that overlap, and an exception in their midst. */
static void vendor_rules(struct policy *p)
{
	narrow(world_rule(p, "bind.vendor-a", 40010, 40019, ACTION_ALERT), EVEREST, TCP, EXPOSED);
	narrow(world_rule(p, "bind.vendor-b", 40010, 40014, ACTION_ALERT), EVEREST | HOST,
	       1u << EVMON_PROTO_UDP, 1u << EVMON_SCOPE_LOOPBACK);
	narrow(world_rule(p, "bind.free", 40020, 40020, ACTION_ALLOW), ~0u, ~0u, ~0u);
	narrow(world_rule(p, "bind.vendor-c", 40015, 40030, ACTION_ALERT), EVEREST, ~0u, ~0u);
	narrow(world_rule(p, "bind.mqtt-tcp", 40031, 40031, ACTION_ALERT), HOST, TCP, ~0u);
}

static const struct {
	const char *name;
	unsigned proto;
} protos[] = { { "tcp", EVMON_PROTO_TCP }, { "udp", EVMON_PROTO_UDP } };

static const struct {
	const char *text;
	unsigned family, scope;
} addresses[] = {
	{ "0.0.0.0", EVMON_FAMILY_IPV4, EVMON_SCOPE_ANY },
	{ "127.0.0.1", EVMON_FAMILY_IPV4, EVMON_SCOPE_LOOPBACK },
	{ "127.3.2.1", EVMON_FAMILY_IPV4, EVMON_SCOPE_LOOPBACK },
	{ OWN_ADDRESS, EVMON_FAMILY_IPV4, EVMON_SCOPE_INTERFACE },
	{ "unspec", EVMON_FAMILY_IPV4, EVMON_SCOPE_ANY },
	{ "::", EVMON_FAMILY_IPV6, EVMON_SCOPE_ANY },
	{ "!::", EVMON_FAMILY_IPV6, EVMON_SCOPE_ANY },
	{ "::1", EVMON_FAMILY_IPV6, EVMON_SCOPE_LOOPBACK },
	{ "::ffff:127.0.0.1", EVMON_FAMILY_IPV6, EVMON_SCOPE_LOOPBACK },
	{ "::ffff:" OWN_ADDRESS, EVMON_FAMILY_IPV6, EVMON_SCOPE_INTERFACE },
};

static const unsigned ports[] = { 40009, 40010, 40014, 40015, 40019, 40020, 40021, 40030, 40031 };

static unsigned rule_number(const struct policy *policy, size_t i)
{
	int known = rule_from_name(policy->bind[i].rule);

	return known > 0 ? (unsigned)known : EVMON_RULE_VENDOR + (unsigned)i;
}

/* The rules as they read, one after the other. NONE: allowed. */
static unsigned decide(const struct policy *policy, unsigned subject, unsigned proto,
		       unsigned scope, unsigned port)
{
	for (size_t i = 0; i < policy->n_bind; i++) {
		const struct bind_rule *r = &policy->bind[i];

		if (r->subjects >> subject & 1 && r->protos >> proto & 1 &&
		    r->scopes >> scope & 1 && port >= r->ports[0].first && port <= r->ports[0].last)
			return r->action == ACTION_ALLOW ? EVMON_RULE_NONE : rule_number(policy, i);
	}
	return EVMON_RULE_NONE;
}

struct expected {
	struct evmon_bind_object object;
	unsigned rule, slot;
	uint64_t count;
};

struct expectation {
	struct expected keys[256];
	size_t n;
	uint64_t seen;
};

static void expect(struct expectation *x, const struct expected *e)
{
	for (size_t i = 0; i < x->n; i++) {
		struct expected *k = &x->keys[i];

		if (k->rule == e->rule && k->slot == e->slot &&
		    !memcmp(&k->object, &e->object, sizeof(e->object))) {
			k->count++;
			return;
		}
	}
	assert_true(x->n < ARRAY_SIZE(x->keys));
	x->keys[x->n] = *e;
	x->keys[x->n++].count = 1;
}

static int on_tally(const struct evmon_tally_key *key, const struct evmon_tally *tally,
		    void *userdata)
{
	struct expectation *x = userdata;

	if (key->sensor != EVMON_SENSOR_BIND || key->object.bind.port < WORLD_PORT ||
	    key->object.bind.port > WORLD_PORT + 99)
		return 0;
	for (size_t i = 0; i < x->n; i++) {
		const struct expected *k = &x->keys[i];

		if (k->rule != key->rule || k->slot != key->slot ||
		    memcmp(&k->object, &key->object.bind, sizeof(k->object)) != 0)
			continue;
		assert_int_equal(key->verdict, EVMON_VERDICT_ALERT);
		assert_int_equal(tally->count, k->count);
		x->seen++;
		return 0;
	}
	fail_msg("rule %u counts port %u, scope %u, slot %u", key->rule, key->object.bind.port,
		 key->object.bind.scope, key->slot);
	return 0;
}

static void bind_all_ports(struct world *w, const char *proto, const char *address)
{
	char words[ARRAY_SIZE(ports)][8];
	const char *argv[1 + 4 * ARRAY_SIZE(ports) + 1] = { "x" };
	size_t n = 1;

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		snprintf(words[i], sizeof(words[i]), "%u", ports[i]);
		argv[n++] = "bind";
		argv[n++] = proto;
		argv[n++] = address;
		argv[n++] = words[i];
	}
	world_start(w, "unknown", argv);
	world_wait(w);
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		assert_int_equal(w->reports[i].result, 0);
}

static void the_first_rule_that_matches_decides(void **state)
{
	const struct world_options options = { .policy = vendor_rules };
	struct expectation x = { .n = 0 };
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(protos) * ARRAY_SIZE(addresses); i++) {
		size_t a = i / 2 % ARRAY_SIZE(addresses), p = i / 2 / ARRAY_SIZE(addresses);

		w.evicted = i % 2;
		bind_all_ports(&w, protos[p].name, addresses[a].text);
		for (size_t k = 0; k < ARRAY_SIZE(ports); k++) {
			unsigned subject = w.evicted ? EVMON_SUBJECT_HOST : EVMON_SUBJECT_EVEREST;
			struct expected e = { .slot = w.evicted ? 0u : EVMON_CLASS_OTHER };

			e.object.port = (uint16_t)ports[k];
			e.object.proto = (uint8_t)protos[p].proto;
			e.object.family = (uint8_t)addresses[a].family;
			e.object.scope = (uint8_t)addresses[a].scope;
			e.rule =
				decide(w.policy, subject, e.object.proto, e.object.scope, ports[k]);
			if (e.rule != EVMON_RULE_NONE)
				expect(&x, &e);
		}
	}
	assert_true(x.n > 20);
	assert_int_equal(tallies_each(w.kernel, on_tally, &x), 0);
	assert_int_equal(x.seen, x.n);
	world_close(&w);
}

static void any_of_the_tree(struct policy *p)
{
	narrow(world_rule(p, "bind.unexpected", 1, 65535, ACTION_ALERT), EVEREST, ~0u, ~0u);
}

static const struct world_options watch_all = { .policy = any_of_the_tree };

static bool hook_serves(const struct world *w, enum coverage_role role, enum evmon_hook hook)
{
	const struct coverage_row *row = &w->kernel->coverage.rows[role];

	for (size_t i = 0; i < row->n_hooks; i++)
		if (row->hooks[i] == hook)
			return true;
	return false;
}

static void assert_process(struct world *w, const struct event *e, const struct actor_report *r,
			   const struct evmon_task *task)
{
	const struct event_process *p = &e->process;
	const char *path = world_path(w, "modules/Alpha/Alpha");
	struct stat exe, cgroup;

	assert_int_equal(stat(path, &exe), 0);
	assert_int_equal(p->pid, r->tgid);
	assert_int_equal(p->tid, r->tid);
	assert_int_equal(p->ppid, r->ppid);
	assert_int_equal(p->uid, WORLD_UID);
	assert_int_equal(p->euid, WORLD_UID);
	assert_int_equal(p->gid, WORLD_UID);
	assert_int_equal(p->start_ns, task->start_ns);
	assert_int_equal(p->exe_ino, exe.st_ino);
	assert_int_equal(p->exe_dev, file_kernel_dev(exe.st_dev));
	assert_int_equal(p->class, WORLD_ALPHA);
	assert_int_equal(p->slot, task->slot);
	assert_int_equal(p->subject, EVMON_SUBJECT_EVEREST);
	assert_string_equal(p->comm, "Alpha");
	assert_string_equal(p->exe, path);
	assert_false(p->exe_truncated || p->args_truncated);
	assert_memory_equal(p->args, "one:Alpha\0wait\0bind", sizeof("one:Alpha\0wait\0bind"));
	if (w->kernel->cgroup_fd >= 0 && fstat(w->kernel->cgroup_fd, &cgroup) == 0)
		assert_int_equal(p->cgroup_id, cgroup.st_ino);
}

static void the_record_says_it_all(void **state)
{
	static const uint8_t address[16] = { 127, 0, 0, 1 };
	const struct event *e;
	struct evmon_task task;
	struct world w;
	struct world_sum sum;
	uint64_t before, after;
	bool cgroup;

	(void)state;
	world_open(&w, &watch_all);
	world_needs(&w, COVERAGE_BIND);
	w.uid = WORLD_UID;
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "one:Alpha", "wait", "bind", "udp", "127.0.0.1", "40040",
					   NULL });
	assert_non_null(world_hear(&w));
	assert_true(world_task(&w, w.pid, &task));
	before = clock_boot_ns();
	world_go_on(&w);
	world_wait(&w);
	after = clock_boot_ns();
	assert_int_equal(w.reports[1].result, 0);
	assert_int_equal(world_events(&w, EVMON_RULE_BIND_UNEXPECTED), 1);
	e = world_event(&w, EVMON_RULE_BIND_UNEXPECTED, 0);
	assert_process(&w, e, &w.reports[1], &task);
	assert_true(e->time_ns >= before && e->time_ns <= after);
	assert_int_equal(e->sensor, EVMON_SENSOR_BIND);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_true(hook_serves(&w, COVERAGE_BIND, e->hook));
	assert_false(e->asked_deny || e->joined || e->standing);
	assert_memory_equal(e->bind.address, address, sizeof(address));
	assert_int_equal(e->bind.proto, EVMON_PROTO_UDP);
	assert_int_equal(e->bind.family, EVMON_FAMILY_IPV4);
	assert_int_equal(e->bind.scope, EVMON_SCOPE_LOOPBACK);
	assert_int_equal(e->bind.how, EVMON_BIND_BIND);
	assert_int_equal(e->bind.port, 40040);
	assert_int_equal(e->bind.asked_port, 40040);
	assert_int_equal(e->bind.netns, w.reports[1].netns);
	assert_int_equal(e->bind.ifindex, 0);
	assert_false(e->bind.dual);
	/* The tally says the same. */
	sum = world_sum(&w, EVMON_RULE_BIND_UNEXPECTED);
	assert_int_equal(sum.keys, 1);
	assert_int_equal(sum.count, 1);
	assert_memory_equal(&sum.key, &e->key, sizeof(sum.key));
	assert_int_equal(sum.key.slot, task.slot);
	assert_int_equal(sum.tally.first_ns, sum.tally.last_ns);
	assert_true(sum.tally.first_ns >= before && sum.tally.first_ns <= e->time_ns);
	assert_int_equal(sum.tally.actor.tgid, e->process.pid);
	assert_int_equal(sum.tally.actor.start_ns, task.start_ns);
	assert_int_equal(sum.tally.actor.uid, WORLD_UID);
	assert_int_equal(sum.tally.actor.exe_ino, e->process.exe_ino);
	assert_int_equal(sum.tally.actor.exe_dev, e->process.exe_dev);
	assert_int_equal(sum.tally.actor.class, WORLD_ALPHA);
	assert_memory_equal(sum.tally.actor.comm, "Alpha", sizeof("Alpha"));
	cgroup = hook_serves(&w, COVERAGE_BIND, EVMON_HOOK_CGROUP_POST_BIND4);
	/* Dual stack is what fexit sees and cgroup hooks do not. */
	WORLD_RUN(&w, "modules/Alpha/Alpha", "one:Alpha", "bind", "tcp", "::", "40041", "bind",
		  "tcp", "!::", "40042");
	assert_int_equal(world_event(&w, EVMON_RULE_BIND_UNEXPECTED, 1)->bind.dual, !cgroup);
	assert_false(world_event(&w, EVMON_RULE_BIND_UNEXPECTED, 2)->bind.dual);
	world_close(&w);
}

static void the_port_that_results_decides(void **state)
{
	const struct event *e;
	struct world w;

	(void)state;
	world_open(&w, &watch_all);
	world_needs(&w, COVERAGE_BIND);
	WORLD_RUN(&w, "unknown", "x", "bind", "tcp", "127.0.0.1", "0");
	e = world_event(&w, EVMON_RULE_BIND_UNEXPECTED, 0);
	assert_non_null(e);
	assert_int_equal(w.reports[0].result, 0);
	assert_int_not_equal(w.reports[0].port, 0);
	assert_int_equal(e->bind.port, w.reports[0].port);
	if (!hook_serves(&w, COVERAGE_BIND, EVMON_HOOK_CGROUP_POST_BIND4))
		assert_int_equal(e->bind.asked_port, 0);
	world_close(&w);
}

static void what_the_kernel_refuses_counts_nothing(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &watch_all);
	world_needs(&w, COVERAGE_BIND);
	WORLD_RUN(&w, "unknown", "x", "bind", "udp", "127.0.0.1", "40040", "bind", "udp",
		  "127.0.0.1", "40040", "bind", "udp", "192.0.2.1", "40041");
	assert_int_equal(w.reports[1].result, EADDRINUSE);
	assert_int_equal(w.reports[2].result, EADDRNOTAVAIL);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 1);
	world_close(&w);
}

static void the_tally_counts_what_the_record_does_not_tell(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &watch_all);
	world_needs(&w, COVERAGE_BIND);
	WORLD_RUN(&w, "unknown", "x", "rebind", "udp", "127.0.0.1", "40040", "1000");
	assert_int_equal(w.reports[0].result, 1000);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, 1000);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).keys, 1);
	assert_int_equal(world_events(&w, EVMON_RULE_BIND_UNEXPECTED), 1);
	world_close(&w);
}

static void deny_one_port(struct policy *p)
{
	world_rule(p, "bind.admin-panel", 40050, 40050, ACTION_DENY);
	any_of_the_tree(p);
}

static void a_denied_port_is_refused_and_its_neighbour_is_not(void **state)
{
	const struct world_options options = { .policy = deny_one_port };
	static const char *const where[] = { "127.0.0.1", "0.0.0.0", "::", "::1", "unspec" };
	const struct event *e;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND_DENY);
	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		WORLD_RUN(&w, "unknown", "x", "bind", "tcp", where[i], "40050", "bind", "udp",
			  where[i], "40050", "bind", "tcp", where[i], "40051");
		assert_int_equal(w.reports[0].result, EPERM);
		assert_int_equal(w.reports[1].result, EPERM);
		assert_int_equal(w.reports[2].result, 0);
	}
	/* IPv4 any twice: "0.0.0.0" and "unspec". */
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_ADMIN_PANEL).count, 2 * ARRAY_SIZE(where));
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_ADMIN_PANEL).keys,
			 2 * (ARRAY_SIZE(where) - 1));
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_UNEXPECTED).count, ARRAY_SIZE(where));
	e = world_event(&w, EVMON_RULE_BIND_ADMIN_PANEL, 0);
	assert_int_equal(e->verdict, EVMON_VERDICT_DENIED);
	assert_int_equal(e->key.verdict, EVMON_VERDICT_DENIED);
	assert_true(hook_serves(&w, COVERAGE_BIND_DENY, e->hook));
	assert_int_equal(e->bind.port, 40050);
	assert_int_equal(e->bind.asked_port, 40050);
	assert_int_equal(e->bind.scope, EVMON_SCOPE_LOOPBACK);
	assert_int_equal(e->bind.netns, w.reports[0].netns);
	assert_false(e->asked_deny);
	/* The host is refused, too: the rule is for all. */
	w.evicted = true;
	WORLD_RUN(&w, "unknown", "x", "bind", "tcp", "127.0.0.1", "40050");
	assert_int_equal(w.reports[0].result, EPERM);
	world_close(&w);
}

static void tracing_shows_what_another_refuses(void **state)
{
	const struct world_options denying = { .policy = deny_one_port };
	const struct world_options tracing = { .policy = deny_one_port, .kernel.tracing = true };
	static const char *const where[] = { "127.0.0.1", "::" };
	struct world daemon, w;

	(void)state;
	world_open(&daemon, &denying);
	world_needs(&daemon, COVERAGE_BIND_DENY);
	world_open(&w, &tracing);
	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		const struct event *e;

		WORLD_RUN(&w, "unknown", "x", "bind", "tcp", where[i], "40050");
		assert_int_equal(w.reports[0].result, EPERM);
		assert_int_equal(world_events(&w, EVMON_RULE_BIND_ADMIN_PANEL), i + 1);
		e = world_event(&w, EVMON_RULE_BIND_ADMIN_PANEL, i);
		assert_int_equal(e->verdict, EVMON_VERDICT_DENIED);
		assert_true(hook_serves(&w, COVERAGE_BIND_DENY, e->hook));
		assert_int_equal(e->bind.asked_port, 40050);
		assert_int_equal(e->process.pid, w.pid);
		assert_false(e->asked_deny);
	}
	world_close(&w);
	world_close(&daemon);
}

static void deny_dynamic_ports(struct policy *p)
{
	narrow(world_rule(p, "bind.unexpected", 32768, 60999, ACTION_DENY), EVEREST, ~0u, ~0u);
}

static void what_results_from_zero_cannot_be_refused_and_says_so(void **state)
{
	const struct world_options options = { .policy = deny_dynamic_ports };
	const struct event *e;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	world_policy(&w); /* the policy before is the same: nothing comes between two */
	WORLD_RUN(&w, "unknown", "x", "bind", "udp", "127.0.0.1", "0");
	assert_int_equal(w.reports[0].result, 0);
	e = world_event(&w, EVMON_RULE_BIND_UNEXPECTED, 0);
	assert_non_null(e);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_true(e->asked_deny);
	world_close(&w);
}

static void own_address(void)
{
	struct ifreq request = { .ifr_name = "lo:1" };
	struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address->sin_family = AF_INET;
	if (inet_pton(AF_INET, OWN_ADDRESS, &address->sin_addr) != 1 ||
	    ioctl(fd, SIOCSIFADDR, &request) < 0)
		perror("# " OWN_ADDRESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_matches_decides),
		cmocka_unit_test(the_record_says_it_all),
		cmocka_unit_test(the_port_that_results_decides),
		cmocka_unit_test(what_the_kernel_refuses_counts_nothing),
		cmocka_unit_test(the_tally_counts_what_the_record_does_not_tell),
		cmocka_unit_test(a_denied_port_is_refused_and_its_neighbour_is_not),
		cmocka_unit_test(tracing_shows_what_another_refuses),
		cmocka_unit_test(what_results_from_zero_cannot_be_refused_and_says_so),
	};
	int failed;

	world_enter();
	own_address();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
