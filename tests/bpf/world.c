// SPDX-License-Identifier: Apache-2.0
/*
 * The test is the spawner whose children the kernel side classes as managers, so a tree needs no
 * EVerest; its modules are copies of the actor, told apart by their inodes. Everything is waited
 * for: an actor has ended when it is reaped, and the records of what it did are in the ring then.
 * Where hooks hang on a cgroup they hang on the test's own, so that the machine is left in peace.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>

#include "kernel/cgroup.h"
#include "kernel/snapshot.h"
#include "kernel/tables.h"

#include "kept.h"
#include "world.h"

#define HOUR_NS	    (3600ULL * 1000000000)
#define CGROUP_NAME "evmon-test-%d"

static void give_up(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(77);
}

static void write_text(int dir, const char *path, const char *text)
{
	_cleanup_(closep) int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		give_up(path);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	_cleanup_(closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		give_up("no loopback");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		give_up("loopback stays down");
}

/* This process's own cgroup below the root; -1 where there is no unified hierarchy. */
static int cgroup_open(int *ret_root, char name[64])
{
	int fd;

	snprintf(name, 64, CGROUP_NAME, (int)getpid());
	if (cgroup_root_open(ret_root) < 0)
		return -1;
	fd = openat(*ret_root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

void world_enter(void)
{
	_cleanup_(closep) int root = -1, fd = -1;
	char name[64], procs[128];

	if (geteuid() != 0)
		give_up("not root");
	if (unshare(CLONE_NEWNET) < 0)
		give_up("no network namespace");
	loopback_up();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fd = cgroup_open(&root, name);
	if (root < 0)
		return;
	if (fd < 0 && mkdirat(root, name, 0755) < 0)
		give_up("cannot make a cgroup");
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", name);
	write_text(root, procs, "0");
}

void world_leave(void)
{
	_cleanup_(closep) int root = -1, fd = -1;
	char name[64];

	kept_free();
	fd = cgroup_open(&root, name);
	if (fd < 0)
		return;
	write_text(root, "cgroup.procs", "0");
	unlinkat(root, name, AT_REMOVEDIR);
}

/* --- files ----------------------------------------------------------------------------------- */

static void copy_actor(const char *to)
{
	_cleanup_(closep) int in = -1, out = -1;
	char self[256];
	struct stat st;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 8);

	assert_true(n > 0);
	self[n] = '\0';
	memcpy(strrchr(self, '/') + 1, "actor", sizeof("actor"));
	in = open(self, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(in >= 0 && out >= 0 && fstat(in, &st) == 0);
	assert_int_equal(sendfile(out, in, NULL, (size_t)st.st_size), st.st_size);
}

char *world_path(struct world *world, const char *file)
{
	char *path = world->paths[world->n_paths++], *slash;

	assert_true(world->n_paths < WORLD_PATHS);
	snprintf(path, sizeof(world->paths[0]), "%s/%s", world->dir, file);
	if (access(path, F_OK) == 0)
		return path;
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	copy_actor(path);
	return path;
}

static void exe_add(struct world *world, const char *file, unsigned class, bool root_allowed)
{
	assert_int_equal(tables_exe(world->kernel, world_path(world, file), class, root_allowed),
			 0);
}

/* --- kernel ---------------------------------------------------------------------------------- */

static int class_of(const char *name, void *userdata)
{
	(void)userdata;
	if (!strcmp(name, "Alpha"))
		return WORLD_ALPHA;
	return !strcmp(name, "Beta") ? WORLD_BETA : WORLD_BETA + 1;
}

void world_policy(struct world *world)
{
	assert_int_equal(tables_policy(world->kernel, world->policy, class_of, NULL), 0);
}

struct bind_rule *world_rule(struct policy *policy, const char *name, unsigned first, unsigned last,
			     enum policy_action action)
{
	struct bind_rule *rule = &policy->bind[policy->n_bind++];

	*rule = (struct bind_rule){ .subjects = ~0u,
				    .protos = ~0u,
				    .scopes = ~0u,
				    .ports = { { (uint16_t)first, (uint16_t)last } },
				    .n_ports = 1,
				    .severity = SEVERITY_HIGH,
				    .action = action };
	snprintf(rule->rule, sizeof(rule->rule), "%s", name);
	return rule;
}

static void cgroup_enter(struct kernel *kernel)
{
	_cleanup_(closep) int root = -1;
	char name[64];
	int fd = cgroup_open(&root, name);

	if (fd < 0)
		return;
	close(kernel->cgroup_fd);
	kernel->cgroup_fd = fd;
}

void world_open(struct world *world, const struct world_options *options)
{
	static const struct world_options plain;

	*world = (struct world){ .control = -1, .dir = "/tmp/evmon-world-XXXXXX" };
	options = options ? options : &plain;
	assert_non_null(mkdtemp(world->dir));
	assert_int_equal(chmod(world->dir, 0755), 0);
	world->events = calloc(WORLD_EVENTS, sizeof(*world->events));
	assert_non_null(world->events);
	assert_int_equal(policy_new_default(&world->policy), 0);
	world->policy->n_bind = 0;
	world->policy->window_ns = options->window_ns ? options->window_ns : HOUR_NS;
	if (options->policy)
		options->policy(world->policy);
	world->kernel = kept_kernel(&options->kernel, cgroup_enter);
	exe_add(world, "manager", EVMON_CLASS_MANAGER, true);
	exe_add(world, "broker", EVMON_CLASS_BROKER, false);
	exe_add(world, "modules/Alpha/Alpha", WORLD_ALPHA, false);
	exe_add(world, "modules/Beta/Beta", WORLD_BETA, false);
	world_policy(world);
}

static void remove_tree(const char *path)
{
	const char *const argv[] = { "rm", "-rf", path, NULL };
	pid_t pid = fork();

	if (pid == 0) {
		execvp("rm", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_true(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

void world_close(struct world *world)
{
	if (world->control >= 0) {
		kill(world->pid, SIGKILL);
		close(world->control);
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	policy_free(world->policy);
	free(world->events);
	remove_tree(world->dir);
}

void world_needs(struct world *world, enum coverage_role role)
{
	if (world->kernel->coverage.rows[role].state != COVERAGE_NONE)
		return;
	print_message("# no hook for %s on this kernel\n", coverage_role_name(role));
	world_close(world);
	skip();
}

/* --- actors ---------------------------------------------------------------------------------- */

/* As the manager does between fork and exec: uid, then the
 * capabilities, inheritable and ambient. */
static bool rights_give_up(uid_t uid, uint64_t ambient)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (ambient && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return false;
	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		uint32_t bits = (uint32_t)(ambient >> (32 * i));

		data[i] = (struct __user_cap_data_struct){ bits, bits, bits };
	}
	if (ambient && syscall(SYS_capset, &header, data) < 0)
		return false;
	for (unsigned long i = 0; i < 64; i++)
		if (ambient >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return false;
	return true;
}

static void become_actor(const struct world *world, int control, const char *path,
			 const char *const *argv)
{
	if (dup2(control, ACTOR_FD) < 0)
		_exit(96);
	if (world->uid && !rights_give_up(world->uid, world->ambient))
		_exit(95);
	if (world->instance && setenv("EV_MODULE", world->instance, 1) < 0)
		_exit(97);
	execv(path, (char *const *)(uintptr_t)argv);
	_exit(94);
}

void world_start(struct world *world, const char *file, const char *const *argv)
{
	const char *path = world_path(world, file);
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(world->control, -1);
	if (!world->evicted)
		tables_spawner(world->kernel, getpid(), EVMON_CLASS_MANAGER);
	world->pid = fork();
	if (world->pid == 0)
		become_actor(world, ends[1], path, argv);
	tables_spawner(world->kernel, 0, EVMON_CLASS_HOST);
	assert_true(world->pid > 0);
	close(ends[1]);
	world->control = ends[0];
	world->n_reports = 0;
}

const struct actor_report *world_hear(struct world *world)
{
	struct actor_report *r = &world->reports[world->n_reports];

	assert_true(world->n_reports < WORLD_REPORTS);
	if (read(world->control, r, sizeof(*r)) != sizeof(*r))
		return NULL;
	world->n_reports++;
	return r;
}

void world_go_on(struct world *world)
{
	assert_int_equal(write(world->control, "", 1), 1);
}

void world_wait(struct world *world)
{
	int status = -1, other;
	pid_t pid;

	while (world_hear(world))
		;
	while ((pid = waitpid(-1, &other, 0)) > 0 || errno == EINTR)
		if (pid == world->pid)
			status = other;
	close(TAKE_FD(world->control));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	world_drain(world);
}

/* --- what came of it ------------------------------------------------------------------------- */

static int on_record(const void *data, size_t size, void *userdata)
{
	struct world *world = userdata;
	struct event *event = &world->events[world->n_events];

	if (world->n_events == WORLD_EVENTS)
		return -ENOSPC;
	if (event_decode(data, size, event) < 0)
		return -EBADMSG;
	world->n_events++;
	return 0;
}

void world_drain(struct world *world)
{
	assert_int_equal(ring_consume(world->kernel, on_record, world), 0);
}

static bool event_is(const struct event *event, unsigned rule)
{
	return event->key.rule == rule;
}

const struct event *world_event(const struct world *world, unsigned rule, size_t n)
{
	for (size_t i = 0; i < world->n_events; i++)
		if (event_is(&world->events[i], rule) && n-- == 0)
			return &world->events[i];
	return NULL;
}

size_t world_events(const struct world *world, unsigned rule)
{
	size_t n = 0;

	for (size_t i = 0; i < world->n_events; i++)
		n += event_is(&world->events[i], rule);
	return n;
}

struct summing {
	unsigned rule;
	struct world_sum sum;
};

static int on_tally(const struct evmon_tally_key *key, const struct evmon_tally *tally,
		    void *userdata)
{
	struct summing *s = userdata;

	if (key->rule != s->rule)
		return 0;
	s->sum.count += tally->count;
	s->sum.keys++;
	s->sum.key = *key;
	s->sum.tally = *tally;
	return 0;
}

struct world_sum world_sum(const struct world *world, unsigned rule)
{
	struct summing s = { .rule = rule };

	assert_int_equal(tallies_each(world->kernel, on_tally, &s), 0);
	return s.sum;
}

struct ring_counts world_counts(const struct world *world)
{
	struct ring_counts counts = { 0 };

	assert_int_equal(ring_counts(world->kernel, &counts), 0);
	return counts;
}

bool world_task(const struct world *world, pid_t pid, struct evmon_task *ret_task)
{
	uint32_t tgid = (uint32_t)pid;

	return bpf_map_lookup_elem(bpf_map__fd(world->kernel->skeleton->maps.evmon_tasks), &tgid,
				   ret_task) == 0;
}
