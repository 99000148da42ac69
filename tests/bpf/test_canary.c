// SPDX-License-Identifier: Apache-2.0
/* The canary proves what runs, shows what does not, and is nobody's alert. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kernel/canary.h"
#include "kernel/tables.h"

#include "kept.h"
#include "world.h"

static void deny_one_port(struct policy *policy)
{
	world_rule(policy, "bind.admin-panel", 40050, 40050, ACTION_DENY);
}

static const struct world_options options = { .policy = deny_one_port };

static void send_canary(struct world *w)
{
	pid_t pid = -1;

	assert_int_equal(canary_start(w->kernel, &pid), 0);
	assert_int_equal(canary_finish(w->kernel, pid), 0);
	world_drain(w);
}

static int no_tally(const struct evmon_tally_key *key, const struct evmon_tally *tally,
		    void *userdata)
{
	(void)tally;
	(void)userdata;
	/* Others on this machine may do what they should not: not in this cgroup or namespace. */
	return key->slot == EVMON_CLASS_HOST && key->sensor == EVMON_SENSOR_BIND ? 0 : -EEXIST;
}

static void all_proven(const struct world *w)
{
	static const enum coverage_role roles[] = { COVERAGE_TREE,	COVERAGE_BIND,
						    COVERAGE_BIND_DENY, COVERAGE_CAPABILITY,
						    COVERAGE_EXEC,	COVERAGE_CREDENTIALS,
						    COVERAGE_HELD,	COVERAGE_CAPABILITY_DENY,
						    COVERAGE_EXEC_DENY };

	for (size_t k = 0; k < ARRAY_SIZE(roles); k++) {
		const struct coverage_row *row = &w->kernel->coverage.rows[roles[k]];

		if (row->state == COVERAGE_NONE)
			print_message("# no hook for %s here\n", coverage_role_name(roles[k]));
		else
			assert_int_equal(row->state, COVERAGE_PROVEN);
	}
}

static void every_hook_is_proven_without_an_alert(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &options);
	for (int i = 0; i < 3; i++) {
		send_canary(&w);
		all_proven(&w);
	}
	assert_int_equal(w.n_events, 0);
	assert_int_equal(tallies_each(w.kernel, no_tally, NULL), 0);
	world_close(&w);
}

/* Hooks that are attached and do not run: their links are another's, which does. */
static void a_silent_hook_is_broken(void **state)
{
	static const enum coverage_role roles[] = { COVERAGE_BIND, COVERAGE_CAPABILITY };
	char reason[COVERAGE_REASON_MAX];
	struct coverage_row *rows;
	struct kernel *kernel;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_BIND);
	kernel = w.kernel;
	kept_forget(kernel);
	rows = kernel->coverage.rows;
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		enum evmon_hook hook = rows[roles[i]].hooks[0];

		if (!rows[roles[i]].n_hooks)
			continue;
		bpf_link__destroy(kernel->links[hook]);
		kernel->links[hook] = kernel->links[EVMON_HOOK_TP_EXEC];
	}
	send_canary(&w);
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (!rows[roles[i]].n_hooks)
			continue;
		kernel->links[rows[roles[i]].hooks[0]] = NULL;
		assert_int_equal(rows[roles[i]].state, COVERAGE_BROKEN);
	}
	assert_true(coverage_degraded(&kernel->coverage, reason, sizeof(reason)));
	assert_non_null(strstr(reason, "bind: "));
	assert_int_equal(rows[COVERAGE_EXEC].state, COVERAGE_PROVEN);
	assert_int_equal(rows[COVERAGE_TREE].state, COVERAGE_PROVEN);
	world_close(&w);
	kernel_free(kernel);
}

/* Early at boot, and in a new network namespace: neither 127.0.0.1 nor ::1 is anybody's address. */
static void without_a_loopback_every_hook_is_proven(void **state)
{
	_cleanup_(closep) int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct world w;

	(void)state;
	world_open(&w, &options);
	assert_true(netns >= 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	send_canary(&w);
	assert_int_equal(setns(netns, CLONE_NEWNET), 0);
	all_proven(&w);
	assert_int_equal(w.n_events, 0);
	world_close(&w);
}

/* As a unit's SystemCallFilter= and the like do. */
static bool forbid(unsigned call, unsigned err)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct row_is {
	enum coverage_role role;
	enum coverage_state state;
	const char *reason; /* NULL: none */
};

static bool row_is(const struct kernel *kernel, const struct row_is *wanted)
{
	const struct coverage_row *row = &kernel->coverage.rows[wanted->role];
	const char *reason = wanted->reason ? wanted->reason : "";

	if (row->state == COVERAGE_NONE)
		return true;
	if (row->state == wanted->state && strstr(row->reason, reason) &&
	    !row->reason[0] == !reason[0])
		return true;
	printf("# %s: %s, '%s'\n", coverage_role_name(wanted->role),
	       coverage_state_name(row->state), row->reason);
	return false;
}

/* A canary that a process without this call sends: what it then shows, and that nothing is broken.
 * The process is a copy of this one, since what is forbidden stays so. */
static void canary_without(unsigned call, unsigned err, const struct row_is *wanted, size_t n)
{
	char reason[COVERAGE_REASON_MAX];
	int status = -1;
	struct world w;
	pid_t pid, canary;

	world_open(&w, &options);
	pid = fork();
	if (pid == 0) {
		bool good = forbid(call, err) && canary_start(w.kernel, &canary) == 0 &&
			    canary_finish(w.kernel, canary) == 0;

		for (size_t i = 0; i < n; i++)
			good = row_is(w.kernel, &wanted[i]) && good;
		w.kernel->coverage.rows[COVERAGE_USB].state = COVERAGE_UNPROVEN; /* not here */
		good = good && !coverage_degraded(&w.kernel->coverage, reason, sizeof(reason)) &&
		       coverage_unproven(&w.kernel->coverage, reason, sizeof(reason));
		fflush(stdout);
		_exit(!good);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	world_close(&w);
}

static void a_bind_that_it_may_not_make_leaves_bind_unproven(void **state)
{
	static const struct row_is wanted[] = {
		{ COVERAGE_BIND, COVERAGE_UNPROVEN,
		  "the canary's bind was refused: Permission denied" },
		{ COVERAGE_CAPABILITY, COVERAGE_PROVEN, NULL },
		{ COVERAGE_EXEC, COVERAGE_PROVEN, NULL },
		{ COVERAGE_TREE, COVERAGE_PROVEN, NULL },
	};

	(void)state;
	canary_without(SYS_bind, EACCES, wanted, ARRAY_SIZE(wanted));
}

/* What RestrictAddressFamilies= says, where the kernel has the family. */
static void sockets_that_it_may_not_make_leave_bind_unproven(void **state)
{
	static const struct row_is wanted[] = {
		{ COVERAGE_BIND, COVERAGE_UNPROVEN, "the canary's bind was refused: Address" },
		{ COVERAGE_CAPABILITY, COVERAGE_PROVEN, NULL },
	};

	(void)state;
	canary_without(SYS_socket, EAFNOSUPPORT, wanted, ARRAY_SIZE(wanted));
}

static void a_file_that_it_may_not_run_leaves_exec_unproven(void **state)
{
	static const struct row_is wanted[] = {
		{ COVERAGE_EXEC, COVERAGE_UNPROVEN,
		  "the canary's exec was refused: Operation not permitted" },
		{ COVERAGE_TREE, COVERAGE_UNPROVEN, "the canary's exec was refused" },
		{ COVERAGE_BIND, COVERAGE_PROVEN, NULL },
		{ COVERAGE_CAPABILITY, COVERAGE_PROVEN, NULL },
	};

	(void)state;
	canary_without(SYS_execveat, EPERM, wanted, ARRAY_SIZE(wanted));
}

static void watch_loopback(struct policy *policy)
{
	struct bind_rule *rule = world_rule(policy, "bind.unexpected", 1024, 65535, ACTION_ALERT);

	rule->subjects = 1u << EVMON_SUBJECT_HOST;
	rule->scopes = 1u << EVMON_SCOPE_LOOPBACK;
}

/* Not every kernel has MPTCP, or SCTP; what connects is judged where this tier sees it. */
static bool is_own_bind(const struct event *e)
{
	return e->bind.proto != EVMON_PROTO_MPTCP && e->bind.proto != EVMON_PROTO_SCTP &&
	       e->bind.how == EVMON_BIND_BIND;
}

static void its_mark_excuses_nothing(void **state)
{
	const struct world_options watching = { .policy = watch_loopback };
	const struct event *e;
	struct world w;
	size_t seen = 0;

	(void)state;
	world_open(&w, &watching);
	world_needs(&w, COVERAGE_BIND);
	send_canary(&w);
	for (size_t i = 0; (e = world_event(&w, EVMON_RULE_BIND_UNEXPECTED, i)); i++)
		seen += e->process.class == EVMON_CLASS_CANARY && is_own_bind(e);
	assert_int_equal(seen, 2); /* IPv4 and IPv6 */
	world_close(&w);
}

static void nobody_is_a_canary_by_name(void **state)
{
	struct world w;
	struct evmon_task task;

	(void)state;
	world_open(&w, &options);
	send_canary(&w);
	w.evicted = true;
	world_start(&w, "evmon", (const char *const[]){ "evmon", "chroot", "wait", NULL });
	assert_non_null(world_hear(&w));
	assert_non_null(world_hear(&w));
	assert_false(world_task(&w, w.pid, &task));
	world_go_on(&w);
	world_wait(&w);
	world_close(&w);
}

/* The canary executes this very program, with arguments. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hook_is_proven_without_an_alert),
		cmocka_unit_test(a_silent_hook_is_broken),
		cmocka_unit_test(without_a_loopback_every_hook_is_proven),
		cmocka_unit_test(a_bind_that_it_may_not_make_leaves_bind_unproven),
		cmocka_unit_test(sockets_that_it_may_not_make_leave_bind_unproven),
		cmocka_unit_test(a_file_that_it_may_not_run_leaves_exec_unproven),
		cmocka_unit_test(its_mark_excuses_nothing),
		cmocka_unit_test(nobody_is_a_canary_by_name),
	};
	int failed;

	(void)argv;
	if (argc > 1)
		return 0;
	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
