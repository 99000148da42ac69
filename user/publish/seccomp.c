// SPDX-License-Identifier: Apache-2.0
/*
 * Where systemd starts the publisher, its unit's SystemCallFilter= says what may be called, in
 * groups that systemd keeps in step with the C library. A list of that kind, kept by hand, would
 * break with the next C library; so this one, which holds wherever the program is started, says
 * what may not be: to run a program, to look into another process, to change the kernel or what is
 * mounted, to make namespaces, to hold keys. A call under another architecture's numbers ends the
 * process.
 *
 * EPERM and not a signal: what a library tries in passing it has to live without.
 */
#include "publish/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/macros.h"

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define OWN_ARCHITECTURE AUDIT_ARCH_ARM
#else
#define OWN_ARCHITECTURE 0
#endif

#define X32_BIT 0x40000000U

static const unsigned forbidden[] = {
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_unshare,
	SYS_setns,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	SYS_open_by_handle_at,
	SYS_kcmp,
	SYS_personality,
	SYS_quotactl,
	SYS_acct,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_sethostname,
	SYS_setdomainname,
};

enum {
	HEAD = 5,
	TAIL = 2
};

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset);
}

static struct sock_filter give(unsigned what)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what);
}

int seccomp_install(void)
{
	struct sock_filter code[HEAD + ARRAY_SIZE(forbidden) + TAIL];
	const struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };
	size_t n = 0;

	if (!OWN_ARCHITECTURE)
		return -ENOTSUP;
	code[n++] = load(offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0);
	code[n++] = give(SECCOMP_RET_KILL_PROCESS);
	code[n++] = load(offsetof(struct seccomp_data, nr));
	/* x32 has the architecture of amd64, and numbers of its own. */
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT,
						 (unsigned char)ARRAY_SIZE(forbidden) + 1, 0);
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i],
							 (unsigned char)(ARRAY_SIZE(forbidden) - i),
							 0);
	code[n++] = give(SECCOMP_RET_ALLOW);
	code[n++] = give(SECCOMP_RET_ERRNO | EPERM);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return errno == EINVAL || errno == ENOSYS ? -ENOTSUP : -errno;
	return 0;
}
