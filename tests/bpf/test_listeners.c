// SPDX-License-Identifier: Apache-2.0
/* Every bound socket is seen as it is, with everybody who holds it, in whatever namespace. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "kernel/listeners.h"
#include "kernel/snapshot.h"
#include "kernel/tables.h"

#include "world.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum {
	SEEN_MAX = 4096,
	CROWD = 2000,
	PORT = WORLD_PORT
};

struct seen {
	struct listener *at;
	size_t n;
};

static int on_listener(const struct listener *listener, void *userdata)
{
	struct seen *seen = userdata;

	if (listener->object.port < PORT || listener->object.port >= PORT + CROWD + 100)
		return 0; /* somebody else's */
	if (seen->n == SEEN_MAX)
		return -E2BIG;
	seen->at[seen->n++] = *listener;
	return 0;
}

static struct kernel *kernel_open(void)
{
	const struct kernel_options options = { .inventory = true };
	struct kernel *kernel = NULL;
	char where[256];
	int err = kernel_new(&options, &kernel, where, sizeof(where));

	if (err == -ENOTSUP) {
		print_message("# %s\n", where);
		skip();
	}
	if (err < 0)
		fail_msg("%s", where);
	return kernel;
}

static void look(struct kernel *kernel, struct seen *seen)
{
	seen->n = 0;
	if (!seen->at)
		seen->at = calloc(SEEN_MAX, sizeof(*seen->at));
	assert_non_null(seen->at);
	assert_int_equal(listeners_take(kernel, on_listener, seen), 0);
}

static void look_once(struct seen *seen)
{
	struct kernel *kernel = kernel_open();

	look(kernel, seen);
	kernel_free(kernel);
}

static size_t count(const struct seen *seen, unsigned port, pid_t pid)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n; i++)
		n += seen->at[i].object.port == port &&
		     (!pid || seen->at[i].owner.pid == (uint32_t)pid);
	return n;
}

static const struct listener *find(const struct seen *seen, unsigned port, pid_t pid)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->at[i].object.port == port && seen->at[i].owner.pid == (uint32_t)pid)
			return &seen->at[i];
	fail_msg("port %u of %d is not seen", port, (int)pid);
	return NULL;
}

struct endpoint {
	const char *address;
	int type, protocol;
	enum evmon_proto proto;
	enum evmon_scope scope;
	bool dual;
};

/* -1: this kernel has no such protocol. */
static int open_bound(const struct endpoint *e, unsigned port)
{
	bool ipv6 = strchr(e->address, ':');
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, e->type | SOCK_CLOEXEC, e->protocol);
	int only = !e->dual && strcmp(e->address, "::ffff:127.0.0.1") != 0, yes = 1;

	if (fd < 0) {
		print_message("# %d: %s\n", e->protocol, strerror(errno));
		return -1;
	}
	/* A test before may have left a connection behind. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
	if (ipv6) {
		assert_int_equal(inet_pton(AF_INET6, e->address, &in6.sin6_addr), 1);
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), 0);
		assert_int_equal(bind(fd, (const struct sockaddr *)&in6, sizeof(in6)), 0);
	} else {
		assert_int_equal(inet_pton(AF_INET, e->address, &in.sin_addr), 1);
		assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof(in)), 0);
	}
	return fd;
}

static int open_listening(const struct endpoint *e, unsigned port)
{
	int fd = open_bound(e, port);

	if (fd >= 0 && e->type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static const struct endpoint tcp = { "127.0.0.1",     SOCK_STREAM,	    0,
				     EVMON_PROTO_TCP, EVMON_SCOPE_LOOPBACK, false };
static const struct endpoint udp = { "127.0.0.1",     SOCK_DGRAM,	    0,
				     EVMON_PROTO_UDP, EVMON_SCOPE_LOOPBACK, false };

static uint32_t netns_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (uint32_t)st.st_ino;
}

static void each_protocol_and_address_is_what_it_is(void **state)
{
	static const struct endpoint endpoints[] = {
		{ "0.0.0.0", SOCK_STREAM, 0, EVMON_PROTO_TCP, EVMON_SCOPE_ANY, false },
		{ "127.0.0.2", SOCK_STREAM, 0, EVMON_PROTO_TCP, EVMON_SCOPE_LOOPBACK, false },
		{ "::", SOCK_STREAM, 0, EVMON_PROTO_TCP, EVMON_SCOPE_ANY, true },
		{ "::", SOCK_DGRAM, 0, EVMON_PROTO_UDP, EVMON_SCOPE_ANY, false },
		{ "::1", SOCK_STREAM, 0, EVMON_PROTO_TCP, EVMON_SCOPE_LOOPBACK, false },
		{ "::ffff:127.0.0.1", SOCK_STREAM, 0, EVMON_PROTO_TCP, EVMON_SCOPE_LOOPBACK,
		  false },
		{ "0.0.0.0", SOCK_DGRAM, 0, EVMON_PROTO_UDP, EVMON_SCOPE_ANY, false },
		{ "127.0.0.1", SOCK_DGRAM, IPPROTO_UDPLITE, EVMON_PROTO_UDPLITE,
		  EVMON_SCOPE_LOOPBACK, false },
		{ "127.0.0.1", SOCK_STREAM, IPPROTO_SCTP, EVMON_PROTO_SCTP, EVMON_SCOPE_LOOPBACK,
		  false },
		{ "0.0.0.0", SOCK_STREAM, IPPROTO_MPTCP, EVMON_PROTO_MPTCP, EVMON_SCOPE_ANY,
		  false },
	};
	int fds[ARRAY_SIZE(endpoints)];
	struct seen seen = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
		fds[i] = open_listening(&endpoints[i], PORT + (unsigned)i);
	look_once(&seen);
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		const struct endpoint *e = &endpoints[i];
		const struct listener *l;
		uint8_t address[16] = { 0 };
		struct stat st;

		if (fds[i] < 0)
			continue;
		assert_int_equal(count(&seen, PORT + (unsigned)i, 0), 1);
		l = find(&seen, PORT + (unsigned)i, getpid());
		assert_int_equal(l->object.proto, e->proto);
		assert_int_equal(l->object.scope, e->scope);
		assert_int_equal(l->object.family,
				 strchr(e->address, ':') ? EVMON_FAMILY_IPV6 : EVMON_FAMILY_IPV4);
		inet_pton(strchr(e->address, ':') ? AF_INET6 : AF_INET, e->address, address);
		assert_memory_equal(l->address, address, sizeof(address));
		assert_int_equal(l->dual, e->dual);
		assert_true(l->listening);
		assert_int_equal(l->ifindex, 0);
		assert_int_equal(l->netns, netns_of("/proc/self/ns/net"));
		assert_int_equal(l->owner.fd, fds[i]);
		assert_int_equal(fstat(fds[i], &st), 0);
		assert_int_equal(l->inode, st.st_ino);
		close(fds[i]);
	}
	free(seen.at);
}

static void what_is_not_open_to_others_is_told_apart(void **state)
{
	const struct sockaddr_in peer = { .sin_family = AF_INET,
					  .sin_port = htons(PORT),
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct seen seen = { NULL, 0 };
	int server = open_listening(&tcp, PORT), bound = open_bound(&tcp, PORT + 1);
	int client = open_bound(&tcp, PORT + 2), talks = open_bound(&udp, PORT + 3);
	int accepted, raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, PORT & 0xff);

	(void)state;
	assert_int_equal(connect(client, (const struct sockaddr *)&peer, sizeof(peer)), 0);
	accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_true(accepted >= 0);
	assert_int_equal(connect(talks, (const struct sockaddr *)&peer, sizeof(peer)), 0);
	look_once(&seen);
	assert_int_equal(count(&seen, PORT, 0), 1);
	assert_false(find(&seen, PORT + 1, getpid())->listening);
	assert_int_equal(seen.n, 2);
	close(raw);
	close(accepted);
	close(talks);
	close(client);
	close(bound);
	close(server);
	free(seen.at);
}

/* A child that has inherited what is open, and waits. */
static pid_t child_start(int *ret_gate, void (*deed)(int tell))
{
	int gate[2], told[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(pipe(told), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(gate[1]);
		if (deed)
			deed(told[1]);
		else if (write(told[1], "", 1) < 0)
			_exit(1);
		_exit(read(gate[0], &byte, 1) < 0);
	}
	close(gate[0]);
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	*ret_gate = gate[1];
	return pid;
}

static void child_end(pid_t pid, int gate)
{
	close(gate);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_socket_has_all_its_owners(void **state)
{
	struct kernel *kernel = kernel_open();
	struct seen seen = { NULL, 0 };
	int fd = open_listening(&tcp, PORT), again = dup(fd), gate;
	pid_t pid = child_start(&gate, NULL);

	(void)state;
	look(kernel, &seen);
	assert_int_equal(count(&seen, PORT, getpid()), 2);
	assert_int_equal(count(&seen, PORT, pid), 2);
	for (size_t i = 1; i < seen.n; i++)
		assert_int_equal(seen.at[i].inode, seen.at[0].inode);
	assert_int_equal(find(&seen, PORT, pid)->owner.ppid, getpid());
	close(again);
	close(fd);
	look(kernel, &seen);
	assert_int_equal(count(&seen, PORT, getpid()), 0);
	assert_int_equal(count(&seen, PORT, pid), 2);
	child_end(pid, gate);
	look(kernel, &seen);
	assert_int_equal(seen.n, 0);
	free(seen.at);
	kernel_free(kernel);
}

static void deed_as_another(int tell)
{
	prctl(PR_SET_NAME, "other\nname");
	if (setresgid(WORLD_UID, WORLD_UID, WORLD_UID) < 0 ||
	    setresuid(WORLD_UID, WORLD_UID + 1, WORLD_UID) < 0 || write(tell, "", 1) < 0)
		_exit(1);
}

static void an_owner_is_who_he_is(void **state)
{
	struct seen seen = { NULL, 0 };
	int fd = open_listening(&tcp, PORT), gate;
	pid_t pid = child_start(&gate, deed_as_another);
	const struct listener_owner *owner;
	char exe[LISTENER_PATH_MAX] = "";
	struct stat st;

	(void)state;
	look_once(&seen);
	owner = &find(&seen, PORT, pid)->owner;
	assert_int_equal(owner->uid, WORLD_UID);
	assert_int_equal(owner->euid, WORLD_UID + 1);
	assert_int_equal(owner->gid, WORLD_UID);
	assert_string_equal(owner->comm, "other\nname");
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_string_equal(owner->exe, exe);
	assert_false(owner->exe_truncated);
	assert_int_equal(stat(exe, &st), 0);
	assert_int_equal(owner->exe_ino, st.st_ino);
	assert_int_equal(owner->exe_dev, file_kernel_dev(st.st_dev));
	assert_int_equal(owner->class, EVMON_CLASS_HOST);
	assert_int_equal(owner->subject, EVMON_SUBJECT_HOST);
	assert_true(owner->start_ns > find(&seen, PORT, getpid())->owner.start_ns);
	child_end(pid, gate);
	close(fd);
	free(seen.at);
}

static void deed_elsewhere(int tell)
{
	static const struct endpoint any = { "0.0.0.0",	      SOCK_DGRAM,      0,
					     EVMON_PROTO_UDP, EVMON_SCOPE_ANY, false };

	if (unshare(CLONE_NEWNET) < 0 || open_listening(&any, PORT) < 0 || write(tell, "", 1) < 0)
		_exit(1);
}

static void other_network_namespaces_are_seen(void **state)
{
	struct seen seen = { NULL, 0 };
	char path[64];
	int gate;
	pid_t pid = child_start(&gate, deed_elsewhere);

	(void)state;
	look_once(&seen);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	assert_int_not_equal(netns_of(path), netns_of("/proc/self/ns/net"));
	assert_int_equal(find(&seen, PORT, pid)->netns, netns_of(path));
	assert_int_equal(seen.n, 1);
	child_end(pid, gate);
	free(seen.at);
}

static void a_device_is_named_by_its_index(void **state)
{
	struct seen seen = { NULL, 0 };
	int fd = open_bound(&udp, PORT);

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	look_once(&seen);
	assert_int_equal(find(&seen, PORT, getpid())->ifindex, if_nametoindex("lo"));
	close(fd);
	free(seen.at);
}

static int no_task(const struct snapshot_task *task, void *userdata)
{
	(void)task;
	(void)userdata;
	return 0;
}

static void an_owner_of_the_tree_has_its_class(void **state)
{
	struct kernel *kernel = kernel_open();
	struct seen seen = { NULL, 0 };
	int fd = open_listening(&tcp, PORT);
	char exe[LISTENER_PATH_MAX] = "";
	int err;

	(void)state;
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_int_equal(tables_exe(kernel, exe, EVMON_CLASS_MANAGER, false), 0);
	err = snapshot_take(kernel, no_task, NULL);
	if (err == -ENOTSUP)
		skip();
	assert_int_equal(err, 0);
	look(kernel, &seen);
	assert_int_equal(find(&seen, PORT, getpid())->owner.class, EVMON_CLASS_MANAGER);
	assert_int_equal(find(&seen, PORT, getpid())->owner.slot, EVMON_CLASS_MANAGER);
	assert_int_equal(find(&seen, PORT, getpid())->owner.subject, EVMON_SUBJECT_EVEREST);
	close(fd);
	free(seen.at);
	kernel_free(kernel);
}

/* More than the kernel's buffer holds, so that reads end between two sockets. */
static void none_of_many_is_missed_or_seen_twice(void **state)
{
	struct rlimit limit = { CROWD + 100, CROWD + 100 };
	struct seen seen = { NULL, 0 };
	int *fds = calloc(CROWD, sizeof(*fds));

	(void)state;
	assert_non_null(fds);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (unsigned i = 0; i < CROWD; i++)
		fds[i] = open_bound(&udp, PORT + i);
	look_once(&seen);
	assert_int_equal(seen.n, CROWD);
	for (unsigned i = 0; i < CROWD; i++) {
		assert_int_equal(count(&seen, PORT + i, getpid()), 1);
		close(fds[i]);
	}
	free(fds);
	free(seen.at);
}

static int on_first(const struct listener *listener, void *userdata)
{
	(void)listener;
	++*(int *)userdata;
	return -ECANCELED;
}

static void an_error_of_the_callers_ends_it(void **state)
{
	struct kernel *kernel = kernel_open();
	int fd = open_listening(&tcp, PORT), other = open_listening(&tcp, PORT + 1), calls = 0;

	(void)state;
	assert_int_equal(listeners_take(kernel, on_first, &calls), -ECANCELED);
	assert_int_equal(calls, 1);
	close(other);
	close(fd);
	kernel_free(kernel);
}

static void who_traces_has_not_loaded_it(void **state)
{
	static const struct world_options options = { .kernel = { .tracing = true } };
	struct world w;
	int calls = 0;

	(void)state;
	world_open(&w, &options);
	assert_int_equal(listeners_take(w.kernel, on_first, &calls), -ENOTSUP);
	assert_int_equal(calls, 0);
	assert_int_equal(kernel_coverage(w.kernel)->rows[COVERAGE_LISTENERS].state, COVERAGE_NONE);
	assert_true(bpf_program__fd(kernel_program(w.kernel, EVMON_HOOK_ITER_TASK_FILE)) < 0);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_protocol_and_address_is_what_it_is),
		cmocka_unit_test(what_is_not_open_to_others_is_told_apart),
		cmocka_unit_test(a_socket_has_all_its_owners),
		cmocka_unit_test(an_owner_is_who_he_is),
		cmocka_unit_test(other_network_namespaces_are_seen),
		cmocka_unit_test(a_device_is_named_by_its_index),
		cmocka_unit_test(an_owner_of_the_tree_has_its_class),
		cmocka_unit_test(none_of_many_is_missed_or_seen_twice),
		cmocka_unit_test(an_error_of_the_callers_ends_it),
		cmocka_unit_test(who_traces_has_not_loaded_it),
	};
	int failed;

	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
