/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The system call that the current task is in, out of the registers that it came with: which one,
 * and its first three arguments. bpf_task_pt_regs() is there from 5.15 on; before they are looked
 * for where x86-64 puts them, at the end of the task's stack, and that goes with 5.10. On
 * architectures that are not listed no call is known. A program of the 32-bit ABI has numbers of
 * its own, that mean other calls: none of them makes a check that is asked about here.
 */
#include "maps.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define SYSCALL_UNKNOWN 0xffffffff /* also what a kernel thread has */

struct syscall {
	__u32 number;
	__u64 first, second, third;
};

#if defined(__TARGET_ARCH_x86)
enum {
	SYSCALL_EXECVE_32 = 11,
	SYSCALL_IOCTL = 16,
	SYSCALL_SOCKET_FIRST = 41, /* socket() to getsockopt(), all of sockets */
	SYSCALL_CONNECT = 42,
	SYSCALL_SENDTO = 44,
	SYSCALL_SENDMSG = 46,
	SYSCALL_SETSOCKOPT = 54,
	SYSCALL_SOCKET_LAST = 55,
	SYSCALL_EXECVE = 59,
	SYSCALL_SETUID = 105,
	SYSCALL_SETGID = 106,
	SYSCALL_CAPSET = 126,
	SYSCALL_SENDMMSG = 307,
	SYSCALL_EXECVEAT = 322,
	SYSCALL_EXECVEAT_32 = 358,
};
#else /* the numbers that newer architectures share: asm-generic/unistd.h */
enum {
	SYSCALL_EXECVE_32 = 11,
	SYSCALL_IOCTL = 29,
	SYSCALL_CAPSET = 91,
	SYSCALL_SETGID = 144,
	SYSCALL_SETUID = 146,
	SYSCALL_SOCKET_FIRST = 198,
	SYSCALL_CONNECT = 203,
	SYSCALL_SENDTO = 206,
	SYSCALL_SETSOCKOPT = 208,
	SYSCALL_SENDMSG = 211,
	SYSCALL_SOCKET_LAST = 212,
	SYSCALL_EXECVE = 221,
	SYSCALL_SENDMMSG = 269,
	SYSCALL_EXECVEAT = 281,
	SYSCALL_EXECVEAT_32 = 387,
};
#endif

#if defined(__TARGET_ARCH_x86)
static __always_inline void syscall_read(const void *registers, struct syscall *ret)
{
	const struct pt_regs___entry_x86 *regs = registers;

	ret->number = regs->orig_ax;
	ret->first = regs->di;
	ret->second = regs->si;
	ret->third = regs->dx;
}

#define STACK_BYTES 16384 /* THREAD_SIZE, but with KASAN */
#define USER_MODE   3	  /* of cs: what lies there is what the task came with from there */

static __always_inline bool syscall_on_stack(struct syscall *ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct pt_regs___entry_x86 *regs;

	if (!evmon_can_read_kernel)
		return false;
	regs = BPF_CORE_READ(task, stack) + STACK_BYTES - bpf_core_type_size(*regs);
	if ((BPF_CORE_READ(regs, cs) & USER_MODE) != USER_MODE)
		return false;
	ret->number = BPF_CORE_READ(regs, orig_ax);
	ret->first = BPF_CORE_READ(regs, di);
	ret->second = BPF_CORE_READ(regs, si);
	ret->third = BPF_CORE_READ(regs, dx);
	return ret->number != SYSCALL_UNKNOWN;
}
#elif defined(__TARGET_ARCH_arm64)
static __always_inline void syscall_read(const void *registers, struct syscall *ret)
{
	const struct pt_regs___entry_arm64 *regs = registers;

	ret->number = regs->syscallno;
	ret->first = regs->orig_x0;
	ret->second = regs->regs[1];
	ret->third = regs->regs[2];
}
#else
static __always_inline void syscall_read(const void *registers, struct syscall *ret)
{
	ret->number = SYSCALL_UNKNOWN;
}
#endif

#if !defined(__TARGET_ARCH_x86)
static __always_inline bool syscall_on_stack(struct syscall *ret)
{
	return false;
}
#endif

/* False: not known. */
static __always_inline bool syscall_current(struct syscall *ret)
{
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return syscall_on_stack(ret);
	syscall_read((const void *)bpf_task_pt_regs(bpf_get_current_task_btf()), ret);
	return ret->number != SYSCALL_UNKNOWN;
}

static __always_inline bool syscall_is_of_sockets(const struct syscall *call)
{
	return call->number == SYSCALL_IOCTL || call->number == SYSCALL_SENDMMSG ||
	       (call->number >= SYSCALL_SOCKET_FIRST && call->number <= SYSCALL_SOCKET_LAST);
}

/* Of either ABI: the numbers of one mean nothing in the other that changes credentials. */
static __always_inline bool syscall_is_exec(const struct syscall *call)
{
	return call->number == SYSCALL_EXECVE || call->number == SYSCALL_EXECVEAT ||
	       call->number == SYSCALL_EXECVE_32 || call->number == SYSCALL_EXECVEAT_32;
}
