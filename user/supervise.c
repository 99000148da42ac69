// SPDX-License-Identifier: Apache-2.0
/*
 * Where systemd starts both programs it also restarts both, and this file does nothing. Elsewhere
 * the daemon starts evmon-publish, as the user of that name and with no right at all, starts it
 * again after 1 to 60 seconds whenever it ends, and ends it at its own end. A daemon that is killed
 * takes it along: the kernel sends it SIGTERM then. The lock on its cursor keeps a second one out.
 *
 * The user is looked for in /etc/passwd itself: libc might ask the network. Without that user
 * nothing is started, since any other one has files and processes of its own.
 */
#include "supervise.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "daemon.h"
#include "journal/lost.h"
#include "report.h"

#define USER	  "evmon-publish"
#define SECOND_NS 1000000000ULL

enum {
	WAIT_MAX_S = 60,    /* between two starts */
	STEADY_S = 60,	    /* who ran that long did not fail at its start */
	PATIENCE_MS = 3000, /* it waits for acknowledgements a second at most */
	NOT_RUN = 127
};

/* All that the child needs, made before the fork. */
struct plan {
	char program[PATH_MAX], cursor_dir[PATH_MAX], run_dir[PATH_MAX];
	uid_t uid;
	gid_t gid;
	gid_t journal; /* the group that may read the journal */
	pid_t parent;
};

static bool is_wanted(const struct daemon *daemon)
{
	return daemon->mqtt_url[0] && !daemon->options->no_publish && !getenv("NOTIFY_SOCKET");
}

static void file_freep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static int find_user(struct plan *plan)
{
	_cleanup_(file_freep) FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry;

	if (!file)
		return -errno;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	while ((entry = fgetpwent(file)))
		if (strcmp(entry->pw_name, USER) == 0 && entry->pw_uid != 0) {
			plan->uid = entry->pw_uid;
			plan->gid = entry->pw_gid;
			return 0;
		}
	return -ESRCH;
}

/* It lies where evmon lies. */
static int find_program(struct plan *plan)
{
	ssize_t n = readlink("/proc/self/exe", plan->program, sizeof(plan->program) - 1);
	char *slash;

	if (n < 0)
		return -errno;
	plan->program[n] = '\0';
	slash = strrchr(plan->program, '/');
	if (!slash || (size_t)(slash - plan->program) + sizeof("/" USER) > sizeof(plan->program))
		return -ENAMETOOLONG;
	snprintf(slash, sizeof("/" USER), "/" USER);
	return access(plan->program, X_OK) < 0 ? -errno : 0;
}

static int give_files(int dir_fd, gid_t gid)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int err = 0;

	if (!dir) {
		err = -errno;
		closep(&fd);
		return err;
	}
	while (err == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    fchownat(dir_fd, entry->d_name, (uid_t)-1, gid, AT_SYMLINK_NOFOLLOW) < 0)
			err = -errno;
	closedir(dir);
	return err;
}

/* A journal of root's group alone was made before anybody said who may read it. Any other group was
 * chosen by somebody, and is joined. */
static int open_journal(const struct daemon *daemon, struct plan *plan)
{
	_cleanup_(closep) int dir_fd = -1;
	struct stat st;
	int err;

	dir_fd = openat(daemon->state_fd, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || fstat(dir_fd, &st) < 0)
		return -errno;
	plan->journal = st.st_gid;
	if (st.st_gid != 0)
		return 0;
	plan->journal = plan->gid;
	err = give_files(dir_fd, plan->gid);
	/* The directory is last: as long as it is root's, all of it is done again. */
	if (err == 0 && (fchown(daemon->state_fd, (uid_t)-1, plan->gid) < 0 ||
			 fchown(dir_fd, (uid_t)-1, plan->gid) < 0 || fchmod(dir_fd, 02750) < 0))
		err = -errno;
	return err;
}

static int make_cursor_dir(const struct daemon *daemon, struct plan *plan)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;
	int err = lost_cursor_dir(daemon->options->state_dir, plan->cursor_dir);

	if (err == 0)
		err = dir_open_make(plan->cursor_dir, 0755, &fd);
	if (err < 0)
		return err;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == 0 && fchown(fd, plan->uid, plan->gid) < 0 ? -errno : 0;
}

/* What is missing, in words. */
static int make_plan(const struct daemon *daemon, struct plan *plan,
		     char error[SUPERVISE_ERROR_MAX])
{
	int err = geteuid() == 0 ? find_user(plan) : -EPERM;

	if (err < 0) {
		snprintf(error, SUPERVISE_ERROR_MAX, "%s",
			 err == -EPERM ? "evmon is not root and can't be the user " USER :
					 "there is no user " USER " to run it as");
		return err;
	}
	err = find_program(plan);
	if (err < 0) {
		snprintf(error, SUPERVISE_ERROR_MAX, "%.120s: %s", plan->program, strerror(-err));
		return err;
	}
	err = open_journal(daemon, plan);
	if (err == 0)
		err = make_cursor_dir(daemon, plan);
	if (err < 0)
		snprintf(error, SUPERVISE_ERROR_MAX,
			 "cannot prepare journal and cursor for " USER ": %s", strerror(-err));
	snprintf(plan->run_dir, sizeof(plan->run_dir), "%s", daemon->options->run_dir);
	plan->parent = getpid();
	return err;
}

/* Nothing of root's is left, and nothing brings it back. */
static int drop_rights(const struct plan *plan)
{
	for (unsigned long capability = 0; capability < 64; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL)
			return -errno;
	if (setgroups(plan->journal != plan->gid, &plan->journal) < 0 ||
	    setresgid(plan->gid, plan->gid, plan->gid) < 0 ||
	    setresuid(plan->uid, plan->uid, plan->uid) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* Between fork and exec: only calls that are safe there. */
static void child(struct plan *plan)
{
	char run_dir[] = "--run-dir", cursor_dir[] = "--cursor-dir";
	char *const argv[] = { plan->program, run_dir,		plan->run_dir,
			       cursor_dir,    plan->cursor_dir, NULL };
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const environment[] = { path, NULL };
	sigset_t none;
	int null;

	sigemptyset(&none);
	if (drop_rights(plan) < 0)
		return;
	/* After the ids have changed, which clears it. The daemon may be gone by then. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0 || getppid() != plan->parent)
		return;
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return;
	execve(plan->program, argv, environment);
}

static void set_error(struct daemon *daemon, const char *error)
{
	struct supervise *s = &daemon->supervise;

	if (strcmp(s->error, error) != 0 && error[0])
		log_warning("evmon-publish does not run: %s", error);
	snprintf(s->error, sizeof(s->error), "%s", error);
}

static int on_end(int fd, uint32_t events, void *userdata)
{
	struct daemon *daemon = userdata;
	struct supervise *s = &daemon->supervise;
	uint64_t now_ns = clock_boot_ns(), wait_s;
	char error[SUPERVISE_ERROR_MAX];
	int status = 0;

	(void)fd;
	(void)events;
	if (waitpid(s->pid, &status, WNOHANG) <= 0)
		return 0;
	s->pid = 0;
	loop_remove(daemon->loop, TAKE_PTR(s->end));
	s->failures = now_ns >= s->started_ns + STEADY_S * SECOND_NS ? 1 : s->failures + 1;
	wait_s = MIN(1ULL << MIN(s->failures - 1, 6U), (uint64_t)WAIT_MAX_S);
	s->next_ns = now_ns + wait_s * SECOND_NS;
	snprintf(error, sizeof(error), "it ended with %s %d",
		 WIFSIGNALED(status) ? "signal" : "status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	set_error(daemon, error);
	report_status(daemon);
	return loop_timer_set(daemon->supervise_timer, s->next_ns);
}

static int start(struct daemon *daemon, struct plan *plan)
{
	struct supervise *s = &daemon->supervise;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		child(plan);
		_exit(NOT_RUN);
	}
	s->pid = pid;
	s->starts++;
	s->started_ns = clock_boot_ns();
	set_error(daemon, "");
	log_notice("evmon-publish runs as uid %u, pid %d", (unsigned)plan->uid, (int)pid);
	report_status(daemon);
	return loop_add_pid(daemon->loop, pid, on_end, daemon, &s->end);
}

int supervise_look(struct daemon *daemon)
{
	struct supervise *s = &daemon->supervise;
	char error[SUPERVISE_ERROR_MAX];
	struct plan plan = { .uid = 0 };

	if (s->pid || !is_wanted(daemon) || clock_boot_ns() < s->next_ns)
		return 0;
	if (make_plan(daemon, &plan, error) < 0) {
		set_error(daemon, error);
		return 0;
	}
	return start(daemon, &plan);
}

void supervise_end(struct daemon *daemon)
{
	struct supervise *s = &daemon->supervise;
	struct pollfd end = { .fd = -1, .events = POLLIN };

	if (!s->pid)
		return;
	loop_remove(daemon->loop, TAKE_PTR(s->end));
	end.fd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	kill(s->pid, SIGTERM);
	if (end.fd < 0 || poll(&end, 1, PATIENCE_MS) == 0)
		kill(s->pid, SIGKILL);
	closep(&end.fd);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

void supervise_write_json(struct json *json, const struct daemon *daemon)
{
	const struct supervise *s = &daemon->supervise;

	json_object(json, "publisher");
	json_bool(json, "supervised", is_wanted(daemon));
	if (s->pid)
		json_uint(json, "pid", (uint64_t)s->pid);
	else
		json_null(json, "pid");
	json_uint(json, "starts", s->starts);
	json_string(json, "error", s->error[0] ? s->error : NULL);
	json_close_object(json);
}
