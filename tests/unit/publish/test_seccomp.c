// SPDX-License-Identifier: Apache-2.0
/* What is given up is given up, what publishing takes is left. In a child each: it is for good. */
#include "publish/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The child's exit status: 0 as it should be, else which step was not. */
static int in_child(int (*deed)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install() < 0)
			_exit(100);
		_exit(deed());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool refused(long number)
{
	errno = 0;
	return syscall(number, 0, 0, 0, 0, 0, 0) < 0 && errno == EPERM;
}

static int forbidden(void)
{
	char *const argv[] = { (char[]){ "true" }, NULL }, *const environment[] = { NULL };
	/* Each of them would answer otherwise to such arguments, or to whoever runs the test. */
	static const long numbers[] = { SYS_execveat,	     SYS_ptrace, SYS_bpf,
					SYS_perf_event_open, SYS_mount,	 SYS_unshare,
					SYS_setns,	     SYS_keyctl, SYS_kcmp,
					SYS_userfaultfd,     SYS_chroot, SYS_setdomainname };
	int step = 1;

	if (execve("/bin/true", argv, environment) == 0 || errno != EPERM)
		return step;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!refused(numbers[i]))
			return step + 1 + (int)i;
	return 0;
}

static int allowed(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sigset_t set;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	close(fd);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || write(fd, "x", 1) != 1)
		return 2;
	close(fd);
	sigemptyset(&set);
	if (epoll_create1(EPOLL_CLOEXEC) < 0 || signalfd(-1, &set, SFD_CLOEXEC) < 0)
		return 3;
	return syscall(SYS_gettid) > 0 ? 0 : 4;
}

static void what_a_publisher_never_asks_for_is_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(forbidden), 0);
}

static void what_publishing_takes_is_left(void **state)
{
	(void)state;
	assert_int_equal(in_child(allowed), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_publisher_never_asks_for_is_refused),
		cmocka_unit_test(what_publishing_takes_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
