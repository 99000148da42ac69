// SPDX-License-Identifier: Apache-2.0
/*
 * Everything about a process comes out of one directory that is opened once, so that it is of one
 * process even if the number is taken anew meanwhile. Names in it are the process's own choice; the
 * kernel escapes newlines in them, and fields of stat are counted from the last parenthesis.
 */
#include "kernel/proc_task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"

enum {
	TEXT_MAX = 4096,
	FIELD_PPID = 4, /* proc(5) */
	FIELD_FLAGS = 9,
	FIELD_START = 22
};

#define PF_FORKNOEXEC 0x00000040
#define PF_KTHREAD    0x00200000

static int stat_read(const char *stat, struct proc_task *task)
{
	const char *name = strchr(stat, '('), *at = strrchr(stat, ')');
	uint64_t ns_per_tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
	unsigned long long field[FIELD_START + 1] = { 0 };
	char *end;

	if (!name || !at || at < name)
		return -EBADMSG;
	snprintf(task->comm, sizeof(task->comm), "%.*s", (int)(at - name - 1), name + 1);
	at += MIN(strlen(at), (size_t)3); /* ") S" */
	for (unsigned i = FIELD_PPID; i <= FIELD_START; i++, at = end) {
		field[i] = strtoull(at, &end, 10);
		if (end == at)
			return -EBADMSG;
	}
	task->ppid = (uint32_t)field[FIELD_PPID];
	task->forked_only = field[FIELD_FLAGS] & PF_FORKNOEXEC;
	task->is_kernel = field[FIELD_FLAGS] & PF_KTHREAD;
	task->start_ns = field[FIELD_START] * ns_per_tick;
	return 0;
}

static int line_read(const char *status, const char *name, int base, unsigned n, uint64_t *ret)
{
	const char *at = strstr(status, name);
	char *end;

	if (!at)
		return -EBADMSG;
	at += strlen(name);
	for (unsigned i = 0; i < n; i++, at = end) {
		ret[i] = strtoull(at, &end, base);
		if (end == at)
			return -EBADMSG;
	}
	return 0;
}

int proc_task_of_text(const char *stat, const char *status, struct proc_task *ret_task)
{
	uint64_t tgid, uids[3], gid, permitted, ambient;
	struct proc_task task = { 0 };
	int err = stat_read(stat, &task);

	if (err >= 0)
		err = line_read(status, "\nTgid:", 10, 1, &tgid);
	if (err >= 0)
		err = line_read(status, "\nUid:", 10, 3, uids);
	if (err >= 0)
		err = line_read(status, "\nGid:", 10, 1, &gid);
	if (err >= 0)
		err = line_read(status, "\nCapPrm:", 16, 1, &permitted);
	if (err >= 0)
		err = line_read(status, "\nCapAmb:", 16, 1, &ambient);
	if (err < 0)
		return err;
	task.pid = (uint32_t)tgid;
	task.uid = (uint32_t)uids[0];
	task.euid = (uint32_t)uids[1];
	task.suid = (uint32_t)uids[2];
	task.gid = (uint32_t)gid;
	task.held = permitted | ambient;
	*ret_task = task;
	return 0;
}

static void cgroup_read(int fd, struct proc_task *task)
{
	char text[TEXT_MAX], *at, *end;

	if (file_read_into(fd, "cgroup", text, sizeof(text)) <= 0)
		return;
	at = !strncmp(text, "0::", 3) ? text : strstr(text, "\n0::");
	if (!at)
		return;
	at = strchr(at, '/');
	end = at ? strchr(at, '\n') : NULL;
	if (end && (size_t)(end - at) < sizeof(task->cgroup))
		memcpy(task->cgroup, at, (size_t)(end - at));
}

int proc_task_read(uint32_t pid, struct proc_task *ret_task)
{
	_cleanup_(closep) int fd = -1;
	char path[32], stat[TEXT_MAX], status[TEXT_MAX];
	struct proc_task task;
	struct stat exe;
	int err;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	if (file_read_into(fd, "stat", stat, sizeof(stat)) <= 0 ||
	    file_read_into(fd, "status", status, sizeof(status)) <= 0)
		return -ESRCH;
	err = proc_task_of_text(stat, status, &task);
	if (err < 0)
		return err;
	if (task.pid != pid)
		return -ESRCH;
	if (fstatat(fd, "exe", &exe, 0) == 0) {
		task.exe_ino = exe.st_ino;
		task.exe_dev = file_kernel_dev(exe.st_dev);
	}
	cgroup_read(fd, &task);
	*ret_task = task;
	return 0;
}
