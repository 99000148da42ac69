// SPDX-License-Identifier: Apache-2.0
/*
 * Every way by which a socket gets a port: each is seen once, with the port that resulted, and its
 * twin on a port that no rule names gives nothing. What a kernel lacks (a protocol, io_uring's own
 * bind, 32-bit calls) is said and passed over; what a hook of this tier cannot see is expected not
 * to be seen, so that the limits which coverage tells are true.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/macros.h"
#include "kernel/listeners.h"

#include "world.h"

enum {
	NAMED = 40100, /* a rule names this port and those up to NAMED_LAST */
	NAMED_LAST = 40199,
	UNNAMED = 41100,
};

#define LOOPBACK6 "::1"

struct deed {
	const char *how, *options, *proto, *address;
	uint8_t expect_how, family, scope;
	enum coverage_role role; /* 0: BIND */
	unsigned ifindex;
	bool is_dual, asks_nothing;
};

#define DEED(how_, options_, proto_, address_, ...)                                             \
	{                                                                                       \
		.how = (how_), .options = (options_), .proto = (proto_), .address = (address_), \
		##__VA_ARGS__                                                                   \
	}
#define SIX    .family = EVMON_FAMILY_IPV6
#define ANY    .scope = EVMON_SCOPE_ANY
#define AUTO   .role = COVERAGE_BIND_AUTO, .expect_how = EVMON_BIND_AUTO, .asks_nothing = true
#define LISTEN .role = COVERAGE_BIND_AUTO, .expect_how = EVMON_BIND_LISTEN, .asks_nothing = true
#define LISTEN_SCTP \
	.role = COVERAGE_BIND_SCTP, .expect_how = EVMON_BIND_LISTEN, .asks_nothing = true
#define AUTO_SCTP .role = COVERAGE_BIND_SCTP, .expect_how = EVMON_BIND_AUTO, .asks_nothing = true

static const struct deed deeds[] = {
	DEED("bind", "-", "tcp", "127.0.0.1"),
	DEED("bind", "-", "tcp", "0.0.0.0", ANY),
	DEED("bind", "unspec", "tcp", "0.0.0.0", ANY),
	DEED("bind", "-", "tcp", LOOPBACK6, SIX),
	DEED("bind", "-", "tcp", "::", SIX, ANY, .is_dual = true),
	DEED("bind", "only6", "tcp", "::", SIX, ANY),
	DEED("bind", "-", "tcp", "::ffff:127.0.0.1", SIX),
	DEED("bind", "-", "udp", "127.0.0.1"),
	DEED("bind", "-", "udp", LOOPBACK6, SIX),
	DEED("bind", "-", "udplite", "127.0.0.1"),
	DEED("bind", "-", "udplite", LOOPBACK6, SIX),
	DEED("bind", "-", "sctp", "127.0.0.1"),
	DEED("bind", "-", "sctp", LOOPBACK6, SIX),
	DEED("bindx", "-", "sctp", "127.0.0.1", .role = COVERAGE_BIND_SCTP),
	DEED("bindx", "-", "sctp", LOOPBACK6, SIX, .role = COVERAGE_BIND_SCTP),
	DEED("bindx", "-", "sctp", "0.0.0.0", ANY, .role = COVERAGE_BIND_SCTP),
	/* Of two addresses one is enough. */
	DEED("bindx", "list", "sctp", "127.0.0.1", .role = COVERAGE_BIND_SCTP),
	DEED("bind", "-", "mptcp", "127.0.0.1", .role = COVERAGE_BIND_MPTCP),
	DEED("bind", "-", "mptcp", "::", SIX, ANY, .is_dual = true, .role = COVERAGE_BIND_MPTCP),
	DEED("bind", "device", "tcp", "127.0.0.1", .ifindex = 1),
	DEED("bind", "reuseport", "tcp", "127.0.0.1"),
	DEED("bind", "netns", "tcp", "0.0.0.0", ANY),
	DEED("bind", "netns", "udp", "::", SIX, ANY, .is_dual = true),
	DEED("bind", "int80", "tcp", "127.0.0.1"),
	DEED("bind", "socketcall", "udp", LOOPBACK6, SIX),
	DEED("bind", "uring", "tcp", "127.0.0.1"),
	DEED("bind", "uring-async", "tcp", "127.0.0.1"),
	DEED("bind", "uring-sqpoll", "udp", "127.0.0.1"),
	/* Listening on what is bound counts nothing more. */
	DEED("bind+listen", "-", "tcp", "127.0.0.1"),
	DEED("bind+listen", "uring", "tcp", "127.0.0.1"),
	DEED("bind+listen", "-", "sctp", "127.0.0.1"),
	DEED("bindx+listen", "-", "sctp", "127.0.0.1", .role = COVERAGE_BIND_SCTP),
	DEED("bindx+connect", "-", "sctp", "127.0.0.1", .role = COVERAGE_BIND_SCTP),
	DEED("bind+listen", "-", "mptcp", "127.0.0.1", .role = COVERAGE_BIND_MPTCP),
	/* Nor does connecting or sending from it. */
	DEED("bind+connect", "-", "tcp", "127.0.0.1"),
	DEED("bind+connect", "-", "udp", "127.0.0.1"),
	DEED("bind+sendto", "-", "udp", "127.0.0.1"),
	/* The range of automatic ports is narrowed to those that the rule names. */
	DEED("bind0", "-", "tcp", "127.0.0.1", .asks_nothing = true),
	DEED("bind0", "-", "udp", LOOPBACK6, SIX, .asks_nothing = true),
	DEED("bind0+connect", "-", "tcp", "127.0.0.1", .asks_nothing = true),
	DEED("bind0+listen", "-", "tcp", "127.0.0.1", .asks_nothing = true),
	DEED("bind0", "-", "sctp", "127.0.0.1", .asks_nothing = true),
	DEED("bind0+listen", "-", "sctp", "0.0.0.0", ANY, .asks_nothing = true),
	DEED("bindx0", "-", "sctp", "0.0.0.0", ANY, .role = COVERAGE_BIND_SCTP,
	     .asks_nothing = true),
	DEED("bind0", "range", "tcp", "127.0.0.1", .asks_nothing = true),
	DEED("listen", "-", "tcp", "0.0.0.0", ANY, LISTEN),
	DEED("listen", "-", "tcp", "::", SIX, ANY, LISTEN, .is_dual = true),
	DEED("listen", "device", "tcp", "0.0.0.0", ANY, LISTEN, .ifindex = 1),
	DEED("listen", "range", "tcp", "0.0.0.0", ANY, LISTEN),
	DEED("listen", "-", "mptcp", "0.0.0.0", ANY, LISTEN),
	DEED("listen", "-", "sctp", "0.0.0.0", ANY, LISTEN_SCTP),
	DEED("listen", "-", "sctp", "::", SIX, ANY, LISTEN_SCTP, .is_dual = true),
	DEED("listen", "uring", "tcp", "0.0.0.0", ANY, LISTEN),
	DEED("bind0+listen", "noport", "tcp", "127.0.0.1", LISTEN),
	DEED("connect", "-", "tcp", "127.0.0.1", AUTO),
	DEED("connect", "-", "tcp", LOOPBACK6, SIX, AUTO),
	DEED("connect", "-", "tcp", "::ffff:127.0.0.1", SIX, AUTO),
	DEED("connect", "range", "tcp", "127.0.0.1", AUTO),
	DEED("connect", "uring", "tcp", "127.0.0.1", AUTO),
	DEED("connect", "-", "mptcp", "127.0.0.1", AUTO),
	DEED("connect", "-", "sctp", "127.0.0.1", ANY, AUTO_SCTP),
	DEED("connect", "-", "sctp", LOOPBACK6, SIX, ANY, AUTO_SCTP, .is_dual = true),
	DEED("bind0+connect", "noport", "tcp", "127.0.0.1", AUTO),
	DEED("connect", "-", "udp", "127.0.0.1", ANY, AUTO),
	DEED("connect", "-", "udp", LOOPBACK6, SIX, ANY, AUTO, .is_dual = true),
	DEED("connect", "-", "udplite", "127.0.0.1", ANY, AUTO),
	DEED("sendto", "-", "udp", "127.0.0.1", ANY, AUTO),
	DEED("sendto", "-", "udp", LOOPBACK6, SIX, ANY, AUTO, .is_dual = true),
};

static void name_ports(struct policy *p)
{
	world_rule(p, "bind.admin-panel", NAMED, NAMED_LAST, ACTION_ALERT);
}

static const struct world_options options = { .policy = name_ports };

static enum coverage_role role_of(const struct deed *d)
{
	return d->role ? d->role : COVERAGE_BIND;
}

static void automatic_ports(unsigned first)
{
	_cleanup_(closep) int fd =
		open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
	char text[32];
	int n = snprintf(text, sizeof(text), "%u %u", first, first + 9);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)n), n);
}

static bool serves(const struct world *w, enum coverage_role role, enum evmon_hook hook)
{
	const struct coverage_row *row = &w->kernel->coverage.rows[role];

	for (size_t i = 0; i < row->n_hooks; i++)
		if (row->hooks[i] == hook)
			return true;
	return false;
}

/* What came of it, errno; nobody need answer a connection. */
static int run(struct world *w, const struct deed *d, unsigned port)
{
	char text[8];
	int result;

	snprintf(text, sizeof(text), "%u", port);
	automatic_ports(port);
	WORLD_RUN(w, "modules/Alpha/Alpha", "one:Alpha", "way", d->how, d->options, d->proto,
		  d->address, text);
	assert_int_equal(w->n_reports, 1);
	result = w->reports[0].result;
	return strstr(d->how, "connect") && result == ECONNREFUSED ? 0 : result;
}

static bool is_lacking(const struct deed *d, int result)
{
	if (result == ENOPROTOOPT || result == EPROTONOSUPPORT || result == ENOSYS)
		return true;
	return strstr(d->options, "uring") && (result == EINVAL || result == EPERM);
}

/* False: this kernel cannot do it, and says so. */
static bool go(struct world *w, const struct deed *d, unsigned port)
{
	int result = run(w, d, port);

	if (result)
		print_message("# %s %s %s %s: %s\n", d->how, d->options, d->proto, d->address,
			      strerror(result));
	if (is_lacking(d, result))
		return false;
	assert_int_equal(result, 0);
	return true;
}

static uint8_t proto_number(const char *name)
{
	static const char *const names[] = { "other", "tcp", "udp", "udplite", "sctp", "mptcp" };
	uint8_t i = 0;

	while (strcmp(names[i], name) != 0)
		i++;
	return i;
}

static void check_event(const struct world *w, const struct deed *d, const struct event *e)
{
	bool cgroup = e->hook == EVMON_HOOK_CGROUP_POST_BIND4 ||
		      e->hook == EVMON_HOOK_CGROUP_POST_BIND6;
	const struct actor_report *r = &w->reports[0];
	uint8_t address[16] = { 0 };

	if (d->scope != EVMON_SCOPE_ANY)
		inet_pton(d->family == EVMON_FAMILY_IPV6 ? AF_INET6 : AF_INET, d->address, address);
	assert_memory_equal(e->bind.address, address, sizeof(address));
	assert_int_equal(e->sensor, EVMON_SENSOR_BIND);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	/* Where SCTP has a hook of its own, that tells bind, too. */
	assert_true(serves(w, role_of(d), e->hook) || serves(w, COVERAGE_BIND_SCTP, e->hook));
	assert_int_equal(e->bind.proto, proto_number(d->proto));
	assert_int_equal(e->bind.family, d->family);
	assert_int_equal(e->bind.scope, d->scope);
	assert_int_equal(e->bind.how, d->expect_how);
	if (r->port) /* a connection that was refused has lost it again */
		assert_int_equal(e->bind.port, r->port);
	assert_in_range(e->bind.port, NAMED, NAMED + 9);
	assert_int_equal(e->bind.asked_port, d->asks_nothing && !cgroup ? 0 : e->bind.port);
	assert_int_equal(e->bind.ifindex, cgroup ? 0 : d->ifindex);
	assert_int_equal(e->bind.dual, d->is_dual && !cgroup);
	if (!cgroup)
		assert_int_equal(e->bind.netns, r->netns);
	assert_int_equal(e->process.pid, w->pid);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_string_equal(e->process.args, "one:Alpha");
	assert_false(e->asked_deny);
	assert_int_equal(e->key.object.bind.port, e->bind.port);
	assert_int_equal(e->key.object.bind.proto, e->bind.proto);
	assert_int_equal(e->key.object.bind.family, e->bind.family);
	assert_int_equal(e->key.object.bind.scope, e->bind.scope);
}

/* Listening is all that the states of sockets show. */
static bool by_state(const struct world *w)
{
	return serves(w, COVERAGE_BIND_AUTO, EVMON_HOOK_TP_SET_STATE);
}

static bool is_seen_here(const struct world *w, const struct deed *d)
{
	if (d->role == COVERAGE_BIND_AUTO && by_state(w))
		return false; /* not by the hook alone, see who_listens_unasked_is_looked_for() */
	/* Hooks of cgroups are not for SCTP. */
	if (!strcmp(d->proto, "sctp") && serves(w, COVERAGE_BIND, EVMON_HOOK_CGROUP_POST_BIND4))
		return false;
	return w->kernel->coverage.rows[role_of(d)].state != COVERAGE_NONE;
}

static void every_way_is_seen_once_and_its_twin_is_not(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		const struct deed *d = &deeds[i];

		world_open(&w, &options);
		if (!is_seen_here(&w, d))
			print_message("# %s %s %s %s: %s has no hook here\n", d->how, d->options,
				      d->proto, d->address, coverage_role_name(role_of(d)));
		if (is_seen_here(&w, d) && go(&w, d, NAMED)) {
			print_message("# %s %s %s %s\n", d->how, d->options, d->proto, d->address);
			assert_int_equal(world_sum(&w, EVMON_RULE_BIND_ADMIN_PANEL).count, 1);
			assert_int_equal(world_events(&w, EVMON_RULE_BIND_ADMIN_PANEL), 1);
			check_event(&w, d, world_event(&w, EVMON_RULE_BIND_ADMIN_PANEL, 0));
			assert_true(go(&w, d, UNNAMED));
			assert_int_equal(world_sum(&w, EVMON_RULE_BIND_ADMIN_PANEL).count, 1);
			assert_int_equal(world_events(&w, EVMON_RULE_BIND_ADMIN_PANEL), 1);
		}
		world_close(&w);
	}
}

static void refuse_ports(struct policy *p)
{
	world_rule(p, "bind.admin-panel", NAMED, NAMED_LAST, ACTION_DENY);
}

static const struct world_options denying = { .policy = refuse_ports };

/* By what denies here. */
static bool is_refusable(const struct world *w, const struct deed *d)
{
	if (d->asks_nothing || w->kernel->coverage.rows[COVERAGE_BIND_DENY].state == COVERAGE_NONE)
		return false;
	return strcmp(d->proto, "sctp") != 0 ||
	       !serves(w, COVERAGE_BIND_DENY, EVMON_HOOK_CGROUP_BIND4);
}

static void check_refused(const struct world *w, const struct deed *d, int result)
{
	const struct event *e = world_event(w, EVMON_RULE_BIND_ADMIN_PANEL, 0);
	uint64_t count = world_sum(w, EVMON_RULE_BIND_ADMIN_PANEL).count;

	if (is_lacking(d, result) && !e)
		return;
	print_message("# %s %s %s %s: %s\n", d->how, d->options, d->proto, d->address,
		      strerror(result));
	assert_int_equal(result, is_refusable(w, d) ? EPERM : 0);
	if (!is_refusable(w, d) && !is_seen_here(w, d)) {
		assert_int_equal(count, 0);
		return;
	}
	assert_int_equal(count, 1);
	assert_non_null(e);
	assert_int_equal(e->verdict,
			 is_refusable(w, d) ? EVMON_VERDICT_DENIED : EVMON_VERDICT_ALERT);
	assert_int_equal(e->asked_deny, !is_refusable(w, d));
	assert_int_equal(e->bind.proto == EVMON_PROTO_MPTCP ? EVMON_PROTO_TCP : e->bind.proto,
			 !strcmp(d->proto, "mptcp") ? EVMON_PROTO_TCP : proto_number(d->proto));
	assert_int_equal(e->bind.scope, d->scope);
	assert_int_equal(e->bind.family, d->family);
	if (is_refusable(w, d))
		assert_int_equal(e->bind.asked_port, NAMED);
	else
		assert_int_equal(e->bind.how, d->expect_how);
}

static void what_is_asked_for_is_refused_the_rest_is_told(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		const struct deed *d = &deeds[i];

		world_open(&w, &denying);
		check_refused(&w, d, run(&w, d, NAMED));
		if (is_refusable(&w, d) && go(&w, d, UNNAMED)) /* and its neighbour is not */
			assert_int_equal(world_events(&w, EVMON_RULE_BIND_ADMIN_PANEL), 1);
		world_close(&w);
	}
}

struct found {
	unsigned counted, objected;
	struct listener last;
};

static int on_listener(const struct listener *listener, void *userdata)
{
	struct found *found = userdata;

	if (listener->rule)
		found->objected++;
	if (listener->counted)
		found->counted++, found->last = *listener;
	return 0;
}

/* Records of tasks that listen unasked. */
static unsigned listens(const struct world *w)
{
	const struct event *e;
	unsigned n = 0;

	for (size_t i = 0; (e = world_event(w, EVMON_RULE_NONE, i)); i++)
		if (e->hook == EVMON_HOOK_TP_SET_STATE) {
			assert_int_equal(e->process.pid, w->reports[0].tgid);
			assert_int_equal(e->process.class, WORLD_ALPHA);
			assert_int_equal(e->bind.how, EVMON_BIND_LISTEN);
			n++;
		}
	return n;
}

static struct found look(struct world *w)
{
	struct found found = { .counted = 0 };

	assert_int_equal(
		listeners_judge_unasked(w->kernel, w->reports[0].tgid, on_listener, &found), 0);
	return found;
}

static void start_and_stay(struct world *w, const char *how, unsigned port)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", port);
	automatic_ports(port);
	world_open(w, &options);
	world_start(w, "modules/Alpha/Alpha",
		    (const char *const[]){ "one:Alpha", "way", how, "-", "tcp", "0.0.0.0", text,
					   "wait", NULL });
	assert_int_equal(world_hear(w)->result, 0);
	world_drain(w);
}

static void end(struct world *w)
{
	world_go_on(w);
	world_wait(w);
	world_close(w);
}

static void who_listens_unasked_is_looked_for(void **state)
{
	struct found found;
	struct world w;
	bool here;

	(void)state;
	world_open(&w, &options);
	here = by_state(&w) && w.kernel->coverage.rows[COVERAGE_LISTENERS].n_hooks;
	world_close(&w);
	if (!here) {
		print_message("# listening is seen by a better hook, or by none\n");
		return;
	}
	start_and_stay(&w, "listen", NAMED);
	assert_int_equal(listens(&w), 1);
	found = look(&w);
	assert_int_equal(found.counted, 1);
	assert_int_equal(found.last.how, EVMON_BIND_LISTEN);
	assert_int_equal(found.last.rule, EVMON_RULE_BIND_ADMIN_PANEL);
	assert_int_equal(found.last.object.port, w.reports[0].port);
	assert_int_equal(found.last.object.scope, EVMON_SCOPE_ANY);
	assert_int_equal(found.last.owner.pid, w.reports[0].tgid);
	assert_int_equal(look(&w).counted, 0);
	found.counted = 0;
	assert_int_equal(listeners_judge(w.kernel, 0, on_listener, &found), 0);
	assert_int_equal(found.counted, 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_ADMIN_PANEL).count, 1);
	end(&w);
	start_and_stay(&w, "listen", UNNAMED);
	assert_int_equal(listens(&w), 1);
	assert_int_equal(look(&w).objected, 0);
	end(&w);
	/* What was asked for is the business of bind. */
	start_and_stay(&w, "bind+listen", NAMED);
	assert_int_equal(listens(&w), 0);
	assert_int_equal(look(&w).objected, 0);
	assert_int_equal(world_sum(&w, EVMON_RULE_BIND_ADMIN_PANEL).count, 1);
	end(&w);
}

/* A module that the first socket of its kind loads. */
static void sctp_load(void)
{
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);

	if (fd < 0)
		print_message("# no SCTP here: %s\n", strerror(errno));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_is_seen_once_and_its_twin_is_not),
		cmocka_unit_test(who_listens_unasked_is_looked_for),
		cmocka_unit_test(what_is_asked_for_is_refused_the_rest_is_told),
	};
	int failed;

	world_enter();
	sctp_load();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
