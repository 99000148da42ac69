// SPDX-License-Identifier: Apache-2.0
/*
 * The canary's class comes from the fork hook, by its parent: so the fork hook is proven with all
 * others, and nobody can pose as the canary. All rules apply to it; hooks only count, besides,
 * that it came by. Between fork and exec only calls that are safe there are made.
 */
#include "kernel/canary.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/internal.h"
#include "kernel/tables.h"
#include "kernel/tallies.h"

static void bind_loopback(int family)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr *address = (const struct sockaddr *)&four;
	socklen_t size = sizeof(four);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (family == AF_INET6) {
		address = (const struct sockaddr *)&six;
		size = sizeof(six);
	}
	/* A refusal is as good: the hooks have seen it. */
	(void)bind(fd, address, size);
	close(fd);
}

static void deeds(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	char *const argv[] = { (char[]){ "evmon" }, (char[]){ "--version" }, NULL };
	char *const environment[] = { NULL };
	int null = open("/dev/null", O_RDWR);

	bind_loopback(AF_INET);
	bind_loopback(AF_INET6);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	/* The executable first: it may be readable by root alone. */
	null = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	syscall(SYS_capset, &header, none);
	if (chroot("/") < 0)
		syscall(SYS_execveat, null, "", argv, environment, AT_EMPTY_PATH);
	_exit(0);
}

int canary_start(struct kernel *kernel, pid_t *ret_pid)
{
	pid_t pid;

	for (unsigned i = 0; i < EVMON_HOOK_MAX; i++)
		kernel->canary_before[i] = tallies_canary(kernel, i);
	tables_spawner(kernel, getpid(), EVMON_CLASS_CANARY);
	pid = fork();
	if (pid == 0)
		deeds();
	tables_spawner(kernel, 0, EVMON_CLASS_CANARY);
	if (pid < 0)
		return -errno;
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
	if ((hook == EVMON_HOOK_FEXIT_INET6_BIND || hook == EVMON_HOOK_CGROUP_POST_BIND6 ||
	     hook == EVMON_HOOK_CGROUP_BIND6) &&
	    !ipv6_here())
		return true;
	return tallies_canary(kernel, hook) > kernel->canary_before[hook];
}

static void role_judge(struct kernel *kernel, enum coverage_role role)
{
	struct coverage_row *row = &kernel->coverage.rows[role];
	bool all = true;

	if (row->state == COVERAGE_NONE || row->state == COVERAGE_READY)
		return;
	for (size_t i = 0; i < row->n_hooks; i++)
		all = all && kernel->links[row->hooks[i]] && seen(kernel, row->hooks[i]);
	row->state = all ? COVERAGE_PROVEN : COVERAGE_BROKEN;
}

int canary_finish(struct kernel *kernel, pid_t pid)
{
	struct coverage_row *tree = &kernel->coverage.rows[COVERAGE_TREE];
	int tasks = bpf_map__fd(kernel->skeleton->maps.evmon_tasks);
	uint32_t tgid = (uint32_t)pid;
	struct evmon_task left;

	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			return -errno;
	role_judge(kernel, COVERAGE_BIND);
	role_judge(kernel, COVERAGE_BIND_DENY);
	role_judge(kernel, COVERAGE_CAPABILITY);
	role_judge(kernel, COVERAGE_EXEC);
	/* Its class came from the fork hook, and the exit hook has forgotten it. */
	if (tree->n_hooks)
		tree->state = seen(kernel, EVMON_HOOK_TP_EXEC) &&
					      bpf_map_lookup_elem(tasks, &tgid, &left) < 0 ?
				      COVERAGE_PROVEN :
				      COVERAGE_BROKEN;
	return 0;
}
