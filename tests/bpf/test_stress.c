// SPDX-License-Identifier: Apache-2.0
/*
 * Many at once on each processor: no record is a mixture of two deeds, no count is lost. Each actor
 * has a processor, a file, a name, arguments, a user, a port and a capability of its own, so that
 * any two fields of a record say whose it is. Actors are this program: it does rounds of deeds when
 * its argv says so. After some of them it waits until its records are read, so that the ring never
 * runs over, however slow the reader is, while the others go on. What a preemptible kernel keeps
 * from a program (missed.h) is in no sum, and not more is missing than it says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "kernel/missed.h"
#include "kernel/ring.h"

#include "world.h"

#define OFTEN	 50 /* binds and denials of a round, where each is not recorded */
#define TEXT_(x) #x
#define TEXT(x)	 TEXT_(x)

enum {
	ACTORS = 4, /* two for each of two processors */
	BATCHES = 12,
	ROUNDS = 5, /* of a batch: this many records are unread at most, with those of the others */
	PORT = 40100,
	UID = 1600,
};

/* --- the actor ------------------------------------------------------------------------------- */

static int ask_time(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) < 0 ? -1 : clock_settime(CLOCK_REALTIME, &now);
}

static int ask_chroot(void)
{
	return chroot("/");
}

static int ask_accounting(void)
{
	return (int)syscall(SYS_acct, NULL);
}

static int ask_reboot(void)
{
	return (int)syscall(SYS_reboot, 0, 0, 0, 0); /* of no magic: EINVAL for who may */
}

static const struct {
	unsigned capability;
	int (*ask)(void);
} asks[ACTORS] = {
	{ CAP_SYS_TIME, ask_time },
	{ CAP_SYS_CHROOT, ask_chroot },
	{ CAP_SYS_PACCT, ask_accounting },
	{ CAP_SYS_BOOT, ask_reboot },
};

static bool bind_udp(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good = fd >= 0 && bind(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

static bool execute(const char *file, const char *name)
{
	const char *const argv[] = { name, NULL };
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(file, (char *const *)(uintptr_t)argv);
		_exit(97);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* argv: NAME, "rounds", which actor, the child's file and name, how many binds and denials a round. */
static int rounds(char **argv)
{
	unsigned who = (unsigned)strtoul(argv[2], NULL, 10);
	unsigned long often = strtoul(argv[5], NULL, 10);
	char byte = 0;

	for (int i = 0; i < BATCHES * ROUNDS; i++) {
		if (i % ROUNDS == 0 &&
		    (write(ACTOR_FD, &byte, 1) != 1 || read(ACTOR_FD, &byte, 1) != 1))
			return 90;
		for (unsigned long n = 0; n < often; n++) {
			if (!bind_udp(PORT + who))
				return 91;
			if (asks[who].ask() == 0 || errno != EPERM)
				return 92;
		}
		if (!execute(argv[3], argv[4]))
			return 93;
	}
	return 0;
}

/* --- the test -------------------------------------------------------------------------------- */

struct actor {
	pid_t pid;
	int fd;
	char name[16], child[16], number[4];
	const char *path, *child_path;
	uint64_t child_ino;
	size_t binds, denials, execs, told; /* told: alerts of bind and capability rules */
};

struct stress {
	struct world world;
	struct actor actors[ACTORS];
	size_t execs, deeds; /* of each actor; binds, and denials */
	size_t wrong;
	uint64_t missed;
};

static void deeds_of_all(struct policy *policy)
{
	world_rule(policy, "bind.unexpected", PORT, PORT + ACTORS - 1, ACTION_ALERT)->subjects =
		1u << EVMON_SUBJECT_EVEREST;
}

static void copy_self(const char *to)
{
	_cleanup_(closep) int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	_cleanup_(closep) int out = open(to, O_WRONLY | O_TRUNC | O_CLOEXEC);
	struct stat st;

	assert_true(in >= 0 && out >= 0 && fstat(in, &st) == 0);
	assert_int_equal(sendfile(out, in, NULL, (size_t)st.st_size), st.st_size);
}

static void pin(unsigned number)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number % (unsigned)processors, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void actor_start(struct stress *s, unsigned number, const cpu_set_t *all)
{
	struct actor *a = &s->actors[number];
	struct stat st;

	snprintf(a->name, sizeof(a->name), "stress-%u", number);
	snprintf(a->child, sizeof(a->child), "child-%u", number);
	snprintf(a->number, sizeof(a->number), "%u", number);
	a->path = world_path(&s->world, a->name);
	a->child_path = world_path(&s->world, a->child);
	copy_self(a->path);
	assert_int_equal(stat(a->child_path, &st), 0);
	a->child_ino = st.st_ino;
	s->world.uid = (uid_t)(UID + number);
	pin(number);
	world_start(&s->world, a->name,
		    (const char *const[]){ a->name, "rounds", a->number, a->child_path, a->child,
					   s->deeds > s->execs ? TEXT(OFTEN) : "1", NULL });
	assert_int_equal(sched_setaffinity(0, sizeof(*all), all), 0);
	a->pid = s->world.pid;
	a->fd = TAKE_FD(s->world.control);
}

static struct actor *actor_of(struct stress *s, const struct event *event)
{
	for (size_t i = 0; i < ACTORS; i++)
		if (event->process.pid == (uint32_t)s->actors[i].pid ||
		    event->process.ppid == (uint32_t)s->actors[i].pid)
			return &s->actors[i];
	return NULL;
}

/* The members that each kind of record has. Where the kernel is locked down there are no texts. */
static bool process_is(const struct actor *a, const struct event *event, bool child,
		       unsigned number)
{
	const struct event_process *p = &event->process;
	const char *path = child ? a->child_path : a->path, *name = child ? a->child : a->name;

	return p->tid == p->pid && (p->pid == (uint32_t)a->pid) != child &&
	       p->uid == UID + number && p->euid == UID + number && p->gid == UID + number &&
	       !strcmp(p->comm, name) && (!p->exe[0] || !strcmp(p->exe, path)) &&
	       (!p->args_length || !strcmp(p->args, name)) && p->subject == EVMON_SUBJECT_EVEREST;
}

static bool deed_is(struct actor *a, const struct event *event, unsigned number)
{
	if (event->sensor == EVMON_SENSOR_BIND) {
		a->binds++;
		a->told += event->key.rule == EVMON_RULE_BIND_UNEXPECTED;
		return process_is(a, event, false, number) && event->bind.port == PORT + number &&
		       event->bind.asked_port == event->bind.port &&
		       event->bind.proto == EVMON_PROTO_UDP;
	}
	if (event->sensor == EVMON_SENSOR_CAPABILITY) {
		a->denials++;
		a->told += event->key.rule == EVMON_RULE_CAPABILITY_DENIED;
		return process_is(a, event, false, number) &&
		       event->capability.number == asks[number].capability &&
		       event->capability.kind == EVMON_CAPABILITY_DENIED;
	}
	if (event->sensor != EVMON_SENSOR_EXEC)
		return false;
	if (event->process.pid == (uint32_t)a->pid)
		return process_is(a, event, false, number);
	a->execs++;
	return process_is(a, event, true, number) && event->exec.ino == a->child_ino &&
	       event->exec.uid == UID + number &&
	       (!event->exec.file[0] || !strcmp(event->exec.file, a->child_path));
}

static int on_record(const void *data, size_t size, void *userdata)
{
	struct stress *s = userdata;
	struct event event;
	struct actor *a;

	if (event_decode(data, size, &event) < 0)
		return -EBADMSG;
	a = actor_of(s, &event);
	if (a && deed_is(a, &event, (unsigned)(a - s->actors)))
		return 0;
	s->wrong++;
	print_message(
		"# a mixture: sensor %d, pid %u, parent %u, uid %u, comm %s, exe %s, args %s\n",
		event.sensor, event.process.pid, event.process.ppid, event.process.uid,
		event.process.comm, event.process.exe, event.process.args);
	return 0;
}

/* Lets each go on that waits, once what it did is read; until all have ended. */
static void lead(struct stress *s)
{
	struct pollfd polled[ACTORS];
	size_t ended = 0;
	char byte;

	for (size_t i = 0; i < ACTORS; i++)
		polled[i] = (struct pollfd){ .fd = s->actors[i].fd, .events = POLLIN };
	while (ended < ACTORS) {
		assert_true(poll(polled, ACTORS, -1) > 0);
		for (size_t i = 0; i < ACTORS; i++) {
			if (!polled[i].revents)
				continue;
			assert_int_equal(ring_consume(s->world.kernel, on_record, s), 0);
			if (read(polled[i].fd, &byte, 1) == 1) {
				assert_int_equal(write(polled[i].fd, &byte, 1), 1);
				continue;
			}
			close(polled[i].fd);
			polled[i].fd = -1;
			ended++;
		}
	}
}

static void stress_run(struct stress *s, bool tracing)
{
	const struct world_options options = { .policy = deeds_of_all, .kernel.tracing = tracing };
	int status = -1;
	uint64_t before;
	cpu_set_t all;

	memset(s, 0, sizeof(*s));
	s->execs = BATCHES * ROUNDS;
	s->deeds = tracing ? s->execs : s->execs * OFTEN;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	world_open(&s->world, &options);
	world_needs(&s->world, COVERAGE_BIND);
	world_needs(&s->world, COVERAGE_CAPABILITY);
	world_needs(&s->world, COVERAGE_EXEC);
	before = missed_runs(s->world.kernel);
	for (unsigned i = 0; i < ACTORS; i++)
		actor_start(s, i, &all);
	lead(s);
	for (size_t i = 0; i < ACTORS; i++) {
		assert_int_equal(waitpid(s->actors[i].pid, &status, 0), s->actors[i].pid);
		assert_int_equal(status, 0);
	}
	assert_int_equal(ring_consume(s->world.kernel, on_record, s), 0);
	assert_int_equal(s->wrong, 0);
	assert_int_equal(world_counts(&s->world).alerts_lost, 0);
	assert_int_equal(world_counts(&s->world).bulk_lost, 0);
	s->missed = missed_runs(s->world.kernel) - before;
	print_message("# figure: stress, runs passed over by the kernel: %llu\n",
		      (unsigned long long)s->missed);
}

static int on_tally(const struct evmon_tally_key *key, const struct evmon_tally *tally,
		    void *userdata)
{
	const struct stress *s = userdata;
	unsigned number = ACTORS;

	if (key->rule == EVMON_RULE_BIND_UNEXPECTED)
		number = key->object.bind.port - PORT;
	else if (key->rule == EVMON_RULE_CAPABILITY_DENIED)
		while (number-- && asks[number].capability != key->object.capability.number)
			;
	if (number >= ACTORS)
		return -EBADMSG;
	assert_in_range(tally->count + s->missed, s->deeds, s->deeds + s->missed);
	assert_int_equal(tally->actor.tgid, s->actors[number].pid);
	assert_int_equal(tally->actor.uid, UID + number);
	assert_string_equal(tally->actor.comm, s->actors[number].name);
	return 0;
}

/* The number of deeds of a kind that all together were seen doing: none twice. */
static size_t deeds_seen(const struct stress *s, unsigned rule)
{
	struct world_sum sum = world_sum(&s->world, rule);

	assert_int_equal(sum.keys, ACTORS);
	assert_in_range(sum.count, 0, ACTORS * s->deeds);
	return sum.count;
}

static void each_record_is_of_one_deed(void **state)
{
	size_t binds = 0, denials = 0, execs = 0;
	struct stress s;

	(void)state;
	stress_run(&s, true);
	for (size_t i = 0; i < ACTORS; i++) {
		binds += s.actors[i].binds;
		denials += s.actors[i].denials;
		execs += s.actors[i].execs;
		assert_in_range(s.actors[i].execs, 0, s.execs);
	}
	assert_int_equal(tallies_each(s.world.kernel, on_tally, &s), 0);
	assert_int_equal(deeds_seen(&s, EVMON_RULE_BIND_UNEXPECTED), binds);
	assert_int_equal(deeds_seen(&s, EVMON_RULE_CAPABILITY_DENIED), denials);
	assert_in_range(binds + denials + execs + s.missed, 3 * ACTORS * s.deeds,
			3 * ACTORS * s.deeds + s.missed);
	world_close(&s.world);
}

static void counts_are_exact_and_their_records_few(void **state)
{
	struct stress s;
	size_t seen;

	(void)state;
	stress_run(&s, false);
	for (size_t i = 0; i < ACTORS; i++)
		assert_int_equal(s.actors[i].told, 2); /* one of each rule */
	assert_int_equal(tallies_each(s.world.kernel, on_tally, &s), 0);
	seen = deeds_seen(&s, EVMON_RULE_BIND_UNEXPECTED) +
	       deeds_seen(&s, EVMON_RULE_CAPABILITY_DENIED);
	print_message("# figure: stress, deeds unseen of %zu: %zu\n", 2 * ACTORS * s.deeds,
		      2 * ACTORS * s.deeds - seen);
	assert_in_range(seen + s.missed, 2 * ACTORS * s.deeds, 2 * ACTORS * s.deeds + s.missed);
	world_close(&s.world);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record_is_of_one_deed),
		cmocka_unit_test(counts_are_exact_and_their_records_few),
	};
	int failed;

	if (argc == 6 && !strcmp(argv[1], "rounds"))
		return rounds(argv);
	world_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_leave();
	return failed;
}
