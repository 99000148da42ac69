// SPDX-License-Identifier: Apache-2.0
/*
 * Real children stand in for the watched processes: one that is still there, one that is gone, and
 * one whose pid somebody else has by now, which is played by a start time that is not its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"
#include "process/process.h"

#define TICK_NS 10000000ULL

struct child {
	pid_t pid;
	int hold; /* closing it lets the child end */
	uint64_t start_ns;
	struct stat exe;
};

/* Everything that the kernel told of the child when it began. */
static void child_look(struct child *child)
{
	char path[64], text[2048], *at;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", child->pid);
	assert_int_equal(stat(path, &child->exe), 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", child->pid);
	n = file_read_into(AT_FDCWD, path, text, sizeof(text));
	assert_true(n > 0);
	/* The start is the 20th number from the name's end. */
	at = strrchr(text, ')');
	for (int i = 0; i < 20; i++)
		at = strchr(at + 1, ' ');
	child->start_ns = strtoull(at, NULL, 10) * TICK_NS + 1234567;
}

/* Waits for the child's word that it is ready, which is the end of the pipe. */
static void child_begin(struct child *child, const char *name, uid_t uid, char *const argv[])
{
	int hold[2], ready[2];
	char byte;

	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (!child->pid) {
		close(hold[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (name)
			prctl(PR_SET_NAME, name);
		if (uid && seteuid(uid))
			_exit(1);
		if (argv) {
			dup2(hold[0], STDIN_FILENO);
			execv("/proc/self/exe", argv);
			_exit(1);
		}
		close(ready[1]);
		close(ready[0]);
		(void)!read(hold[0], &byte, 1);
		_exit(0);
	}
	close(hold[0]);
	close(ready[1]);
	child->hold = hold[1];
	assert_int_equal(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	child_look(child);
}

static void child_end(struct child *child)
{
	close(child->hold);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

static struct event event_of(const struct child *child)
{
	struct event event;

	memset(&event, 0, sizeof(event));
	event.process.pid = (uint32_t)child->pid;
	event.process.ppid = 7;
	event.process.uid = 1500;
	event.process.euid = 1501;
	event.process.gid = 1502;
	event.process.start_ns = child->start_ns;
	event.process.exe_ino = child->exe.st_ino;
	event.process.exe_dev = file_kernel_dev(child->exe.st_dev);
	memcpy(event.process.comm, "of the record", 14);
	memcpy(event.process.exe, "/by/the/kernel", 15);
	memcpy(event.process.args, "one\0two", 8);
	event.process.args_length = 8;
	return event;
}

/* This program's own file, as /proc shows it. */
static void own_exe(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	assert_true(n > 0);
	path[n] = '\0';
}

/* The same of the line "0::", empty without one. */
static void own_cgroup(char path[PATH_MAX])
{
	_cleanup_(freep) char *text = NULL;
	const char *line;

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/cgroup", 65536, &text, NULL), 0);
	line = strstr(text, "0::/");
	snprintf(path, PATH_MAX, "%.*s", line ? (int)strcspn(line + 3, "\n") : 0,
		 line ? line + 3 : "");
}

static void what_the_record_says_stands(void **state)
{
	struct child child;
	struct process p;
	struct event event;
	char cgroup[PATH_MAX];

	(void)state;
	own_cgroup(cgroup);
	/* A name that looks like the fields behind it. */
	child_begin(&child, "a) R 1 1 (", 0, NULL);
	event = event_of(&child);
	process_from_event(&event, &p);
	assert_int_equal(p.pid, child.pid);
	assert_int_equal(p.ppid, 7);
	assert_int_equal(p.uid, 1500);
	assert_int_equal(p.euid, 1501);
	assert_int_equal(p.gid, 1502);
	assert_true(p.ids_known && p.args_known);
	assert_int_equal(p.start_us, child.start_ns / 1000);
	assert_string_equal(p.comm, "of the record");
	assert_string_equal(p.exe, "/by/the/kernel");
	assert_int_equal(p.args_length, 8);
	assert_memory_equal(p.args, "one\0two", 8);
	assert_string_equal(p.cgroup, cgroup);
	assert_false(p.truncated);
	child_end(&child);
}

static void another_process_with_the_pid_is_not_asked(void **state)
{
	struct child child;
	struct process p;
	struct event event;

	(void)state;
	child_begin(&child, NULL, 0, NULL);
	event = event_of(&child);
	event.process.start_ns -= TICK_NS;
	event.process.exe_truncated = true;
	memcpy(event.process.exe, "test_process", 13);
	process_from_event(&event, &p);
	assert_string_equal(p.exe, "test_process");
	assert_string_equal(p.cgroup, "");
	assert_true(p.truncated);
	child_end(&child);
}

static void a_truncated_path_is_completed(void **state)
{
	struct child child;
	struct process p;
	struct event event;
	char exe[PATH_MAX];

	(void)state;
	own_exe(exe);
	child_begin(&child, NULL, 0, NULL);
	event = event_of(&child);
	event.process.exe_truncated = true;
	memcpy(event.process.exe, "process/test_process", 21);
	process_from_event(&event, &p);
	assert_string_equal(p.exe, exe);
	assert_false(p.truncated);
	/* /proc shows another end than the kernel did, or another file. */
	memcpy(event.process.exe, "bin/manager", 12);
	process_from_event(&event, &p);
	assert_string_equal(p.exe, "bin/manager");
	assert_true(p.truncated);
	memcpy(event.process.exe, "process/test_process", 21);
	event.process.exe_ino++;
	process_from_event(&event, &p);
	assert_string_equal(p.exe, "process/test_process");
	assert_true(p.truncated);
	child_end(&child);
}

static void truncated_arguments_are_completed(void **state)
{
	char word[700], other[700], *const argv[] = { "--hold", word, other, NULL };
	struct child child;
	struct process p;
	struct event event;

	(void)state;
	memset(word, 'w', sizeof(word) - 1);
	memset(other, 'o', sizeof(other) - 1);
	word[sizeof(word) - 1] = other[sizeof(other) - 1] = '\0';
	child_begin(&child, NULL, 0, argv);
	event = event_of(&child);
	memcpy(event.process.args, "--hold", 7);
	memset(event.process.args + 7, 'w', 505);
	event.process.args[512] = '\0';
	event.process.args_length = 513;
	event.process.args_truncated = true;
	process_from_event(&event, &p);
	assert_int_equal(p.args_length, PROCESS_ARGS_MAX);
	assert_string_equal(p.args, "--hold");
	assert_string_equal(p.args + 7, word);
	assert_int_equal(p.args[7 + sizeof(word)], 'o');
	assert_int_equal(p.args[PROCESS_ARGS_MAX - 1], 0);
	assert_true(p.truncated);
	/* It has written over its arguments since. */
	event.process.args[20] = 'x';
	process_from_event(&event, &p);
	assert_int_equal(p.args_length, 513);
	child_end(&child);
}

static void sixteen_arguments_are_shown(void **state)
{
	struct child child;
	struct process p;
	struct event event;

	(void)state;
	child_begin(&child, NULL, 0, NULL);
	event = event_of(&child);
	for (int i = 0; i < 17; i++)
		memcpy(event.process.args + 2 * i, "a", 2);
	event.process.args_length = 34;
	process_from_event(&event, &p);
	assert_int_equal(p.args_length, 32);
	assert_true(p.truncated);
	event.process.args_length = 32;
	process_from_event(&event, &p);
	assert_int_equal(p.args_length, 32);
	assert_false(p.truncated);
	event.process.args_length = 0;
	process_from_event(&event, &p);
	assert_false(p.args_known);
	child_end(&child);
}

/* The mount point of cgroup2, by findmnt's own reading of mountinfo. */
static bool cgroup_mount(char path[PATH_MAX])
{
	FILE *out = popen("findmnt -n -f -o TARGET -t cgroup2", "re");
	bool found = out && fgets(path, PATH_MAX, out);

	if (out)
		pclose(out);
	if (found)
		path[strcspn(path, "\n")] = '\0';
	return found;
}

static void the_cgroup_of_one_that_is_gone_is_found_by_its_id(void **state)
{
	char mount[PATH_MAX], dir[PATH_MAX + 64], name[64];
	struct child child;
	struct process p;
	struct event event;
	struct stat st;

	(void)state;
	snprintf(name, sizeof(name), "/evmon unit\\%d", getpid());
	if (geteuid() || !cgroup_mount(mount))
		skip();
	snprintf(dir, sizeof(dir), "%s%s", mount, name);
	if (mkdir(dir, 0755))
		skip();
	assert_int_equal(stat(dir, &st), 0);
	child_begin(&child, NULL, 0, NULL);
	child_end(&child);
	event = event_of(&child);
	event.process.cgroup_id = st.st_ino;
	process_from_event(&event, &p);
	assert_string_equal(p.cgroup, name);
	assert_int_equal(stat(mount, &st), 0);
	event.process.cgroup_id = st.st_ino;
	process_from_event(&event, &p);
	assert_string_equal(p.cgroup, "/");
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(rmdir(dir), 0);
	event.process.cgroup_id = st.st_ino;
	process_from_event(&event, &p);
	assert_string_equal(p.cgroup, "");
	assert_string_equal(p.exe, "/by/the/kernel");
}

static void an_actor_is_completed_while_it_is_the_same(void **state)
{
	struct evmon_actor actor = { .uid = 1500, .comm = "sixteen bytes..!" };
	char exe[PATH_MAX];
	struct child child;
	struct process p;

	(void)state;
	own_exe(exe);
	child_begin(&child, NULL, 0, NULL);
	actor.tgid = (uint32_t)child.pid;
	actor.start_ns = child.start_ns;
	actor.exe_ino = child.exe.st_ino;
	actor.exe_dev = file_kernel_dev(child.exe.st_dev);
	process_from_actor(&actor, &p);
	assert_int_equal(p.pid, child.pid);
	assert_int_equal(p.uid, 1500);
	assert_false(p.ids_known);
	assert_int_equal(p.exe_ino, actor.exe_ino);
	assert_int_equal(p.exe_dev, actor.exe_dev);
	assert_string_equal(p.comm, "sixteen bytes..!");
	assert_string_equal(p.exe, exe);
	assert_true(p.args_known);
	assert_true(p.args_length > 0);

	actor.exe_ino++; /* it has executed something else since */
	process_from_actor(&actor, &p);
	assert_string_equal(p.exe, "");
	assert_false(p.args_known);

	actor.exe_ino--;
	actor.start_ns += TICK_NS;
	process_from_actor(&actor, &p);
	assert_string_equal(p.exe, "");
	assert_string_equal(p.cgroup, "");
	actor.start_ns = 0;
	process_from_actor(&actor, &p);
	assert_string_equal(p.exe, "");
	child_end(&child);
}

/* Another process of the same file did it, and is gone: the path is still the file's, or isn't. */
static void a_file_keeps_its_path_while_it_lies_there(void **state)
{
	char path[] = "/tmp/evmon-unit-XXXXXX";
	struct evmon_actor actor = { .tgid = UINT32_MAX, .start_ns = 1 };
	_cleanup_(closep) int fd = mkstemp(path);
	struct process p = { .pid = 4711 };
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	p.exe_ino = actor.exe_ino = st.st_ino;
	p.exe_dev = actor.exe_dev = file_kernel_dev(st.st_dev);
	p.args_known = true;
	p.ids_known = true;
	memcpy(p.exe, path, sizeof(path));
	process_replace(&p, &actor);
	assert_int_equal(p.pid, UINT32_MAX);
	assert_string_equal(p.exe, path);
	assert_false(p.args_known || p.ids_known);
	assert_int_equal(p.exe_ino, st.st_ino);

	actor.exe_ino++;
	process_replace(&p, &actor);
	assert_string_equal(p.exe, "");
	assert_int_equal(p.exe_ino, st.st_ino + 1);

	p.exe_ino = --actor.exe_ino;
	memcpy(p.exe, path, sizeof(path));
	assert_int_equal(unlink(path), 0);
	process_replace(&p, &actor);
	assert_string_equal(p.exe, "");
}

static void evmon_knows_itself(void **state)
{
	char exe[PATH_MAX];
	struct process p;

	(void)state;
	own_exe(exe);
	process_self(&p);
	assert_int_equal(p.pid, getpid());
	assert_int_equal(p.ppid, getppid());
	assert_int_equal(p.euid, geteuid());
	assert_true(p.ids_known && p.args_known && p.start_us > 0);
	assert_string_equal(p.exe, exe);
	assert_string_equal(p.comm, "test_process");
}

static void ids_are_those_of_the_very_process(void **state)
{
	struct process_ids ids = { .euid = 77 };
	struct child child;

	(void)state;
	if (geteuid())
		skip();
	child_begin(&child, "x\nUid:\t9\t9", 1500, NULL);
	assert_int_equal(process_ids((uint32_t)child.pid, child.start_ns + TICK_NS, &ids), -ESRCH);
	assert_int_equal(ids.euid, 77);
	assert_int_equal(process_ids((uint32_t)child.pid, child.start_ns, &ids), 0);
	assert_int_equal(ids.ppid, getpid());
	assert_int_equal(ids.uid, getuid());
	assert_int_equal(ids.euid, 1500);
	assert_int_equal(ids.gid, getgid());
	ids.euid = 0;
	assert_int_equal(process_ids((uint32_t)child.pid, 0, &ids), 0);
	assert_int_equal(ids.euid, 1500);
	child_end(&child);
	assert_int_equal(process_ids((uint32_t)child.pid, child.start_ns, &ids), -ESRCH);
}

static void argv_is_read_and_cut(void **state)
{
	char args[PATH_MAX] = "", cut[4];
	ssize_t n = process_args((uint32_t)getpid(), args, sizeof(args));

	(void)state;
	assert_true(n > 0);
	assert_non_null(strstr(args, "test_process"));
	assert_int_equal(args[n - 1], 0);
	assert_int_equal(process_args((uint32_t)getpid(), cut, sizeof(cut)), 3);
	assert_memory_equal(cut, args, 3);
	assert_int_equal(process_args(UINT32_MAX, args, sizeof(args)), -ENOENT);
}

static void what_a_locked_kernel_keeps_back_comes_late(void **state)
{
	struct child child;
	struct event event;
	struct event_process *p = &event.process;
	char exe[PATH_MAX], *const argv[] = { "--hold", "it", NULL };

	(void)state;
	own_exe(exe);
	child_begin(&child, NULL, 0, argv);
	event = event_of(&child);
	assert_true(process_is_complete(p));
	p->exe[0] = '\0';
	p->args_length = 0;
	assert_false(process_is_complete(p));
	p->exe_ino++;
	assert_int_equal(process_complete(p), -ESRCH);
	p->exe_ino--;
	p->start_ns -= TICK_NS;
	assert_int_equal(process_complete(p), -ESRCH);
	p->start_ns += TICK_NS;
	assert_true(!p->exe[0] && !p->args_length);
	assert_int_equal(process_complete(p), 0);
	assert_string_equal(p->exe, exe);
	assert_int_equal(p->args_length, 10);
	assert_memory_equal(p->args, "--hold\0it", 10);
	/* The ids are those of the record, not of now. */
	assert_int_equal(p->uid, 1500);
	assert_int_equal(p->ppid, 7);
	child_end(&child);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_record_says_stands),
		cmocka_unit_test(another_process_with_the_pid_is_not_asked),
		cmocka_unit_test(a_truncated_path_is_completed),
		cmocka_unit_test(truncated_arguments_are_completed),
		cmocka_unit_test(sixteen_arguments_are_shown),
		cmocka_unit_test(the_cgroup_of_one_that_is_gone_is_found_by_its_id),
		cmocka_unit_test(an_actor_is_completed_while_it_is_the_same),
		cmocka_unit_test(a_file_keeps_its_path_while_it_lies_there),
		cmocka_unit_test(evmon_knows_itself),
		cmocka_unit_test(ids_are_those_of_the_very_process),
		cmocka_unit_test(argv_is_read_and_cut),
		cmocka_unit_test(what_a_locked_kernel_keeps_back_comes_late),
	};
	char byte;

	if (argc > 1 && !strcmp(argv[0], "--hold"))
		return read(STDIN_FILENO, &byte, 1) != 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
