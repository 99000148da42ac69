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

/* The socket stays open: its binding lasts as long as the actor. Returns errno, or 0. */
static int bind_socket(const char *proto, const char *text, unsigned port, int *ret_fd,
		       uint16_t *ret_port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int family = strchr(text, ':') ? AF_INET6 : AF_INET, only = text[0] == '!';
	const struct sockaddr *address = (const struct sockaddr *)&four;
	socklen_t size = sizeof(four);
	int fd = socket_of(proto, family);

	if (fd < 0)
		return errno;
	*ret_fd = fd;
	if (!strcmp(text, "unspec")) {
		four.sin_family = AF_UNSPEC;
	} else if (family == AF_INET) {
		need(inet_pton(AF_INET, text, &four.sin_addr) == 1, text);
	} else {
		need(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0, text);
		need(inet_pton(AF_INET6, text + only, &six.sin6_addr) == 1, text);
		address = (const struct sockaddr *)&six;
		size = sizeof(six);
	}
	if (bind(fd, address, size) < 0)
		return errno;
	size = sizeof(six);
	need(getsockname(fd, (struct sockaddr *)&six, &size) == 0, "getsockname");
	*ret_port = ntohs(six.sin6_port); /* at the same place in both families */
	return 0;
}

/* bind PROTO ADDRESS PORT: "!::1" for an IPv6 address binds IPv6 alone, "unspec" any IPv4 address
 * by the family AF_UNSPEC. */
static int do_bind(struct script *s)
{
	const char *proto = word(s), *address = word(s);
	uint16_t port = 0;
	int fd = -1, err = bind_socket(proto, address, (unsigned)number(s), &fd, &port);

	report(err, port);
	return 0;
}

/* binds PROTO ADDRESS FIRST N: each of N ports once; rebind: the same port N times. */
static int bind_many(struct script *s, unsigned step)
{
	const char *proto = word(s), *address = word(s);
	unsigned first = (unsigned)number(s), good = 0;
	long n = number(s);

	for (long i = 0; i < n; i++) {
		uint16_t port = 0;
		int fd = -1;

		good += bind_socket(proto, address, first + step * (unsigned)i, &fd, &port) == 0;
		if (fd >= 0)
			close(fd);
	}
	report((int)good, (uint16_t)first);
	return 0;
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
	const char *file = word(s), *proto = word(s), *address = word(s);
	unsigned wanted = (unsigned)number(s);
	int n = 0;

	do {
		uint16_t port = 0;
		int fd = -1;

		n += bind_socket(proto, address, wanted, &fd, &port) == 0;
		if (fd >= 0)
			close(fd);
	} while (access(file, F_OK) < 0);
	report(n, (uint16_t)wanted);
	return 0;
}

static int do_chroot(struct script *s)
{
	(void)s;
	report(chroot("/") < 0 ? errno : 0, 0);
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

static char leader_state(void)
{
	char path[64], line[256] = "";
	const char *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	file = fopen(path, "re");
	need(file && fgets(line, sizeof(line), file), path);
	fclose(file);
	end = strrchr(line, ')');
	need(end != NULL, line);
	return end[2];
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

static void wait_for_gate(void)
{
	char byte;

	need(read(ACTOR_FD, &byte, 1) == 0, "gate");
}

/* storm WIDTH DEPTH: WIDTH children with a child each, which report; when the gate opens these go
 * on through DEPTH generations, each parent ending as soon as it has a child, and the last ones
 * report and stay. Whoever is nobody's child any more ends by himself in a minute. */
static int do_storm(struct script *s)
{
	long width = number(s), depth = number(s);
	pid_t pid = 1;

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
	wait_for_gate();
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
	{ "storm", do_storm },
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
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return run(&script);
}
