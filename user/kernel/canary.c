// SPDX-License-Identifier: Apache-2.0
/*
 * The canary's class comes from the fork hook, by its parent: so the fork hook is proven with all
 * others, and nobody can pose as the canary. All rules apply to it; hooks only count, besides,
 * that it came by. Between fork and exec only calls that are safe there are made.
 *
 * Some hooks run only after the kernel's yes, so its binding must not depend on the network: the
 * loopback's addresses are bound as free ones, which works where no interface is up. What a unit's
 * filters or another policy of the machine keep it from doing proves nothing against a hook: the
 * canary leaves its errors in shared memory, and the row is unproven, with the reason.
 */
#include "kernel/canary.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/hooks.h"
#include "kernel/internal.h"
#include "kernel/tables.h"
#include "kernel/tallies.h"

enum deed {
	DEED_BIND4,
	DEED_BIND6,
	DEED_MPTCP,
	DEED_SCTP,
	DEED_SEND,
	DEED_CONNECT,
	DEED_LISTEN,
	DEED_PASS,
	DEED_CHECK,
	DEED_USE,
	DEED_CREDS,
	DEED_EXEC,
	DEED_MAX
};

/* What became of each deed: errno, 0: done. */
struct canary_word {
	int err[DEED_MAX];
};

static const char *const deed_names[DEED_MAX] = {
	[DEED_BIND4] = "bind",
	[DEED_BIND6] = "bind",
	[DEED_MPTCP] = "bind by MPTCP",
	[DEED_SCTP] = "bind by SCTP",
	[DEED_SEND] = "automatic binding",
	[DEED_CONNECT] = "connect",
	[DEED_LISTEN] = "listen",
	[DEED_PASS] = "passing of a descriptor",
	[DEED_CHECK] = "capability check",
	[DEED_USE] = "use of CAP_BPF",
	[DEED_CREDS] = "change of credentials",
	[DEED_EXEC] = "exec",
};

/* The deed that a hook waits for, by the sensor that it serves. */
static enum deed hook_deed(enum evmon_hook hook)
{
	if (hook == EVMON_HOOK_FEXIT_INET6_BIND || hook == EVMON_HOOK_CGROUP_POST_BIND6 ||
	    hook == EVMON_HOOK_CGROUP_BIND6)
		return DEED_BIND6;
	if (hook == EVMON_HOOK_FEXIT_MPTCP_BIND)
		return DEED_MPTCP;
	if (hook == EVMON_HOOK_FEXIT_SCTP_DO_BIND)
		return DEED_SCTP;
	if (hook == EVMON_HOOK_FEXIT_AUTOBIND)
		return DEED_SEND;
	if (hook == EVMON_HOOK_TP_SET_STATE)
		return DEED_LISTEN;
	if (hook == EVMON_HOOK_FEXIT_HASH_CONNECT)
		return DEED_CONNECT;
	if (hook == EVMON_HOOK_LSM_CAPABLE)
		return DEED_USE;
	if (hook == EVMON_HOOK_FENTRY_COMMIT_CREDS || hook == EVMON_HOOK_KPROBE_COMMIT_CREDS)
		return DEED_CREDS;
	if (hook == EVMON_HOOK_TP_CREDS)
		return DEED_CHECK;
	if (hook == EVMON_HOOK_FEXIT_FILE_RECEIVE)
		return DEED_PASS;
	switch ((unsigned)coverage_role_sensor(hook_get(hook)->role)) {
	case EVMON_SENSOR_EXEC:
		return DEED_EXEC;
	case EVMON_SENSOR_CAPABILITY:
		return DEED_CHECK;
	default:
		return DEED_BIND4;
	}
}

static int bind_free(int fd, int level, int option, const void *address, socklen_t size)
{
	int on = 1;

	/* Where this fails, the bind may still succeed. */
	(void)setsockopt(fd, level, option, &on, sizeof(on));
	return bind(fd, address, size) < 0 ? errno : 0;
}

static int bind_loopback(int family, int protocol)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);
	int err;

	if (fd < 0)
		return errno;
	if (family == AF_INET6)
		err = bind_free(fd, IPPROTO_IPV6, IPV6_FREEBIND, &six, sizeof(six));
	else
		err = bind_free(fd, IPPROTO_IP, IP_FREEBIND, &four, sizeof(four));
	close(fd);
	return err;
}

/* On a port that nobody asks for, and of the loopback's all the same. */
static int listen_loopback(void)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1, err = 0;

	if (fd < 0)
		return errno;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0)
		err = errno;
	else
		err = bind_free(fd, IPPROTO_IP, IP_FREEBIND, &four, sizeof(four));
	if (!err && listen(fd, 1) < 0)
		err = errno;
	close(fd);
	return err;
}

/* A descriptor to itself, by a socket. */
static int pass(int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	int ends[2], err = 0;

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
		return errno;
	if (sendmsg(ends[0], &message, MSG_NOSIGNAL) < 0 ||
	    recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC) < 0)
		err = errno;
	close(ends[0]);
	close(ends[1]);
	return err;
}

/* To port 1 of the loopback, where nobody answers: by then the socket has a port of its own. UDP
 * sends nothing. */
static int connect_loopback(int type)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons(1),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)&four, sizeof(four)) < 0)
		err = errno;
	close(fd);
	return err == ECONNREFUSED || err == EINPROGRESS ? 0 : err;
}

/* Maps of this type are for CAP_BPF, which evmon has: a check that is granted. */
static int use_right(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, NULL, sizeof(int), sizeof(int), 1, NULL);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void deeds(const struct kernel *kernel, struct canary_word *word)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	char *const argv[] = { (char[]){ "evmon" }, (char[]){ "--version" }, NULL };
	char *const environment[] = { NULL };
	int null = open("/dev/null", O_RDWR);

	word->err[DEED_BIND4] = bind_loopback(AF_INET, 0);
	word->err[DEED_BIND6] = bind_loopback(AF_INET6, 0);
	if (kernel->coverage.rows[COVERAGE_BIND_MPTCP].n_hooks)
		word->err[DEED_MPTCP] = bind_loopback(AF_INET, IPPROTO_MPTCP);
	if (kernel->coverage.rows[COVERAGE_BIND_SCTP].n_hooks)
		word->err[DEED_SCTP] = bind_loopback(AF_INET, IPPROTO_SCTP);
	if (kernel->links[EVMON_HOOK_TP_SET_STATE])
		word->err[DEED_LISTEN] = listen_loopback();
	else if (kernel->coverage.rows[COVERAGE_BIND_AUTO].n_hooks) {
		word->err[DEED_SEND] = connect_loopback(SOCK_DGRAM);
		word->err[DEED_CONNECT] = connect_loopback(SOCK_STREAM);
	}
	if (kernel->coverage.rows[COVERAGE_HELD].n_hooks)
		word->err[DEED_PASS] = pass(null);
	if (kernel->coverage.rows[COVERAGE_CAPABILITY_DENY].n_hooks)
		word->err[DEED_USE] = use_right();
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	/* The executable first: it may be readable by root alone. */
	null = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	syscall(SYS_capset, &header, none);
	/* Credentials of its own, with nothing in them that was not there. */
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		word->err[DEED_CREDS] = errno;
	/* Without the right, the kernel's no is the same word as a filter's. */
	if (chroot("/") < 0 && errno != EPERM)
		word->err[DEED_CHECK] = errno;
	syscall(SYS_execveat, null, "", argv, environment, AT_EMPTY_PATH);
	word->err[DEED_EXEC] = errno;
	_exit(0);
}

int canary_start(struct kernel *kernel, pid_t *ret_pid)
{
	struct canary_word *word = mmap(NULL, sizeof(*word), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int err;

	if (word == MAP_FAILED)
		return -errno;
	for (unsigned i = 0; i < EVMON_HOOK_MAX; i++)
		kernel->canary_before[i] = tallies_canary(kernel, i);
	memset(kernel->is_new, 0, sizeof(kernel->is_new));
	tables_spawner(kernel, getpid(), EVMON_CLASS_CANARY);
	pid = fork();
	if (pid == 0)
		deeds(kernel, word);
	err = pid < 0 ? -errno : 0;
	tables_spawner(kernel, 0, EVMON_CLASS_CANARY);
	if (err < 0) {
		munmap(word, sizeof(*word));
		return err;
	}
	kernel->canary_word = word;
	*ret_pid = pid;
	return 0;
}

static bool ipv6_here(void)
{
	return access("/proc/net/if_inet6", F_OK) == 0;
}

static bool seen(const struct kernel *kernel, enum evmon_hook hook)
{
	/* Without IPv6 the canary cannot come by its hooks. */
	if ((hook_deed(hook) == DEED_BIND6 && !ipv6_here()) || hook_get(hook)->unprovoked)
		return true;
	return tallies_canary(kernel, hook) > kernel->canary_before[hook];
}

static void row_judge(struct coverage_row *row, enum evmon_hook hook,
		      const struct canary_word *word)
{
	enum deed deed = hook_deed(hook);

	row->state = word->err[deed] ? COVERAGE_UNPROVEN : COVERAGE_BROKEN;
	if (word->err[deed])
		snprintf(row->reason, sizeof(row->reason), "the canary's %s was refused: %s",
			 deed_names[deed], strerror(word->err[deed]));
}

/* The worst that is to be said of its hooks. */
static void role_judge(struct kernel *kernel, enum coverage_role role,
		       const struct canary_word *word)
{
	struct coverage_row *row = &kernel->coverage.rows[role];

	if (row->state == COVERAGE_NONE || row->state == COVERAGE_READY)
		return;
	row->state = COVERAGE_PROVEN;
	row->reason[0] = '\0';
	for (size_t i = 0; i < row->n_hooks && row->state != COVERAGE_BROKEN; i++) {
		enum evmon_hook hook = row->hooks[i];

		if (!kernel->links[hook])
			row->state = COVERAGE_BROKEN;
		else if (!seen(kernel, hook))
			row_judge(row, hook, word);
	}
}

/* Its class came from the fork hook, and the exit hook has forgotten it. */
static void tree_judge(struct kernel *kernel, pid_t pid, const struct canary_word *word)
{
	struct coverage_row *tree = &kernel->coverage.rows[COVERAGE_TREE];
	const struct coverage_row *exec = &kernel->coverage.rows[COVERAGE_EXEC];
	int tasks = bpf_map__fd(kernel->skeleton->maps.evmon_tasks);
	uint32_t tgid = (uint32_t)pid;
	struct evmon_task left;

	if (!tree->n_hooks)
		return;
	tree->reason[0] = '\0';
	if (bpf_map_lookup_elem(tasks, &tgid, &left) == 0)
		tree->state = COVERAGE_BROKEN;
	else if (!exec->n_hooks)
		tree->state = COVERAGE_UNPROVEN;
	else if (seen(kernel, exec->hooks[0]))
		tree->state = COVERAGE_PROVEN;
	else
		row_judge(tree, exec->hooks[0], word);
}

/* One that was killed has left out what it had not come to. */
static void word_complete(struct canary_word *word, int status)
{
	for (int i = 0; WIFSIGNALED(status) && i < DEED_MAX; i++)
		if (!word->err[i])
			word->err[i] = ECANCELED;
}

int canary_finish(struct kernel *kernel, pid_t pid)
{
	struct canary_word *word = TAKE_PTR(kernel->canary_word);
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			int err = -errno;

			munmap(word, sizeof(*word));
			return err;
		}
	word_complete(word, status);
	for (unsigned role = COVERAGE_BIND; role < COVERAGE_USB; role++)
		/* Else it came by before, or cannot: nobody plugs in a device for it. */
		if (!kernel->is_new[role] && role != COVERAGE_USB_TALLY)
			role_judge(kernel, (enum coverage_role)role, word);
	tree_judge(kernel, pid, word);
	munmap(word, sizeof(*word));
	return 0;
}
