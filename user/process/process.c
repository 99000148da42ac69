// SPDX-License-Identifier: Apache-2.0
/*
 * The record holds what the kernel knew at the moment of the deed; /proc is asked only for what did
 * not fit into it, and only while it shows the same process: the directory is opened once, so that
 * it can't become another's in between, and the start time in it must be the record's. A process
 * keeps its start time over exec, so its executable is compared too before a longer path or a
 * longer command line is taken. What stays unknown stays empty.
 */
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/macros.h"
#include "process/cgroup.h"

enum {
	STAT_MAX = 2048,       /* 52 numbers and a name */
	STATUS_MAX = 4096,     /* PPid:, Uid: and Gid: stand near the top */
	STAT_START_FIELD = 22, /* proc(5) */
	CGROUP_FILE_MAX = 64 << 10,
	ENV_MAX = 64 << 10
};

#define NS_PER_SECOND 1000000000ULL

/* /proc/<pid>/stat: the start in clock ticks since boot. The name in it is the process's own choice
 * and may hold anything, so fields are counted from the last parenthesis. */
static int proc_start_ticks(int proc_fd, uint64_t *ret_ticks)
{
	char stat[STAT_MAX], *at;
	ssize_t n = file_read_into(proc_fd, "stat", stat, sizeof(stat));

	if (n < 0)
		return (int)n;
	at = strrchr(stat, ')');
	for (int field = 2; at && field < STAT_START_FIELD; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return -EBADMSG;
	*ret_ticks = strtoull(at, NULL, 10);
	return 0;
}

/* The directory of the process that started then; start_ns 0: whoever has the pid. */
static int proc_open(uint32_t pid, uint64_t start_ns, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	char path[32];
	uint64_t ticks, ns_per_tick = NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
	int err;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	if (start_ns) {
		err = proc_start_ticks(fd, &ticks);
		if (err)
			return err;
		if (ticks != start_ns / ns_per_tick)
			return -ESRCH;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool file_is(int dir_fd, const char *path, uint32_t dev, uint64_t ino)
{
	struct stat st;

	return ino && !fstatat(dir_fd, path, &st, 0) && st.st_ino == ino &&
	       file_kernel_dev(st.st_dev) == dev;
}

static bool proc_exe_is(int proc_fd, uint32_t dev, uint64_t ino)
{
	return file_is(proc_fd, "exe", dev, ino);
}

/* known: the end of the path that the kernel gave, which the longer one must have too. */
static void proc_take_exe(int proc_fd, const char *known, struct process *p)
{
	static const char deleted[] = " (deleted)";
	char link[PROCESS_PATH_MAX];
	ssize_t got = readlinkat(proc_fd, "exe", link, sizeof(link) - 1);
	size_t n = got > 0 ? (size_t)got : 0, tail = strlen(known);

	if (!n || link[0] != '/')
		return;
	link[n] = '\0';
	if (n > sizeof(deleted) - 1 && !strcmp(link + n - (sizeof(deleted) - 1), deleted) &&
	    strcmp(known + tail - MIN(tail, sizeof(deleted) - 1), deleted) != 0)
		n -= sizeof(deleted) - 1;
	link[n] = '\0';
	if (n < tail || strcmp(link + n - tail, known) != 0)
		return;
	memcpy(p->exe, link, n + 1);
}

/* Takes whole arguments, as many and as long as an alert shows. */
static void take_args(struct process *p, const char *args, size_t n, bool cut)
{
	size_t end = 0;

	p->args_known = n > 0;
	for (int i = 0; i < PROCESS_ARGS && end < n; i++) {
		size_t length = strnlen(args + end, n - end);

		if (end + length + 1 > sizeof(p->args)) {
			cut = true;
			length = sizeof(p->args) - end - 1;
		}
		memcpy(p->args + end, args + end, length);
		end += length;
		p->args[end++] = '\0';
		if (end >= sizeof(p->args))
			break;
	}
	p->args_length = end;
	if (cut || end < n)
		p->truncated = true;
}

/* known: what the kernel gave, which the longer list must begin with (without its last NUL, since
 * the last argument may have been cut). */
static void proc_take_args(int proc_fd, const char *known, size_t known_length, struct process *p)
{
	char args[PROCESS_ARGS_MAX + 2];
	ssize_t n = file_read_into(proc_fd, "cmdline", args, sizeof(args));
	size_t same = known_length ? known_length - 1 : 0;

	if (n <= 0 || (size_t)n < known_length || memcmp(args, known, same) != 0)
		return;
	p->truncated = false;
	take_args(p, args, (size_t)n, false);
}

static void proc_take_cgroup(int proc_fd, struct process *p)
{
	_cleanup_(freep) char *text = NULL;

	if (!file_read(proc_fd, "cgroup", CGROUP_FILE_MAX, &text, NULL))
		cgroup_of_text(text, p->cgroup, sizeof(p->cgroup));
}

/* Completes the command line and the path that did not fit into the record. */
static void complete(int proc_fd, const struct event_process *e, struct process *p)
{
	if (!e->args_truncated && !e->exe_truncated)
		return;
	if (!proc_exe_is(proc_fd, e->exe_dev, e->exe_ino))
		return;
	if (e->args_truncated)
		proc_take_args(proc_fd, e->args, e->args_length, p);
	if (e->exe_truncated)
		proc_take_exe(proc_fd, e->exe, p);
}

void process_from_event(const struct event *event, struct process *ret_process)
{
	const struct event_process *e = &event->process;
	_cleanup_(closep) int proc_fd = -1;
	struct process *p = ret_process;

	memset(p, 0, sizeof(*p));
	p->pid = e->pid;
	p->ppid = e->ppid;
	p->start_us = e->start_ns / 1000;
	p->uid = e->uid;
	p->euid = e->euid;
	p->gid = e->gid;
	p->ids_known = e->start_ns != 0; /* else nobody has looked */
	memcpy(p->comm, e->comm, sizeof(p->comm));
	memcpy(p->exe, e->exe, sizeof(e->exe));
	p->exe_ino = e->exe_ino;
	p->exe_dev = e->exe_dev;
	take_args(p, e->args, e->args_length, e->args_truncated);
	if (!proc_open(e->pid, e->start_ns, &proc_fd)) {
		complete(proc_fd, e, p);
		proc_take_cgroup(proc_fd, p);
	}
	if (e->exe_truncated && p->exe[0] != '/')
		p->truncated = true;
	if (!p->cgroup[0] && e->cgroup_id)
		(void)cgroup_of_id(e->cgroup_id, p->cgroup, sizeof(p->cgroup));
}

void process_from_actor(const struct evmon_actor *actor, struct process *ret_process)
{
	_cleanup_(closep) int proc_fd = -1;
	struct process *p = ret_process;

	memset(p, 0, sizeof(*p));
	p->pid = actor->tgid;
	p->start_us = actor->start_ns / 1000;
	p->uid = actor->uid;
	p->exe_ino = actor->exe_ino;
	p->exe_dev = actor->exe_dev;
	memcpy(p->comm, actor->comm, sizeof(actor->comm));
	/* Without its start time nobody can say that the process is still the same. */
	if (!actor->start_ns || proc_open(actor->tgid, actor->start_ns, &proc_fd))
		return;
	proc_take_cgroup(proc_fd, p);
	if (!proc_exe_is(proc_fd, actor->exe_dev, actor->exe_ino))
		return;
	proc_take_exe(proc_fd, "", p);
	proc_take_args(proc_fd, "", 0, p);
}

void process_replace(struct process *p, const struct evmon_actor *actor)
{
	char exe[PROCESS_PATH_MAX] = "";

	if (p->exe_ino == actor->exe_ino && p->exe_dev == actor->exe_dev)
		memcpy(exe, p->exe, strlen(p->exe) + 1);
	process_from_actor(actor, p);
	if (!p->exe[0] && exe[0] && process_file_is(exe, actor->exe_dev, actor->exe_ino))
		memcpy(p->exe, exe, strlen(exe) + 1);
}

bool process_file_is(const char *path, uint32_t dev, uint64_t ino)
{
	return file_is(AT_FDCWD, path, dev, ino);
}

void process_self(struct process *ret_process)
{
	_cleanup_(closep) int proc_fd = -1;
	struct process *p = ret_process;
	uint64_t ticks;

	memset(p, 0, sizeof(*p));
	p->pid = (uint32_t)getpid();
	p->ppid = (uint32_t)getppid();
	p->uid = getuid();
	p->euid = geteuid();
	p->gid = getgid();
	p->ids_known = true;
	prctl(PR_GET_NAME, p->comm);
	if (proc_open(p->pid, 0, &proc_fd))
		return;
	if (!proc_start_ticks(proc_fd, &ticks))
		p->start_us = ticks * (1000000 / (uint64_t)sysconf(_SC_CLK_TCK));
	proc_take_exe(proc_fd, "", p);
	proc_take_args(proc_fd, "", 0, p);
	proc_take_cgroup(proc_fd, p);
}

/* The index-th number behind a name of /proc/<pid>/status. The kernel escapes a newline in the
 * process's own name, so what begins a line is the kernel's. */
static int status_number(const char *status, const char *name, unsigned index, uint32_t *ret)
{
	const char *at = strstr(status, name);
	unsigned long long number = 0;
	char *end;

	if (!at)
		return -EBADMSG;
	at += strlen(name);
	for (unsigned i = 0; i <= index; i++, at = end) {
		number = strtoull(at, &end, 10);
		if (end == at || number > UINT32_MAX)
			return -EBADMSG;
	}
	*ret = (uint32_t)number;
	return 0;
}

static int proc_ids(int proc_fd, struct process_ids *ret_ids)
{
	struct process_ids ids = { 0 };
	char status[STATUS_MAX];
	ssize_t n = file_read_into(proc_fd, "status", status, sizeof(status));
	int err;

	if (n < 0)
		return (int)n;
	err = status_number(status, "\nPPid:\t", 0, &ids.ppid);
	if (!err)
		err = status_number(status, "\nUid:\t", 0, &ids.uid); /* real, then effective */
	if (!err)
		err = status_number(status, "\nUid:\t", 1, &ids.euid);
	if (!err)
		err = status_number(status, "\nGid:\t", 0, &ids.gid);
	if (!err)
		*ret_ids = ids;
	return err;
}

int process_ids(uint32_t pid, uint64_t start_ns, struct process_ids *ret_ids)
{
	_cleanup_(closep) int proc_fd = -1;
	int err = proc_open(pid, start_ns, &proc_fd);

	return err ? err : proc_ids(proc_fd, ret_ids);
}

static int complete_ids(int proc_fd, struct event_process *e)
{
	uint64_t ticks, ns_per_tick = NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK);
	struct process_ids ids;
	int err = proc_start_ticks(proc_fd, &ticks);

	if (!err)
		err = proc_ids(proc_fd, &ids);
	if (err || ids.uid != e->uid)
		return err ? err : -ESRCH;
	e->start_ns = ticks * ns_per_tick;
	e->ppid = ids.ppid;
	e->euid = ids.euid;
	e->gid = ids.gid;
	return 0;
}

/* -ESRCH: it runs another file than the record says. To see which takes CAP_SYS_PTRACE. */
static int complete_exe(int proc_fd, struct event_process *e)
{
	struct process p = { 0 };
	struct stat st;

	if (fstatat(proc_fd, "exe", &st, 0) < 0)
		return 0;
	if (e->exe_ino && !proc_exe_is(proc_fd, e->exe_dev, e->exe_ino))
		return -ESRCH;
	proc_take_exe(proc_fd, "", &p);
	e->exe_ino = st.st_ino;
	e->exe_dev = file_kernel_dev(st.st_dev);
	if (strlen(p.exe) < sizeof(e->exe))
		memcpy(e->exe, p.exe, strlen(p.exe) + 1);
	return 0;
}

static void complete_args(int proc_fd, struct event_process *e)
{
	ssize_t n = file_read_into(proc_fd, "cmdline", e->args, sizeof(e->args));

	e->args_length = n > 0 ? (size_t)n : 0;
	e->args_truncated = e->args_length + 1 == sizeof(e->args);
	if (e->args_length && e->args[e->args_length - 1])
		e->args[e->args_length++] = '\0';
}

bool process_is_complete(const struct event_process *e)
{
	return e->start_ns && e->exe[0] && e->args_length;
}

int process_complete(struct event_process *e)
{
	_cleanup_(closep) int proc_fd = -1;
	int err = proc_open(e->pid, e->start_ns, &proc_fd);

	if (!err && !e->start_ns)
		err = complete_ids(proc_fd, e);
	if (!err && !e->exe[0])
		err = complete_exe(proc_fd, e);
	if (!err && !e->args_length)
		complete_args(proc_fd, e);
	return err;
}

int process_env(uint32_t pid, const char *name, char *buffer, size_t size)
{
	_cleanup_(freep) char *text = malloc(ENV_MAX);
	size_t length = strlen(name);
	char path[32];
	ssize_t n;

	if (!text)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%u/environ", pid);
	n = file_read_into(AT_FDCWD, path, text, ENV_MAX);
	if (n < 0)
		return (int)n;
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(text + at) + 1) {
		if (strncmp(text + at, name, length) != 0 || text[at + (ssize_t)length] != '=')
			continue;
		snprintf(buffer, size, "%s", text + at + length + 1);
		return 0;
	}
	return -ENOENT;
}

int process_exe(uint32_t pid, uint64_t start_ns, char *ret_exe, size_t size)
{
	_cleanup_(freep) struct process *p = calloc(1, sizeof(*p));
	_cleanup_(closep) int fd = -1;
	int err = p ? proc_open(pid, start_ns, &fd) : -ENOMEM;
	size_t n;

	if (err < 0)
		return err;
	proc_take_exe(fd, "", p);
	n = strlen(p->exe);
	if (!n)
		return -ENOENT;
	snprintf(ret_exe, size, "%s", n < size ? p->exe : p->exe + n - (size - 1));
	return 0;
}

ssize_t process_args(uint32_t pid, char *buffer, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	return file_read_into(AT_FDCWD, path, buffer, size);
}
