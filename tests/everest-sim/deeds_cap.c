// SPDX-License-Identifier: Apache-2.0
/*
 * Misdeeds with capabilities: for each, one system call that asks the kernel for exactly that one
 * and, granted, changes nothing that lasts. Some are written so that the right is asked for before
 * the arguments are looked at, and the arguments are wrong: granted, the call fails with the errno
 * in `granted_as`. EPERM and EACCES mean denied; any other failure is told as it is.
 *
 * The kernel's check for CAP_SETPCAP goes past the security hooks, and a denied CAP_DAC_READ_SEARCH
 * is followed by a check of CAP_DAC_OVERRIDE: that is the kernel's way. CAP_FOWNER and CAP_KILL are
 * not asked for by the owner, root.
 */

#include <fcntl.h>
#include <linux/capability.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "caps.h"
#include "cleanup.h"
#include "deeds.h"
#include "net.h"
#include "text.h"
#include "user.h"

static int result(long value)
{
	return value < 0 ? -errno : 0;
}

/* An anonymous file, owned by whoever runs this. */
static int file_make(void)
{
	return memfd_create("evmon-sim", MFD_CLOEXEC);
}

static int use_chown(void)
{
	_cleanup_(closep) int fd = file_make();

	return fd < 0 ? -errno : result(fchown(fd, 12345, (gid_t)-1));
}

/* Opens an own file whose mode lets nobody in. */
static int open_forbidden(int flags)
{
	_cleanup_(closep) int fd = file_make();
	_cleanup_(closep) int again = -1;
	char path[64];

	if (fd < 0 || fchmod(fd, 0) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	return result(again);
}

static int use_dac_override(void)
{
	return open_forbidden(O_WRONLY);
}

static int use_dac_read_search(void)
{
	return open_forbidden(O_RDONLY);
}

static int use_fowner(void)
{
	struct stat st;

	if (stat("/", &st) < 0)
		return -errno;
	return result(chmod("/", st.st_mode & 07777));
}

static int use_kill(void)
{
	return result(kill(1, 0));
}

/* Credentials in a message that are not one's own. */
static int credentials_send(uid_t uid, gid_t gid)
{
	struct ucred ucred = { .pid = getpid(), .uid = uid, .gid = gid };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	char buffer[CMSG_SPACE(sizeof(ucred))] = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = buffer,
		.msg_controllen = sizeof(buffer),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	_cleanup_(closep) int near = -1;
	_cleanup_(closep) int far = -1;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	near = fds[0];
	far = fds[1];
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_CREDENTIALS;
	head->cmsg_len = CMSG_LEN(sizeof(ucred));
	memcpy(CMSG_DATA(head), &ucred, sizeof(ucred));
	return result(sendmsg(near, &msg, MSG_NOSIGNAL));
}

static int use_setuid(void)
{
	return credentials_send(12345, getgid());
}

static int use_setgid(void)
{
	return credentials_send(getuid(), 12345);
}

static int use_setpcap(void)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	return bits < 0 ? -errno : result(prctl(PR_SET_SECUREBITS, bits, 0, 0, 0));
}

static int use_net_bind_service(void)
{
	const struct net_endpoint endpoint = { .proto = NET_TCP,
					       .family = AF_INET,
					       .address = "127.0.0.1",
					       .port = 1 };
	_cleanup_(closep) int fd = -1;

	return net_bind(&endpoint, &fd);
}

static int use_net_admin(void)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int size = 4096;

	if (fd < 0)
		return -errno;
	return result(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)));
}

static int use_net_raw(void)
{
	_cleanup_(closep) int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	return result(fd);
}

/* Locking memory asks only where the limit is 0. */
static int use_ipc_lock(void)
{
	struct rlimit old, none;
	char page = 0;
	int err;

	if (getrlimit(RLIMIT_MEMLOCK, &old) < 0)
		return -errno;
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = old.rlim_max };
	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		return -errno;
	err = result(syscall(SYS_mlock, &page, 1)); /* sanitizers swallow mlock() */
	if (err == 0)
		munlock(&page, 1);
	return setrlimit(RLIMIT_MEMLOCK, &old) < 0 ? -errno : err;
}

static int use_sys_module(void)
{
	return result(syscall(SYS_delete_module, "evmon_sim_no_such_module", O_NONBLOCK));
}

static int use_sys_chroot(void)
{
	return result(chroot("/"));
}

/* Looks into an own child that can't be dumped: that asks, whoever runs this. */
static int use_sys_ptrace(void)
{
	_cleanup_(closep) int near = -1;
	_cleanup_(closep) int far = -1;
	char path[32], target[16];
	int fds[2];
	pid_t pid;
	int err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	near = fds[0];
	far = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(TAKE_FD(near));
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		_exit(send(far, "", 1, MSG_NOSIGNAL) == 1 && recv(far, target, 1, 0) == 0 ? 0 : 1);
	}
	close(TAKE_FD(far));
	if (recv(near, target, 1, 0) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
		err = result(readlink(path, target, sizeof(target)));
	} else {
		err = -ECHILD;
	}
	close(TAKE_FD(near));
	waitpid(pid, NULL, 0);
	return err;
}

static int use_sys_pacct(void)
{
	return result(acct("/evmon-sim-no-such-file"));
}

static int use_sys_admin(void)
{
	return result(syscall(SYS_sethostname, "", -1));
}

/* Without its magic numbers the call can't restart anything. */
static int use_sys_boot(void)
{
	return result(syscall(SYS_reboot, 0, 0, 0, NULL));
}

static int use_sys_nice(void)
{
	int nice_value;
	int err;

	errno = 0;
	nice_value = getpriority(PRIO_PROCESS, 0);
	if (nice_value == -1 && errno)
		return -errno;
	err = result(setpriority(PRIO_PROCESS, 0, nice_value - 1));
	if (err == 0)
		err = result(setpriority(PRIO_PROCESS, 0, nice_value));
	return err;
}

static int use_sys_resource(void)
{
	struct rlimit old, more;

	if (getrlimit(RLIMIT_MSGQUEUE, &old) < 0)
		return -errno;
	more = (struct rlimit){ .rlim_cur = old.rlim_cur, .rlim_max = old.rlim_max + 1 };
	if (setrlimit(RLIMIT_MSGQUEUE, &more) < 0)
		return -errno;
	return result(setrlimit(RLIMIT_MSGQUEUE, &old));
}

/* Writes back the estimate of the clock's error that it read: the clock itself is not touched. */
static int use_sys_time(void)
{
	struct timex now = { 0 };
	struct timex same = { .modes = ADJ_ESTERROR };

	if (adjtimex(&now) < 0)
		return -errno;
	same.esterror = now.esterror;
	return result(adjtimex(&same));
}

static int use_mknod(void)
{
	const char *dir = getenv("EVEREST_SIM_DIR");
	char path[256];
	int err;

	snprintf(path, sizeof(path), "%s/evmon-sim-node.%d", dir ? dir : "/tmp", (int)getpid());
	err = result(mknod(path, S_IFCHR, makedev(1, 3)));
	if (err == 0)
		unlink(path);
	return err;
}

static int use_syslog(void)
{
	enum {
		SIZE_UNREAD = 9
	};

	return result(syscall(SYS_syslog, SIZE_UNREAD, NULL, 0));
}

static int use_wake_alarm(void)
{
	_cleanup_(closep) int fd = timerfd_create(CLOCK_BOOTTIME_ALARM, TFD_CLOEXEC);

	return result(fd);
}

static const struct use {
	int (*try)(void);
	int granted_as; /* the errno by which a granted call fails, 0: none */
} uses[] = {
	[CAP_CHOWN] = { use_chown, 0 },
	[CAP_DAC_OVERRIDE] = { use_dac_override, 0 },
	[CAP_DAC_READ_SEARCH] = { use_dac_read_search, 0 },
	[CAP_FOWNER] = { use_fowner, 0 },
	[CAP_KILL] = { use_kill, 0 },
	[CAP_SETGID] = { use_setgid, 0 },
	[CAP_SETUID] = { use_setuid, 0 },
	[CAP_SETPCAP] = { use_setpcap, 0 },
	[CAP_NET_BIND_SERVICE] = { use_net_bind_service, EADDRINUSE },
	[CAP_NET_ADMIN] = { use_net_admin, 0 },
	[CAP_NET_RAW] = { use_net_raw, 0 },
	[CAP_IPC_LOCK] = { use_ipc_lock, 0 },
	[CAP_SYS_MODULE] = { use_sys_module, ENOENT },
	[CAP_SYS_CHROOT] = { use_sys_chroot, 0 },
	[CAP_SYS_PTRACE] = { use_sys_ptrace, 0 },
	[CAP_SYS_PACCT] = { use_sys_pacct, ENOENT },
	[CAP_SYS_ADMIN] = { use_sys_admin, EINVAL },
	[CAP_SYS_BOOT] = { use_sys_boot, EINVAL },
	[CAP_SYS_NICE] = { use_sys_nice, 0 },
	[CAP_SYS_RESOURCE] = { use_sys_resource, 0 },
	[CAP_SYS_TIME] = { use_sys_time, 0 },
	[CAP_MKNOD] = { use_mknod, 0 },
	[CAP_SYSLOG] = { use_syslog, 0 },
	[CAP_WAKE_ALARM] = { use_wake_alarm, 0 },
};

static const char *outcome_name(int err)
{
	if (err == 0)
		return "granted";
	return err == EPERM || err == EACCES ? "denied" : "not asked for";
}

void deed_cap(struct deeds *deeds, int n_words, char *const words[], struct answer *ret)
{
	int cap = caps_from_name(words[1]);
	const struct use *use;
	unsigned int count = 1;

	(void)deeds;
	if (cap < 0 || (size_t)cap >= sizeof(uses) / sizeof(uses[0]) || !uses[cap].try ||
	    (n_words > 2 && text_uint(words[2], 1000000, &count) < 0)) {
		answer_count(ret, -EINVAL);
		snprintf(ret->note, sizeof(ret->note), "no such capability here, or no such count");
		return;
	}
	use = &uses[cap];
	while (count--) {
		int err = use->try();

		answer_count(ret, use->granted_as && err == -use->granted_as ? 0 : err);
	}
	snprintf(ret->note, sizeof(ret->note), "%s %s", caps_name((unsigned int)cap),
		 outcome_name(ret->err));
}
