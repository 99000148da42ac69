// SPDX-License-Identifier: Apache-2.0
/* Sockets that come bound: each counts once for its holder, by whatever way it is found. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kernel/listeners.h"

#include "world.h"

enum {
	RULE = EVMON_RULE_BIND_UNEXPECTED,
	PORT = WORLD_PORT, /* forbidden to the tree, and the nine above it */
	FREE = WORLD_PORT + 50,
};

static void forbid_to_the_tree(struct policy *p)
{
	world_rule(p, "bind.unexpected", PORT, PORT + 9, ACTION_ALERT)->subjects =
		1u << EVMON_SUBJECT_EVEREST;
}

static void deny_to_the_tree(struct policy *p)
{
	world_rule(p, "bind.unexpected", PORT, PORT + 9, ACTION_DENY)->subjects =
		1u << EVMON_SUBJECT_EVEREST;
}

static const struct world_options watch = { .policy = forbid_to_the_tree };

/* port 0: not bound */
static int open_socket(int type, unsigned port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, type, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	if (port)
		assert_int_equal(bind(fd, (const struct sockaddr *)&four, sizeof(four)), 0);
	return fd;
}

static int open_listening(unsigned port)
{
	int fd = open_socket(SOCK_STREAM | SOCK_CLOEXEC, port);

	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* To the actor, who waits for it. */
static void hand_over(const struct world *w, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct iovec data = { (char[]){ 0 }, 1 };
	const struct msghdr message = { .msg_iov = &data,
					.msg_iovlen = 1,
					.msg_control = control.bytes,
					.msg_controllen = sizeof(control.bytes) };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	assert_int_equal(sendmsg(w->control, &message, MSG_NOSIGNAL), 1);
}

static uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

static void object_is(const struct evmon_tally_key *key, unsigned port, unsigned proto)
{
	assert_int_equal(key->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(key->sensor, EVMON_SENSOR_BIND);
	assert_int_equal(key->object.bind.port, port);
	assert_int_equal(key->object.bind.proto, proto);
	assert_int_equal(key->object.bind.family, EVMON_FAMILY_IPV4);
	assert_int_equal(key->object.bind.scope, EVMON_SCOPE_ANY);
	assert_true(key->slot >= EVMON_SLOT_MODULE);
}

static void record_is(const struct world *w, const struct event *e, unsigned port, int fd)
{
	static const uint8_t any[16];

	assert_non_null(e);
	assert_int_equal(e->hook, EVMON_HOOK_FEXIT_FILE_RECEIVE);
	assert_int_equal(e->verdict, EVMON_VERDICT_ALERT);
	assert_int_equal(e->bind.how, EVMON_BIND_HELD);
	assert_int_equal(e->bind.port, port);
	assert_int_equal(e->bind.asked_port, 0);
	assert_int_equal(e->bind.inode, inode_of(fd));
	assert_int_equal(e->bind.netns, w->reports[0].netns);
	assert_memory_equal(e->bind.address, any, sizeof(any));
	assert_int_equal(e->bind.ifindex, 0);
	assert_false(e->bind.dual);
	assert_int_equal(e->process.pid, w->reports[0].tgid);
	assert_int_equal(e->process.class, WORLD_ALPHA);
	assert_int_equal(e->process.slot, e->key.slot);
	assert_int_equal(e->process.subject, EVMON_SUBJECT_EVEREST);
}

static void what_is_handed_over_is_held(void **state)
{
	int fd, only_bound, datagrams;
	struct world_sum sum;
	struct world w;

	(void)state;
	world_open(&w, &watch);
	world_needs(&w, COVERAGE_HELD);
	fd = open_listening(PORT);
	only_bound = open_socket(SOCK_STREAM | SOCK_CLOEXEC, PORT + 1);
	datagrams = open_socket(SOCK_DGRAM | SOCK_CLOEXEC, PORT + 2);
	assert_int_equal(world_sum(&w, RULE).count, 0);
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "a", "ask", "receive", "", "ask", "receive", "", "ask",
					   "receive", "", NULL });
	hand_over(&w, fd);
	hand_over(&w, only_bound);
	hand_over(&w, datagrams);
	world_wait(&w);
	sum = world_sum(&w, RULE);
	assert_int_equal(sum.count, 3);
	assert_int_equal(sum.keys, 3);
	object_is(&world_event(&w, RULE, 0)->key, PORT, EVMON_PROTO_TCP);
	object_is(&world_event(&w, RULE, 1)->key, PORT + 1, EVMON_PROTO_TCP);
	object_is(&world_event(&w, RULE, 2)->key, PORT + 2, EVMON_PROTO_UDP);
	record_is(&w, world_event(&w, RULE, 0), PORT, fd);
	record_is(&w, world_event(&w, RULE, 1), PORT + 1, only_bound);
	record_is(&w, world_event(&w, RULE, 2), PORT + 2, datagrams);
	assert_false(world_event(&w, RULE, 0)->asked_deny);
	close(fd);
	close(only_bound);
	close(datagrams);
	world_close(&w);
}

static void once_for_each_instance_however_often(void **state)
{
	int fd;
	struct world w;

	(void)state;
	world_open(&w, &watch);
	world_needs(&w, COVERAGE_HELD);
	fd = open_listening(PORT);
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "a", "ask", "receive", "", "ask", "listen", "", "ask",
					   "receive", "", NULL });
	hand_over(&w, fd);
	hand_over(&w, fd);
	world_wait(&w);
	assert_int_equal(world_sum(&w, RULE).count, 1);
	world_start(&w, "modules/Beta/Beta",
		    (const char *const[]){ "b", "ask", "receive", "", NULL });
	hand_over(&w, fd);
	world_wait(&w);
	assert_int_equal(world_sum(&w, RULE).count, 2);
	assert_int_equal(world_sum(&w, RULE).keys, 2);
	close(fd);
	world_close(&w);
}

static void what_no_rule_forbids_gives_nothing(void **state)
{
	int allowed, unbound, fd, file;
	struct world w;

	(void)state;
	world_open(&w, &watch);
	world_needs(&w, COVERAGE_HELD);
	allowed = open_listening(FREE);
	unbound = open_socket(SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd = open_listening(PORT);
	file = dup(STDERR_FILENO);
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "a", "ask", "receive", "", "ask", "receive", "", "ask",
					   "receive", "", NULL });
	hand_over(&w, allowed);
	hand_over(&w, unbound);
	hand_over(&w, file);
	world_wait(&w);
	w.evicted = true; /* to somebody outside the tree */
	world_start(&w, "elsewhere", (const char *const[]){ "e", "ask", "receive", "", NULL });
	hand_over(&w, fd);
	world_wait(&w);
	assert_int_equal(world_sum(&w, RULE).count, 0);
	assert_int_equal(world_events(&w, RULE), 0);
	close(allowed);
	close(unbound);
	close(fd);
	close(file);
	world_close(&w);
}

static void what_is_taken_by_pidfd_is_held(void **state)
{
	int fd;
	char place[32];
	struct world w;

	(void)state;
	world_open(&w, &watch);
	world_needs(&w, COVERAGE_HELD);
	fd = open_listening(PORT);
	snprintf(place, sizeof(place), "%d:%d", (int)getpid(), fd);
	WORLD_RUN(&w, "modules/Alpha/Alpha", "a", "ask", "getfd", place);
	assert_int_equal(world_sum(&w, RULE).count, 1);
	record_is(&w, world_event(&w, RULE, 0), PORT, fd);
	close(fd);
	world_close(&w);
}

/* The descriptor by which the actor is supervised. */
static int supervisor_hear(const struct world *w)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec data = { (char[]){ 0 }, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	int fd;

	assert_int_equal(recvmsg(w->control, &message, MSG_CMSG_CLOEXEC), 1);
	assert_true(message.msg_controllen >= sizeof(control.head));
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

/* Answers one call with a descriptor of this socket, put where it is asked for. */
static void supervise(int supervisor, int fd)
{
	struct seccomp_notif call = { .id = 0 };
	struct seccomp_notif_resp answer = { .id = 0 };
	struct seccomp_notif_addfd add = { .srcfd = (uint32_t)fd };

	assert_int_equal(ioctl(supervisor, SECCOMP_IOCTL_NOTIF_RECV, &call), 0);
	add.id = answer.id = call.id;
	answer.val = ioctl(supervisor, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	assert_true(answer.val >= 0);
	assert_int_equal(ioctl(supervisor, SECCOMP_IOCTL_NOTIF_SEND, &answer), 0);
}

static void what_a_supervisor_gives_is_held(void **state)
{
	static const unsigned ports[] = { PORT, FREE };
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		int fd, supervisor;

		world_open(&w, &watch);
		world_needs(&w, COVERAGE_HELD);
		fd = open_listening(ports[i]);
		world_start(&w, "modules/Alpha/Alpha",
			    (const char *const[]){ "a", "ask", "supervised", "", NULL });
		supervisor = supervisor_hear(&w);
		supervise(supervisor, fd);
		world_wait(&w);
		assert_int_equal(w.reports[0].result, 0);
		assert_int_equal(world_sum(&w, RULE).count, ports[i] == PORT);
		if (ports[i] == PORT)
			record_is(&w, world_event(&w, RULE, 0), PORT, fd);
		else
			assert_null(world_event(&w, RULE, 0));
		close(supervisor);
		close(fd);
		world_close(&w);
	}
}

static void holding_cannot_be_denied_and_says_so(void **state)
{
	const struct world_options options = { .policy = deny_to_the_tree };
	int fd;
	struct world w;

	(void)state;
	world_open(&w, &options);
	world_needs(&w, COVERAGE_HELD);
	fd = open_listening(PORT);
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "a", "ask", "receive", "", NULL });
	hand_over(&w, fd);
	world_wait(&w);
	assert_int_equal(world_sum(&w, RULE).count, 1);
	assert_true(world_event(&w, RULE, 0)->asked_deny);
	assert_int_equal(w.reports[0].result, 0);
	close(fd);
	world_close(&w);
}

/* --- by looking at what is open -------------------------------------------------------------- */

struct judged {
	size_t n;
	struct listener last;
};

static int on_judged(const struct listener *listener, void *userdata)
{
	struct judged *judged = userdata;

	if (listener->counted) {
		judged->n++;
		judged->last = *listener;
	}
	return 0;
}

static struct judged judge(const struct world *w, uint32_t holder)
{
	struct judged judged = { .n = 0 };
	int err = listeners_judge(w->kernel, holder, on_judged, &judged);

	assert_int_equal(err, 0);
	return judged;
}

static void what_an_exec_brought_along_is_held(void **state)
{
	int fd = open_socket(SOCK_STREAM, PORT), allowed = open_socket(SOCK_STREAM, FREE);
	struct judged judged;
	struct world_sum sum;
	struct world w;
	pid_t pid;

	(void)state;
	world_open(&w, &watch);
	world_needs(&w, COVERAGE_LISTENERS);
	world_start(&w, "modules/Alpha/Alpha", (const char *const[]){ "a", "wait", NULL });
	pid = (pid_t)world_hear(&w)->tgid;
	assert_int_equal(world_sum(&w, RULE).count, 0);
	assert_int_equal(judge(&w, (uint32_t)getpid()).n, 0);
	judged = judge(&w, (uint32_t)pid);
	assert_int_equal(judged.n, 1);
	assert_int_equal(judged.last.rule, RULE);
	assert_int_equal(judged.last.inode, inode_of(fd));
	assert_int_equal(judged.last.owner.pid, pid);
	assert_false(judged.last.listening);
	assert_false(judged.last.asked_deny);
	sum = world_sum(&w, RULE);
	assert_int_equal(sum.count, 1);
	object_is(&sum.key, PORT, EVMON_PROTO_TCP);
	assert_int_equal(sum.tally.actor.tgid, pid);
	assert_int_equal(sum.tally.actor.class, WORLD_ALPHA);
	assert_int_equal(sum.tally.actor.seal, evmon_actor_seal(&sum.tally.actor));
	/* Again, and of everybody: it is known. */
	assert_int_equal(judge(&w, 0).n, 0);
	assert_int_equal(world_sum(&w, RULE).count, 1);
	world_go_on(&w);
	world_wait(&w);
	close(fd);
	close(allowed);
	world_close(&w);
}

static void what_a_hook_saw_bound_is_not_held_as_well(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, &watch);
	world_needs(&w, COVERAGE_LISTENERS);
	world_needs(&w, COVERAGE_BIND);
	world_start(&w, "modules/Alpha/Alpha",
		    (const char *const[]){ "a", "bind", "tcp", "0.0.0.0", "40003", "bind", "udp",
					   "::", "40004", "wait", NULL });
	for (int i = 0; i < 3; i++)
		assert_non_null(world_hear(&w));
	assert_int_equal(world_sum(&w, RULE).count, 2);
	assert_int_equal(judge(&w, 0).n, 0);
	assert_int_equal(world_sum(&w, RULE).count, 2);
	world_go_on(&w);
	world_wait(&w);
	world_close(&w);
}

static void two_sockets_of_one_key_are_two(void **state)
{
	int on = 1, first = open_socket(SOCK_DGRAM, 0), second = open_socket(SOCK_DGRAM, 0);
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(PORT + 5) };
	struct world w;

	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd = i ? second : first;

		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
		assert_int_equal(bind(fd, (const struct sockaddr *)&four, sizeof(four)), 0);
	}
	world_open(&w, &watch);
	world_needs(&w, COVERAGE_LISTENERS);
	world_start(&w, "modules/Alpha/Alpha", (const char *const[]){ "a", "wait", NULL });
	assert_non_null(world_hear(&w));
	assert_int_equal(judge(&w, 0).n, 2);
	assert_int_equal(world_sum(&w, RULE).count, 2);
	assert_int_equal(world_sum(&w, RULE).keys, 1);
	world_go_on(&w);
	world_wait(&w);
	close(first);
	close(second);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_handed_over_is_held),
		cmocka_unit_test(once_for_each_instance_however_often),
		cmocka_unit_test(what_no_rule_forbids_gives_nothing),
		cmocka_unit_test(what_is_taken_by_pidfd_is_held),
		cmocka_unit_test(what_a_supervisor_gives_is_held),
		cmocka_unit_test(holding_cannot_be_denied_and_says_so),
		cmocka_unit_test(what_an_exec_brought_along_is_held),
		cmocka_unit_test(what_a_hook_saw_bound_is_not_held_as_well),
		cmocka_unit_test(two_sockets_of_one_key_are_two),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
