// SPDX-License-Identifier: Apache-2.0
/*
 * Which rights a refused hook is told to lack. The process lowers its own effective set; what it
 * may not raise again (not run as root) is skipped.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/trial.h"

static bool effective_set(uint64_t wanted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective = (uint32_t)wanted;
	data[1].effective = (uint32_t)(wanted >> 32);
	return syscall(SYS_capset, &header, data) == 0;
}

static int raise_all(void **state)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	(void)state;
	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
	return 0;
}

static const char *missing(enum evmon_hook hook)
{
	static char text[64];
	bool some = trial_missing_rights(hook_get(hook), text, sizeof(text));

	assert_int_equal(some, text[0] != '\0');
	return text;
}

static void a_hook_is_told_the_rights_of_its_own_kind(void **state)
{
	(void)state;
	assert_true(effective_set(0));
	assert_string_equal(missing(EVMON_HOOK_TP_EXEC), "CAP_BPF CAP_PERFMON");
	assert_string_equal(missing(EVMON_HOOK_LSM_SOCKET_BIND), "CAP_BPF CAP_PERFMON");
	assert_string_equal(missing(EVMON_HOOK_ITER_TASK), "CAP_BPF CAP_PERFMON");
	assert_string_equal(missing(EVMON_HOOK_CGROUP_BIND4), "CAP_BPF CAP_NET_ADMIN");
	assert_string_equal(missing(EVMON_HOOK_CGROUP_POST_BIND6), "CAP_BPF CAP_NET_ADMIN");
	assert_string_equal(missing(EVMON_HOOK_KPROBE_CAPABLE), "CAP_BPF CAP_SYS_ADMIN");
}

static void a_right_that_is_held_is_not_missing(void **state)
{
	(void)state;
	if (!effective_set(1ULL << CAP_BPF | 1ULL << CAP_PERFMON))
		skip();
	assert_string_equal(missing(EVMON_HOOK_TP_EXEC), "");
	assert_string_equal(missing(EVMON_HOOK_CGROUP_BIND4), "CAP_NET_ADMIN");
}

static void sys_admin_stands_for_all(void **state)
{
	(void)state;
	if (!effective_set(1ULL << CAP_SYS_ADMIN))
		skip();
	assert_string_equal(missing(EVMON_HOOK_FEXIT_CAPABLE), "");
	assert_string_equal(missing(EVMON_HOOK_CGROUP_BIND6), "");
}

static void without_rights_a_trial_says_which(void **state)
{
	const struct trial trial = { .btf = NULL, .cgroup_fd = 0 };
	char reason[COVERAGE_REASON_MAX] = "";

	(void)state;
	assert_true(effective_set(0));
	/* Some kernels let anybody make a map: then it is the program that is refused. */
	assert_int_equal(trial_hook(&trial, EVMON_HOOK_CGROUP_BIND4, reason, sizeof(reason)),
			 -EPERM);
	assert_non_null(strstr(reason, ": not permitted, missing CAP_BPF CAP_NET_ADMIN"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_hook_is_told_the_rights_of_its_own_kind, raise_all),
		cmocka_unit_test_teardown(a_right_that_is_held_is_not_missing, raise_all),
		cmocka_unit_test_teardown(sys_admin_stands_for_all, raise_all),
		cmocka_unit_test_teardown(without_rights_a_trial_says_which, raise_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
