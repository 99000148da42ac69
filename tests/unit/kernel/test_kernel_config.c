// SPDX-License-Identifier: Apache-2.0
/* Which hooks a kernel could give by its configuration, and what is said of files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include "kernel/kernel_config.h"
#include "scratch.h"

enum {
	TEXT_MAX = 8192,
	FILE_MAX = 5 * 1024 * 1024
};

/* What evmon asks of a kernel that gives it everything. */
static const char whole[] = "#\n"
			    "# Automatically generated file; DO NOT EDIT.\n"
			    "# Linux/x86 6.12.107 Kernel Configuration\n"
			    "#\n"
			    "CONFIG_LOCALVERSION=\"\"\n"
			    "CONFIG_BPF_SYSCALL=y\n"
			    "CONFIG_BPF_JIT=y\n"
			    "CONFIG_BPF_LSM=y\n"
			    "CONFIG_BPF_EVENTS=y\n"
			    "CONFIG_PERF_EVENTS=y\n"
			    "CONFIG_DEBUG_INFO=y\n"
			    "CONFIG_DEBUG_INFO_BTF=y\n"
			    "CONFIG_FUNCTION_TRACER=y\n"
			    "CONFIG_DYNAMIC_FTRACE=y\n"
			    "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y\n"
			    "CONFIG_SECURITY=y\n"
			    "CONFIG_SECURITY_NETWORK=y\n"
			    "CONFIG_LSM=\"landlock,yama,bpf,ipe\"\n"
			    "CONFIG_CGROUPS=y\n"
			    "CONFIG_CGROUP_BPF=y\n"
			    "\n"
			    "CONFIG_NET=y\n"
			    "CONFIG_INET=y\n"
			    "CONFIG_IPV6=y\n"
			    "CONFIG_IP_SCTP=m\n"
			    "CONFIG_MPTCP=y\n"
			    "CONFIG_SYSFS=y\n"
			    "CONFIG_USB=m\n";

static const char *path_of(const struct scratch *scratch, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
	return path;
}

/* The whole one with `more` behind it, where the last word holds. */
static struct kernel_config *config_with(const struct scratch *scratch, const char *more)
{
	struct kernel_config *config = NULL;
	char text[TEXT_MAX], where[256] = "";

	snprintf(text, sizeof(text), "%s%s", whole, more);
	scratch_text(scratch, "config", text);
	if (kernel_config_read(path_of(scratch, "config"), &config, where, sizeof(where)) < 0)
		fail_msg("%s", where);
	return config;
}

static void coverage_with(const struct scratch *scratch, const char *more,
			  struct coverage *ret_coverage)
{
	struct kernel_config *config = config_with(scratch, more);

	kernel_config_coverage(config, ret_coverage);
	kernel_config_free(config);
}

static void assert_hook(const struct coverage *coverage, enum coverage_role role,
			enum evmon_hook hook)
{
	const struct coverage_row *row = &coverage->rows[role];

	assert_int_equal(row->hooks[0], hook);
	assert_int_equal(row->state, hook ? COVERAGE_POSSIBLE : COVERAGE_NONE);
	assert_int_equal(row->n_hooks > 0, hook != EVMON_HOOK_NONE);
}

static const char *missing(const struct coverage *coverage, enum coverage_role role,
			   enum evmon_hook hook)
{
	const struct coverage_row *row = &coverage->rows[role];

	for (size_t i = 0; i < row->n_tried; i++)
		if (row->tried[i].hook == hook)
			return row->tried[i].reason;
	fail_msg("nothing is said of %s", hook_name(hook));
	return "";
}

static void a_kernel_with_everything_gives_the_best(void **state)
{
	struct coverage c;
	char reason[400];

	coverage_with(*state, "", &c);
	assert_string_equal(c.release, "6.12.107");
	assert_string_equal(c.machine, "x86");
	assert_string_equal(c.lsm, "landlock,yama,bpf,ipe");
	assert_hook(&c, COVERAGE_TREE, EVMON_HOOK_TP_FORK);
	assert_int_equal(c.rows[COVERAGE_TREE].n_hooks, 2);
	assert_hook(&c, COVERAGE_SNAPSHOT, EVMON_HOOK_ITER_TASK);
	assert_hook(&c, COVERAGE_LISTENERS, EVMON_HOOK_ITER_TASK_FILE);
	assert_hook(&c, COVERAGE_BIND, EVMON_HOOK_FEXIT_INET_BIND);
	assert_hook(&c, COVERAGE_BIND_DENY, EVMON_HOOK_LSM_SOCKET_BIND);
	assert_hook(&c, COVERAGE_CAPABILITY, EVMON_HOOK_FEXIT_CAPABLE);
	assert_hook(&c, COVERAGE_CAPABILITY_DENY, EVMON_HOOK_LSM_CAPABLE);
	assert_hook(&c, COVERAGE_CREDENTIALS, EVMON_HOOK_FENTRY_COMMIT_CREDS);
	assert_hook(&c, COVERAGE_EXEC, EVMON_HOOK_TP_EXEC);
	assert_hook(&c, COVERAGE_EXEC_DENY, EVMON_HOOK_LSM_BPRM_CREDS);
	assert_int_equal(c.rows[COVERAGE_EXEC_DENY].n_hooks, 2);
	assert_hook(&c, COVERAGE_USB, EVMON_HOOK_UEVENT);
	for (unsigned role = 0; role < COVERAGE_ROLE_MAX; role++)
		assert_int_equal(c.rows[role].n_tried, 0);
	assert_false(coverage_degraded(&c, reason, sizeof(reason)));
}

static void without_bpf_in_the_list_it_is_fmod_ret_that_denies(void **state)
{
	static const char *const lists[] = { "CONFIG_LSM=\"yama,integrity\"\n",
					     "CONFIG_LSM=\"yama,notbpf,bpfx\"\n",
					     "CONFIG_LSM=\"\"\n" };
	struct coverage c;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		coverage_with(*state, lists[i], &c);
		assert_hook(&c, COVERAGE_BIND_DENY, EVMON_HOOK_FMOD_RET_SOCKET_BIND);
		assert_string_equal(missing(&c, COVERAGE_BIND_DENY, EVMON_HOOK_LSM_SOCKET_BIND),
				    "CONFIG_LSM lacks bpf");
		assert_hook(&c, COVERAGE_CAPABILITY_DENY, EVMON_HOOK_FMOD_RET_CAPABLE);
		assert_hook(&c, COVERAGE_EXEC_DENY, EVMON_HOOK_FMOD_RET_BPRM_CREDS);
	}
}

static void without_trampolines_it_is_cgroups(void **state)
{
	struct coverage c;
	char reason[400];

	coverage_with(*state,
		      "# CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS is not set\n"
		      "# CONFIG_FUNCTION_TRACER is not set\n",
		      &c);
	assert_hook(&c, COVERAGE_BIND, EVMON_HOOK_CGROUP_POST_BIND4);
	assert_non_null(c.rows[COVERAGE_BIND].limits);
	assert_hook(&c, COVERAGE_BIND_DENY, EVMON_HOOK_CGROUP_BIND4);
	assert_hook(&c, COVERAGE_EXEC, EVMON_HOOK_TP_EXEC);
	assert_string_equal(missing(&c, COVERAGE_BIND, EVMON_HOOK_FEXIT_INET_BIND),
			    "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS is not set (it wants "
			    "CONFIG_FUNCTION_TRACER)");
	assert_hook(&c, COVERAGE_CAPABILITY, EVMON_HOOK_NONE);
	assert_hook(&c, COVERAGE_EXEC_DENY, EVMON_HOOK_TP_EXEC);
	assert_string_equal(c.rows[COVERAGE_EXEC_DENY].limits,
			    "nothing is refused: it is killed at its start");
	assert_hook(&c, COVERAGE_CAPABILITY_DENY, EVMON_HOOK_NONE);
	assert_string_equal(missing(&c, COVERAGE_CAPABILITY, EVMON_HOOK_TP_CAP_CAPABLE),
			    "only from Linux 6.14");
	assert_true(coverage_degraded(&c, reason, sizeof(reason)));
	assert_non_null(strstr(reason, "capability"));
	assert_false(coverage_blind(&c));
}

static void without_trampolines_a_kprobe_sees_capabilities(void **state)
{
	struct coverage c;
	char reason[400];

	coverage_with(*state,
		      "# CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS is not set\n"
		      "CONFIG_KPROBES=y\nCONFIG_KPROBE_EVENTS=y\n",
		      &c);
	assert_hook(&c, COVERAGE_CAPABILITY, EVMON_HOOK_KPROBE_CAPABLE);
	assert_non_null(c.rows[COVERAGE_CAPABILITY].limits);
	assert_false(coverage_degraded(&c, reason, sizeof(reason)));
	coverage_with(*state,
		      "# CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS is not set\n"
		      "# CONFIG_KPROBE_EVENTS is not set\n",
		      &c);
	assert_non_null(strstr(missing(&c, COVERAGE_CAPABILITY, EVMON_HOOK_KPROBE_CAPABLE),
			       "CONFIG_KPROBE_EVENTS is not set"));
}

static void what_keeps_trampolines_away_is_named(void **state)
{
	struct coverage c;

	coverage_with(*state,
		      "# CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS is not set\n"
		      "CONFIG_CC_OPTIMIZE_FOR_SIZE=y\n",
		      &c);
	assert_non_null(strstr(missing(&c, COVERAGE_BIND, EVMON_HOOK_FEXIT_INET_BIND),
			       "(it refuses CONFIG_CC_OPTIMIZE_FOR_SIZE)"));
	coverage_with(*state, "# CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS is not set\n", &c);
	assert_non_null(strstr(missing(&c, COVERAGE_BIND, EVMON_HOOK_FEXIT_INET_BIND), "arm64"));
}

static void the_tracepoint_of_capabilities_is_a_matter_of_version(void **state)
{
	static const struct {
		const char *release;
		enum evmon_hook hook;
	} cases[] = {
		{ "6.13.12", EVMON_HOOK_NONE },
		{ "6.14.0", EVMON_HOOK_TP_CAP_CAPABLE },
		{ "7.3.4", EVMON_HOOK_TP_CAP_CAPABLE },
		{ "5.15.0", EVMON_HOOK_NONE },
	};
	struct coverage c;
	char more[200];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(more, sizeof(more),
			 "# Linux/arm64 %s Kernel Configuration\n# CONFIG_BPF_JIT is not set\n",
			 cases[i].release);
		coverage_with(*state, more, &c);
		assert_hook(&c, COVERAGE_CAPABILITY, cases[i].hook);
	}
}

static void ipv6_in_a_module_is_not_seen(void **state)
{
	struct coverage c;

	coverage_with(*state, "CONFIG_IPV6=m\n", &c);
	assert_hook(&c, COVERAGE_BIND, EVMON_HOOK_CGROUP_POST_BIND4);
	assert_string_equal(missing(&c, COVERAGE_BIND, EVMON_HOOK_FEXIT_INET6_BIND),
			    "CONFIG_IPV6 is a module");
}

static void without_bpf_there_is_nothing(void **state)
{
	struct coverage c;

	coverage_with(*state, "# CONFIG_BPF_SYSCALL is not set\n", &c);
	for (unsigned role = 0; role < COVERAGE_ROLE_MAX; role++)
		assert_hook(&c, role, EVMON_HOOK_NONE);
	/* What follows from it is not told again. */
	assert_string_equal(missing(&c, COVERAGE_EXEC, EVMON_HOOK_TP_EXEC),
			    "CONFIG_BPF_SYSCALL is not set");
	assert_true(coverage_blind(&c));
	coverage_with(*state, "CONFIG_BPF_SYSCALL=n\n", &c);
	assert_true(coverage_blind(&c));
}

static void without_btf_other_hooks_remain(void **state)
{
	struct coverage c;

	coverage_with(*state, "# CONFIG_DEBUG_INFO_BTF is not set\n", &c);
	assert_false(coverage_blind(&c));
	assert_hook(&c, COVERAGE_TREE, EVMON_HOOK_TRACE_NEWTASK);
	assert_hook(&c, COVERAGE_BIND, EVMON_HOOK_CGROUP_POST_BIND4);
	assert_hook(&c, COVERAGE_EXEC, EVMON_HOOK_TRACE_EXEC);
	assert_string_equal(missing(&c, COVERAGE_EXEC, EVMON_HOOK_TP_EXEC),
			    "CONFIG_DEBUG_INFO_BTF is not set (it wants pahole where the kernel is "
			    "built)");
}

static void usb_needs_no_bpf_but_usb(void **state)
{
	struct coverage c;

	coverage_with(*state, "# CONFIG_USB is not set\n", &c);
	assert_hook(&c, COVERAGE_USB, EVMON_HOOK_NONE);
	assert_string_equal(missing(&c, COVERAGE_USB, EVMON_HOOK_UEVENT), "CONFIG_USB is not set");
}

static void a_reason_that_is_too_long_says_so(void **state)
{
	struct coverage c;
	const char *reason;

	coverage_with(*state,
		      "# CONFIG_BPF_EVENTS is not set\n# CONFIG_DEBUG_INFO_BTF is not set\n"
		      "# CONFIG_BPF_JIT is not set\n# CONFIG_INET is not set\n"
		      "# CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS is not set\n",
		      &c);
	reason = missing(&c, COVERAGE_BIND, EVMON_HOOK_FEXIT_INET_BIND);
	assert_int_equal(strlen(reason), COVERAGE_REASON_MAX - 1);
	assert_string_equal(reason + strlen(reason) - 3, "...");
}

static void values_are_read(void **state)
{
	struct kernel_config *config =
		config_with(*state, "CONFIG_HZ=250\r\nCONFIG_A=m\n# CONFIG_A is not set\n"
				    "CONFIG_CMDLINE=\"a=\\\"b\\\"\"\n# CONFIG_B is not setting\n");

	assert_string_equal(kernel_config_value(config, "HZ"), "250");
	assert_null(kernel_config_value(config, "A"));
	assert_null(kernel_config_value(config, "B"));
	assert_null(kernel_config_value(config, "BPF"));
	assert_null(kernel_config_value(config, "LOCALVERSION"));
	assert_string_equal(kernel_config_value(config, "CMDLINE"), "a=\\\"b\\\"");
	assert_true(kernel_config_is_whole(config));
	kernel_config_free(config);
}

static void packed_write(const struct scratch *scratch, const char *name, const void *data,
			 size_t n)
{
	gzFile file = gzopen(path_of(scratch, name), "wb9");

	assert_non_null(file);
	assert_int_equal(gzwrite(file, data, (unsigned)n), (int)n);
	assert_int_equal(gzclose(file), Z_OK);
}

static void compressed_files_are_read_alike(void **state)
{
	struct kernel_config *config = NULL;
	char where[256];

	packed_write(*state, "config.gz", whole, sizeof(whole) - 1);
	assert_int_equal(
		kernel_config_read(path_of(*state, "config.gz"), &config, where, sizeof(where)), 0);
	assert_string_equal(kernel_config_value(config, "LSM"), "landlock,yama,bpf,ipe");
	kernel_config_free(config);
}

static void refused(const struct scratch *scratch, const char *name, int err, const char *words)
{
	struct kernel_config *config = NULL;
	const char *path = path_of(scratch, name);
	char where[256] = "";

	assert_int_equal(kernel_config_read(path, &config, where, sizeof(where)), err);
	assert_null(config);
	assert_memory_equal(where, path, strlen(path));
	if (!strstr(where, words))
		fail_msg("%s: '%s' does not say '%s'", name, where, words);
	assert_null(strchr(where, '\n'));
}

static void other_files_are_refused_with_the_place(void **state)
{
	static const struct {
		const char *name, *text;
		const char *words;
	} cases[] = {
		{ "empty", "", ": not a kernel configuration" },
		{ "comments", "# nothing\n\n", ": not a kernel configuration" },
		{ "text", "CONFIG_A=y\n# x\nhello\n", ":3: " },
		{ "no-value", "CONFIG_A=\n", ":1: " },
		{ "no-name", "CONFIG_A=y\nCONFIG_=y\n", ":2: " },
		{ "no-equals", "CONFIG_A=y\nCONFIG_B y\n", ":2: " },
		{ "tail", "CONFIG_A=y\nCONFIG_B=y\nCONF", ":3: " },
		{ "elf", "\177ELF\2\1\1", ":1: " },
	};
	const struct scratch *scratch = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scratch_text(scratch, cases[i].name, cases[i].text);
		refused(scratch, cases[i].name, -EBADMSG, cases[i].words);
	}
	scratch_write(scratch, "nul", "CONFIG_A=y\n\0", 12);
	refused(scratch, "nul", -EBADMSG, ":2: ");
	refused(scratch, "nowhere", -ENOENT, "No such file");
	assert_int_equal(mkdirat(scratch->fd, "dir", 0700), 0);
	refused(scratch, "dir", -EISDIR, "Is a directory");
}

/* Random enough not to shrink to nothing. */
static size_t long_config(char *text, size_t size)
{
	uint64_t seed = 7;
	size_t at = 0;

	while (at + 64 < size)
		at += (size_t)snprintf(text + at, size - at, "CONFIG_X%08X=%u\n",
				       scratch_random(&seed), scratch_random(&seed));
	return at;
}

static void damaged_compression_is_told_wherever_it_is(void **state)
{
	static char text[64 * 1024], packed[64 * 1024];
	const struct scratch *scratch = *state;
	size_t n;
	FILE *f;

	packed_write(scratch, "good.gz", text, long_config(text, sizeof(text)));
	f = fopen(path_of(scratch, "good.gz"), "rb");
	assert_non_null(f);
	n = fread(packed, 1, sizeof(packed), f);
	fclose(f);
	assert_true(n > 2000);
	for (size_t cut = 32; cut < n; cut += n / 40) {
		scratch_write(scratch, "cut.gz", packed, cut);
		refused(scratch, "cut.gz", -EBADMSG, "cut short");
	}
	scratch_write(scratch, "cut.gz", packed, n - 1);
	refused(scratch, "cut.gz", -EBADMSG, "cut short");
	packed[n - 6] ^= 0x55; /* the checksum */
	scratch_write(scratch, "wrong.gz", packed, n);
	refused(scratch, "wrong.gz", -EBADMSG, "cannot be decompressed: incorrect data check");
}

static void a_file_without_end_is_not_read_to_its_end(void **state)
{
	char *text = malloc(FILE_MAX);

	assert_non_null(text);
	for (size_t at = 0; at < FILE_MAX; at += 11)
		memcpy(text + at, "CONFIG_A=y\n", MIN((size_t)11, FILE_MAX - at));
	packed_write(*state, "big.gz", text, FILE_MAX);
	free(text);
	refused(*state, "big.gz", -EFBIG, "larger than 4 MiB");
}

static void a_fragment_is_known_as_one(void **state)
{
	const struct scratch *scratch = *state;
	struct kernel_config *config = NULL;
	char where[256];

	scratch_text(scratch, "defconfig", "CONFIG_BPF_SYSCALL=y\n");
	assert_int_equal(kernel_config_read(path_of(scratch, "defconfig"), &config, where,
					    sizeof(where)),
			 0);
	assert_false(kernel_config_is_whole(config));
	kernel_config_free(config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kernel_with_everything_gives_the_best),
		TEST(without_bpf_in_the_list_it_is_fmod_ret_that_denies),
		TEST(without_trampolines_it_is_cgroups),
		TEST(without_trampolines_a_kprobe_sees_capabilities),
		TEST(what_keeps_trampolines_away_is_named),
		TEST(the_tracepoint_of_capabilities_is_a_matter_of_version),
		TEST(ipv6_in_a_module_is_not_seen),
		TEST(without_bpf_there_is_nothing),
		TEST(without_btf_other_hooks_remain),
		TEST(usb_needs_no_bpf_but_usb),
		TEST(a_reason_that_is_too_long_says_so),
		TEST(values_are_read),
		TEST(compressed_files_are_read_alike),
		TEST(other_files_are_refused_with_the_place),
		TEST(damaged_compression_is_told_wherever_it_is),
		TEST(a_file_without_end_is_not_read_to_its_end),
		TEST(a_fragment_is_known_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
