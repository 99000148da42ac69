// SPDX-License-Identifier: Apache-2.0
/* `coverage --kernel-config`: what was read is told as read, and what is wrong in one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"
#include "cmd/cmd.h"
#include "cmd/members.h"
#include "kernel/coverage.h"
#include "scratch.h"

static const char head[] = "# Linux/arm64 6.1.176 Kernel Configuration\n";
/* No trampolines. */
static const char body[] = "CONFIG_BPF_SYSCALL=y\nCONFIG_BPF_EVENTS=y\nCONFIG_DEBUG_INFO_BTF=y\n"
			   "CONFIG_BPF_JIT=y\nCONFIG_FUNCTION_TRACER=y\nCONFIG_DYNAMIC_FTRACE=y\n"
			   "CONFIG_SECURITY=y\nCONFIG_SECURITY_NETWORK=y\nCONFIG_CGROUPS=y\n"
			   "CONFIG_CGROUP_BPF=y\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_IPV6=y\n"
			   "CONFIG_SYSFS=y\nCONFIG_USB=y\n";

static struct output run(const struct scratch *scratch, const char *more)
{
	char words[256];

	snprintf(words, sizeof(words), "coverage --kernel-config %s/config%s", scratch->path, more);
	return output_of(coverage_main, words);
}

static void config_write(const struct scratch *scratch, const char *first, const char *second)
{
	char text[2048];

	snprintf(text, sizeof(text), "%s%s", first, second);
	scratch_text(scratch, "config", text);
}

static void the_page_says_that_nothing_was_tried(void **state)
{
	struct output o;

	config_write(*state, head, body);
	o = run(*state, "");
	assert_int_equal(o.status, EXIT_GOOD);
	assert_string_equal(o.err, "");
	assert_memory_equal(o.out, "Read from ", strlen("Read from "));
	assert_non_null(
		strstr(o.out, "/config, and not tried: Linux 6.1.176, arm64; lsm list: empty"));
	assert_non_null(strstr(o.out, "evmon could be degraded: capability: "));
	assert_non_null(strstr(
		o.out, "\nbind            possible   cgroup/post_bind4 cgroup/post_bind6\n"));
	assert_non_null(strstr(o.out, "\nBetter ones, and what they miss:\n"));
	assert_non_null(strstr(o.out,
			       "\nbind-deny       lsm/socket_bind: CONFIG_DYNAMIC_FTRACE_WITH_"
			       "DIRECT_CALLS is not set"));
	assert_null(strstr(o.out, "Tried"));
	output_free(&o);
}

static void json_says_it_too(void **state)
{
	struct json_object *object, *bind;
	struct output o;

	config_write(*state, head, body);
	o = run(*state, " --json");
	assert_int_equal(o.status, EXIT_GOOD);
	object = json_of(o.out, strlen(o.out) - 1);
	assert_non_null(object);
	assert_string_equal(member_string(object, "schema"), "evmon.kernel-config/1");
	assert_false(member_is_true(object, "tried"));
	assert_non_null(member(object, "tried"));
	assert_non_null(strstr(member_string(object, "file"), "/config"));
	assert_string_equal(member_string(object, "kernel"), "6.1.176");
	assert_string_equal(member_string(object, "machine"), "arm64");
	assert_null(member(object, "lsm"));
	assert_string_equal(member_string(object, "state"), "degraded");
	bind = json_object_array_get_idx(member(object, "coverage"), COVERAGE_BIND);
	assert_string_equal(member_string(bind, "role"), "bind");
	assert_string_equal(member_string(bind, "state"), "possible");
	assert_null(member(bind, "tried"));
	assert_int_equal(json_object_array_length(member(bind, "missing")), 1);
	json_object_put(object);
	output_free(&o);
}

static void a_kernel_without_bpf_is_blind(void **state)
{
	struct output o;

	config_write(*state, head, "CONFIG_NET=y\nCONFIG_USB=y\nCONFIG_SYSFS=y\n");
	o = run(*state, "");
	assert_int_equal(o.status, EXIT_NO_SENSOR);
	assert_non_null(strstr(o.out, "evmon could be blind"));
	output_free(&o);
}

static void a_fragment_is_warned_of(void **state)
{
	struct output o;

	config_write(*state, body, "");
	o = run(*state, "");
	assert_int_equal(o.status, EXIT_GOOD);
	assert_non_null(strstr(o.err, "names no kernel"));
	assert_non_null(strstr(o.out, "/config, and not tried: lsm list: empty"));
	output_free(&o);
}

static void what_is_wrong_is_one_line(void **state)
{
	struct output o;

	config_write(*state, head, "CONFIG_NET=y\nnonsense\033\n");
	o = run(*state, "");
	assert_int_equal(o.status, EXIT_FAILED);
	assert_string_equal(o.out, "");
	assert_non_null(strstr(o.err, "/config:3: not a line of a kernel configuration\n"));
	assert_ptr_equal(strchr(o.err, '\n'), o.err + strlen(o.err) - 1);
	output_free(&o);
	o = output_of(coverage_main, "coverage --kernel-config /nonexistent");
	assert_int_equal(o.status, EXIT_FAILED);
	assert_non_null(strstr(o.err, "/nonexistent: No such file or directory\n"));
	output_free(&o);
	o = output_of(coverage_main, "coverage --kernel-config");
	assert_int_equal(o.status, EXIT_USAGE);
	assert_non_null(strstr(o.err, "--kernel-config wants a value"));
	output_free(&o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_page_says_that_nothing_was_tried),
		TEST(json_says_it_too),
		TEST(a_kernel_without_bpf_is_blind),
		TEST(a_fragment_is_warned_of),
		TEST(what_is_wrong_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
