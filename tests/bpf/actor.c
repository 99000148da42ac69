// SPDX-License-Identifier: Apache-2.0
/*
 * Does what its arguments say, word by word, and reports each deed on descriptor 3. Copies of it
 * are the manager, the modules and everybody else of a test's tree: evmon tells them by file and
 * argv[0], so what they do must not depend on what they are called.
 *
 * A word that makes a process or a thread goes on there with the words that follow; who was there
 * before waits for it. What a deed's result should have been is the test's to say: only what must
 * not fail ends the actor.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "ask.h"
#include "execs.h"
#include "leader.h"
#include "way.h"

struct script {
	char **at; /* the words that are left */
	int held;  /* write end of a pipe that tells others how long this one lives; -1: none */
};

static int run(struct script *script);

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "# actor: %s: %s\n", what, strerror(errno));
	_exit(99);
}

static const char *word(struct script *script)
{
	need(*script->at != NULL, "a word is missing");
	return *script->at++;
}

static long number(struct script *script)
{
	return strtol(word(script), NULL, 0);
}

static void report(int result, uint16_t port)
{
	struct stat netns, mntns;
	struct actor_report r = { .result = result,
				  .tgid = (uint32_t)getpid(),
				  .tid = (uint32_t)gettid(),
				  .ppid = (uint32_t)getppid(),
				  .port = port };

	need(stat("/proc/thread-self/ns/net", &netns) == 0 &&
		     stat("/proc/thread-self/ns/mnt", &mntns) == 0,
	     "namespaces");
	r.netns = (uint32_t)netns.st_ino;
	r.mntns = (uint32_t)mntns.st_ino;
	need(write(ACTOR_FD, &r, sizeof(r)) == sizeof(r), "report");
}

static int socket_of(const char *proto, int family)
{
	static const struct {
		const char *name;
		int type, protocol;
	} protos[] = {
		{ "tcp", SOCK_STREAM, 0 },
		{ "udp", SOCK_DGRAM, 0 },
		{ "udplite", SOCK_DGRAM, IPPROTO_UDPLITE },
		{ "sctp", SOCK_STREAM, IPPROTO_SCTP },
		{ "mptcp", SOCK_STREAM, IPPROTO_MPTCP },
	};

	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++)
		if (!strcmp(proto, protos[i].name))
			return socket(family, protos[i].type | SOCK_CLOEXEC, protos[i].protocol);
	errno = EINVAL;
	return -1;
}

struct binding {
	const char *proto, *address;
	unsigned port;
	bool reuse; /* so that a crowd may share a UDP port */
	int fd;
	uint16_t got;
};

static int family_of(const struct binding *b)
{
	return strchr(b->address, ':') ? AF_INET6 : AF_INET;
}

static int bind_four(const struct binding *b)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)b->port) };

	if (!strcmp(b->address, "unspec"))
		four.sin_family = AF_UNSPEC;
	else
		need(inet_pton(AF_INET, b->address, &four.sin_addr) == 1, b->address);
	return bind(b->fd, (const struct sockaddr *)&four, sizeof(four)) < 0 ? errno : 0;
}

static int bind_six(const struct binding *b)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)b->port) };
	int only = b->address[0] == '!';

	need(setsockopt(b->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0, b->address);
	need(inet_pton(AF_INET6, b->address + only, &six.sin6_addr) == 1, b->address);
	return bind(b->fd, (const struct sockaddr *)&six, sizeof(six)) < 0 ? errno : 0;
}

/* errno, or 0 and the port that resulted. The socket is open either way, if there is one. */
static int binding_make(struct binding *b)
{
	struct sockaddr_in6 six; /* its port is where IPv4's is */
	socklen_t size = sizeof(six);
	int err, on = 1;

	b->fd = socket_of(b->proto, family_of(b));
	if (b->fd < 0)
		return errno;
	if (b->reuse)
		need(setsockopt(b->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "reuse");
	err = family_of(b) == AF_INET ? bind_four(b) : bind_six(b);
	if (err)
		return err;
	need(getsockname(b->fd, (struct sockaddr *)&six, &size) == 0, "getsockname");
	b->got = ntohs(six.sin6_port);
	return 0;
}

static bool bind_once(struct binding *b)
{
	bool good = binding_make(b) == 0;

	if (b->fd >= 0)
		close(b->fd);
	return good;
}

static struct binding binding_of(struct script *s)
{
	struct binding b = { .fd = -1 };

	b.proto = word(s);
	b.address = word(s);
	b.port = (unsigned)number(s);
	return b;
}

/* bind PROTO ADDRESS PORT: "!::1" for an IPv6 address binds IPv6 alone, "unspec" any IPv4 address
 * by the family AF_UNSPEC. The socket stays open. */
static int do_bind(struct script *s)
{
	struct binding b = binding_of(s);
	int err = binding_make(&b);

	report(err, b.got);
	return 0;
}

/* way HOW OPTIONS PROTO ADDRESS PORT: see way.h. */
static int do_way(struct script *s)
{
	for (int i = 0; i < WAY_WORDS; i++)
		word(s);
	need(way_go(s->at - WAY_WORDS) == 0, "way");
	return 0;
}

/* binds PROTO ADDRESS FIRST N: each of N ports once; rebind: the same port N times. */
static int bind_many(struct script *s, unsigned step)
{
	struct binding b = binding_of(s);
	long n = number(s);
	int good = 0;

	b.reuse = true;
	for (long i = 0; i < n; i++, b.port += step)
		good += bind_once(&b);
	report(good, b.got);
	return 0;
}

/* crowd N: N children go on, all at once. */
static int do_crowd(struct script *s)
{
	long n = number(s);
	pid_t pid = 1;
	int status = 0;

	for (long i = 0; i < n && pid; i++) {
		pid = fork();
		need(pid >= 0, "fork");
	}
	if (!pid)
		return 0;
	while (waitpid(-1, &status, 0) > 0)
		need(WIFEXITED(status) && !WEXITSTATUS(status), "one of the crowd");
	return -1;
}

static int do_binds(struct script *s)
{
	return bind_many(s, 1);
}

static int do_rebind(struct script *s)
{
	return bind_many(s, 0);
}

/* until FILE PROTO ADDRESS PORT: binds until the file is there. */
static int do_until(struct script *s)
{
	const char *file = word(s);
	struct binding b = binding_of(s);
	int n = 0;

	b.reuse = true;
	do {
		n += bind_once(&b);
	} while (access(file, F_OK) < 0);
	report(n, b.got);
	return 0;
}

static int do_chroot(struct script *s)
{
	(void)s;
	report(chroot("/") < 0 ? errno : 0, 0);
	return 0;
}

/* ask WHAT ARGUMENT: see ask.h. */
static int do_ask(struct script *s)
{
	const char *what = word(s);
	int err = ask(what, word(s));

	need(err >= 0, what);
	report(err, 0);
	return 0;
}

static int do_run(struct script *s)
{
	report(execs_run((s->at += EXECS_WORDS) - EXECS_WORDS), 0);
	return 0;
}

static int do_exec(struct script *s)
{
	const char *file = word(s);

	execv(file, s->at);
	need(false, file);
	return -1;
}

/* The words that follow are the child's; its status is this one's. */
static void wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		need(errno == EINTR, "waitpid");
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
}

static int do_fork(struct script *s)
{
	pid_t pid = fork();

	(void)s;
	need(pid >= 0, "fork");
	if (pid)
		wait_for(pid);
	return 0;
}

/* vfork FILE ARGV0 WORDS... */
static int do_vfork(struct script *s)
{
	const char *file = word(s);
	char **argv = s->at;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(file, argv);
		_exit(97);
	}
	need(pid > 0, "vfork");
	wait_for(pid);
	return -1;
}

/* Ends when all who go on have: they hold the pipe. */
static void wait_for_end(int fd)
{
	char byte;

	need(read(fd, &byte, 1) == 0, "pipe");
	_exit(0);
}

/* A child whose parent is this one's parent. */
static int do_sibling(struct script *s)
{
	int ends[2];
	long pid;

	need(pipe(ends) == 0, "pipe");
	pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
	need(pid >= 0, "clone");
	if (pid) {
		close(ends[1]);
		wait_for_end(ends[0]);
	}
	s->held = ends[1];
	return 0;
}

/* A grandchild whose parent is gone. */
static int do_orphan(struct script *s)
{
	int ends[2];
	pid_t pid, parent;

	need(pipe(ends) == 0, "pipe");
	pid = fork();
	need(pid >= 0, "fork");
	if (pid) {
		close(ends[1]);
		need(waitpid(pid, NULL, 0) == pid, "waitpid");
		wait_for_end(ends[0]);
	}
	parent = getpid();
	pid = fork();
	need(pid >= 0, "fork");
	if (pid)
		_exit(0);
	while (getppid() == parent)
		sched_yield();
	s->held = ends[1];
	return 0;
}

static void *run_thread(void *userdata)
{
	_exit(run(userdata));
}

static int do_thread(struct script *s)
{
	pthread_t thread;

	need(pthread_create(&thread, NULL, run_thread, s) == 0, "pthread_create");
	pthread_join(thread, NULL);
	return -1;
}

static void *run_without_leader(void *userdata)
{
	while (leader_state() != 'Z')
		sched_yield();
	_exit(run(userdata));
}

/* The thread group's leader ends, another thread goes on. */
static int do_headless(struct script *s)
{
	static pthread_t thread;

	need(pthread_create(&thread, NULL, run_without_leader, s) == 0, "pthread_create");
	pthread_exit(NULL);
}

/* Reports, and goes on when it is told to. */
static int do_wait(struct script *s)
{
	char byte;

	(void)s;
	report(0, 0);
	need(read(ACTOR_FD, &byte, 1) == 1, "go-ahead");
	return 0;
}

/* uid N: all four to N. */
static int do_uid(struct script *s)
{
	uid_t uid = (uid_t)number(s);

	need(setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0, "setresuid");
	return 0;
}

static int do_userns(struct script *s)
{
	(void)s;
	report(unshare(CLONE_NEWUSER) < 0 ? errno : 0, 0);
	return 0;
}

/* storm WIDTH DEPTH: WIDTH children with a child each, which report; when the gate opens these go
 * on through DEPTH generations, each parent ending as soon as it has a child, and the last ones
 * report and stay. Whoever is nobody's child any more ends by himself in a minute. */
static int do_storm(struct script *s)
{
	long width = number(s), depth = number(s);
	pid_t pid = 1;
	char byte;

	signal(SIGCHLD, SIG_IGN);
	for (long i = 0; i < width && pid; i++)
		pid = fork();
	need(pid >= 0, "fork");
	if (pid) {
		pause();
		return -1;
	}
	alarm(60);
	pid = fork();
	if (!pid)
		report(0, 0);
	need(read(ACTOR_FD, &byte, 1) == 0, "gate");
	for (long i = 0; i < depth && !pid; i++)
		pid = fork();
	if (pid)
		_exit(0);
	alarm(60);
	report(0, 0);
	pause();
	return -1;
}

static const struct {
	const char *name;
	int (*run)(struct script *script); /* not 0: the script ends here, with success */
} words[] = {
	{ "bind", do_bind },	 { "binds", do_binds },	  { "rebind", do_rebind },
	{ "until", do_until },	 { "chroot", do_chroot }, { "exec", do_exec },
	{ "fork", do_fork },	 { "vfork", do_vfork },	  { "sibling", do_sibling },
	{ "orphan", do_orphan }, { "thread", do_thread }, { "headless", do_headless },
	{ "wait", do_wait },	 { "uid", do_uid },	  { "userns", do_userns },
	{ "storm", do_storm },	 { "crowd", do_crowd },	  { "ask", do_ask },
	{ "way", do_way },	 { "run", do_run },
};

static int run(struct script *script)
{
	while (*script->at) {
		const char *name = *script->at++;
		size_t i = 0;

		while (i < sizeof(words) / sizeof(*words) && strcmp(words[i].name, name) != 0)
			i++;
		need(i < sizeof(words) / sizeof(*words), name);
		if (words[i].run(script))
			return 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	/* Threads of it may outlive this frame: see headless. */
	static struct script script = { .held = -1 };

	script.at = argv + (argc > 0);
	while (*script.at && strchr("-/", (*script.at)[0])) /* as an interpreter: options, a path */
		script.at++;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return run(&script);
}
