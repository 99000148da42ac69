// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * SCTP's own ways to a port: bindx (a list of addresses), listen, connect and send without bind.
 * All end in one function of its module, which is hooked when the module is there
 * (kernel/kmod.c): then it tells bind, too, and the hooks of all protocols leave SCTP alone. What
 * bindx asks for has a security hook of its own, in the kernel itself.
 *
 *   fexit/sctp_do_bind                      tiers A and B, with BTF of modules: each address, bound
 *   lsm/sctp_bind_connect                   tier A: denies
 *   fmod_ret/security_sctp_bind_connect     tier B: denies
 *   fexit/security_sctp_bind_connect        tiers A and B, while tracing: sees what was refused
 *
 * sctp_do_bind() is told the same for "any port" and "none asked for". That it is listen's shows in
 * the socket's state, which is LISTEN by then; that it is connect's or send's, in the system call.
 */
#include "bind.bpf.h"
#include "syscall.bpf.h"
#include "verdict.bpf.h"

#define BINDX_ADD	100 /* SCTP_SOCKOPT_BINDX_ADD */
#define BINDX_ADDRESSES 6   /* of those beyond the first is judged as if of any scope */

/* The port is the socket's need, and no bind, bindx or io_uring has asked for any. */
static __always_inline bool is_automatic(void)
{
	struct syscall call;

	if (!syscall_current(&call))
		return false;
	if (call.number == SYSCALL_SETSOCKOPT) /* connectx */
		return call.second == IPPROTO_SCTP && call.third != BINDX_ADD;
	return call.number == SYSCALL_CONNECT || call.number == SYSCALL_SENDTO ||
	       call.number == SYSCALL_SENDMSG || call.number == SYSCALL_SENDMMSG;
}

SEC("?fexit/sctp_do_bind")
int BPF_PROG(fexit_sctp_do_bind, struct sock *sk, void *address, int length, int ret)
{
	struct finding f = { .hook = EVMON_HOOK_FEXIT_SCTP_DO_BIND };
	__u16 port = 0;

	if (ret || !finding_socket(&f, sk, proto_of(sk->sk_protocol, sk->sk_type)))
		return 0;
	/* Of either family. A socket that has its port has written it here. */
	__builtin_memcpy(&port, (char *)address + 2, sizeof(port));
	f.detail.bind.asked_port = bpf_ntohs(port);
	if (!port && sk->__sk_common.skc_state == TCP_LISTEN)
		f.detail.bind.how = EVMON_BIND_LISTEN;
	else if (!port && is_automatic())
		f.detail.bind.how = EVMON_BIND_AUTO;
	bound(&f);
	return 0;
}

/* One address of the list at `at`; its size, or 0: the list ends or cannot be read. */
static __always_inline __u32 address_at(struct finding *f, const char *at, __u32 left)
{
	__u32 raw[7] = {};
	__u32 size;

	if (left < 16 || bpf_probe_read_kernel(raw, 16, at))
		return 0;
	size = (raw[0] & 0xffff) == AF_INET6 ? 28 : 16;
	f->key.object.bind.port = bpf_ntohs(raw[0] >> 16);
	f->key.object.bind.proto = EVMON_PROTO_SCTP;
	if (size == 16) {
		finding_address(f, raw[1], NULL);
		return size;
	}
	if (left < 28 || bpf_probe_read_kernel(raw + 4, 12, at + 16))
		return 0;
	finding_address(f, 0, raw + 2);
	return size;
}

/* True: one of the addresses is refused, and so is the call. Where there are more than can be
 * looked at, what a rule refuses for some scope is refused. */
static __always_inline bool on_bindx(struct sock *sk, const char *addresses, int length, __u32 hook)
{
	__u32 netns = sk->__sk_common.skc_net.net->ns.inum;
	__u32 at = 0, size;

	for (int i = 0; i < BINDX_ADDRESSES + EVMON_SCOPE_MAX && at < (__u32)length; i++) {
		struct finding f = { .hook = hook };

		size = address_at(&f, addresses + at, length - at);
		if (!size)
			return false;
		if (i < BINDX_ADDRESSES)
			at += size;
		else
			f.key.object.bind.scope = i - BINDX_ADDRESSES;
		f.detail.bind.netns = netns;
		if (asked(&f))
			return true;
	}
	return false;
}

SEC("?lsm/sctp_bind_connect")
int BPF_PROG(lsm_sctp_bind, struct sock *sk, int optname, struct sockaddr *address, int length,
	     int ret)
{
	if (ret || optname != BINDX_ADD)
		return ret;
	if (on_bindx(sk, (const char *)address, length, EVMON_HOOK_LSM_SCTP_BIND))
		return verdict_deny();
	return 0;
}

SEC("?fmod_ret/security_sctp_bind_connect")
int BPF_PROG(fmod_ret_sctp_bind, struct sock *sk, int optname, struct sockaddr *address, int length,
	     int ret)
{
	if (ret || optname != BINDX_ADD)
		return ret;
	if (on_bindx(sk, (const char *)address, length, EVMON_HOOK_FMOD_RET_SCTP_BIND))
		return verdict_deny();
	return 0;
}

SEC("?fexit/security_sctp_bind_connect")
int BPF_PROG(fexit_sctp_bind, struct sock *sk, int optname, struct sockaddr *address, int length,
	     int ret)
{
	if (ret < 0 && optname == BINDX_ADD)
		on_bindx(sk, (const char *)address, length, EVMON_HOOK_FEXIT_SCTP_BIND);
	return 0;
}
