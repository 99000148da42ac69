// SPDX-License-Identifier: Apache-2.0
/* What is read of the kernel where it has no BTF: tracepoints' formats, processes in /proc. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/proc_task.h"
#include "kernel/tracepoint.h"

static const char newtask[] =
	"name: task_newtask\nID: 137\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:pid_t pid;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:char comm[16];\toffset:12;\tsize:16;\tsigned:0;\n"
	"\tfield:unsigned long clone_flags;\toffset:32;\tsize:8;\tsigned:0;\n"
	"\tfield:__data_loc char[] filename;\toffset:40;\tsize:4;\tsigned:0;\n\n"
	"print fmt: \"pid=%d\", REC->pid\n";

static void a_field_is_found_by_its_whole_name(void **state)
{
	uint32_t offset = 77;

	(void)state;
	assert_int_equal(tracepoint_field_of_text(newtask, "pid", &offset), 0);
	assert_int_equal(offset, 8);
	assert_int_equal(tracepoint_field_of_text(newtask, "comm", &offset), 0);
	assert_int_equal(offset, 12);
	assert_int_equal(tracepoint_field_of_text(newtask, "clone_flags", &offset), 0);
	assert_int_equal(offset, 32);
	assert_int_equal(tracepoint_field_of_text(newtask, "filename", &offset), 0);
	assert_int_equal(offset, 40);
}

static void a_field_that_is_not_there_is_not_found(void **state)
{
	static const char *const names[] = { "flags", "old_pid", "d", "ame" };
	uint32_t offset = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(tracepoint_field_of_text(newtask, names[i], &offset), -ENOENT);
	assert_int_equal(tracepoint_field_of_text("", "pid", &offset), -ENOENT);
	assert_int_equal(tracepoint_field_of_text("\tfield:pid_t pid", "pid", &offset), -ENOENT);
	assert_int_equal(offset, 77);
}

static const char status[] = "Name:\ta) 1 2\nTgid:\t812\nPid:\t812\nPPid:\t640\n"
			     "Uid:\t1500\t0\t7\t0\nGid:\t1501\t1501\t1501\t1501\n"
			     "CapInh:\t0000000000000000\nCapPrm:\t0000000000002000\n"
			     "CapEff:\t0000000000002000\nCapAmb:\t0000000000000001\n";

static void a_process_is_read_whatever_its_name_is(void **state)
{
	struct proc_task task;
	uint64_t ns_per_tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);

	(void)state;
	assert_int_equal(
		proc_task_of_text("812 (a) 1 2) S 640 1 1 0 -1 4194368 0 0 0 0 0 0 0 0 20 0 1 0 "
				  "4711 100 200\n",
				  status, &task),
		0);
	assert_int_equal(task.pid, 812);
	assert_int_equal(task.ppid, 640);
	assert_int_equal(task.uid, 1500);
	assert_int_equal(task.euid, 0);
	assert_int_equal(task.suid, 7);
	assert_int_equal(task.gid, 1501);
	assert_true(task.held == 0x2001);
	assert_true(task.start_ns == 4711 * ns_per_tick);
	assert_string_equal(task.comm, "a) 1 2");
	assert_true(task.forked_only);
	assert_false(task.is_kernel);
}

static void what_is_cut_short_is_no_process(void **state)
{
	static const char stat[] =
		"812 (x) S 640 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 4711 1\n";
	struct proc_task task = { .pid = 1 };
	char cut[sizeof(stat)];

	(void)state;
	for (size_t n = 0; n < sizeof(stat) - 9; n++) {
		memcpy(cut, stat, n);
		cut[n] = '\0';
		assert_int_equal(proc_task_of_text(cut, status, &task), -EBADMSG);
	}
	assert_int_equal(proc_task_of_text(stat, "Name:\tx\n", &task), -EBADMSG);
	assert_int_equal(task.pid, 1);
}

static void this_process_is_found_and_no_thread_or_ghost(void **state)
{
	struct proc_task task;

	(void)state;
	assert_int_equal(proc_task_read((uint32_t)getpid(), &task), 0);
	assert_int_equal(task.pid, getpid());
	assert_int_equal(task.ppid, getppid());
	assert_true(task.exe_ino != 0);
	assert_int_equal(proc_task_read(0x7fffffff, &task), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_found_by_its_whole_name),
		cmocka_unit_test(a_field_that_is_not_there_is_not_found),
		cmocka_unit_test(a_process_is_read_whatever_its_name_is),
		cmocka_unit_test(what_is_cut_short_is_no_process),
		cmocka_unit_test(this_process_is_found_and_no_thread_or_ghost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
