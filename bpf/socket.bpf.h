/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* What a socket is, in evmon's words. Family and protocol are asked of the socket itself. */
#include "maps.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#define AF_INET		2
#define AF_INET6	10
#define SOCK_RAW	3
#define TCP_LISTEN	10
#define IPPROTO_TCP	6
#define IPPROTO_UDP	17
#define IPPROTO_SCTP	132
#define IPPROTO_UDPLITE 136
#define IPPROTO_MPTCP	262

static __always_inline __u8 proto_of(__u32 protocol, __u32 type)
{
	if (type == SOCK_RAW)
		return EVMON_PROTO_OTHER;
	switch (protocol) {
	case IPPROTO_TCP:
		return EVMON_PROTO_TCP;
	case IPPROTO_UDP:
		return EVMON_PROTO_UDP;
	case IPPROTO_UDPLITE:
		return EVMON_PROTO_UDPLITE;
	case IPPROTO_SCTP:
		return EVMON_PROTO_SCTP;
	case IPPROTO_MPTCP:
		return EVMON_PROTO_MPTCP;
	default:
		return EVMON_PROTO_OTHER;
	}
}

/* A TCP socket inside an MPTCP one: nobody but the kernel has it. */
static __always_inline bool sock_is_subflow(struct sock *sk)
{
	struct tcp_sock *tcp;

	if (sk->sk_protocol != IPPROTO_TCP)
		return false;
	tcp = bpf_skc_to_tcp_sock(sk);
	return tcp && bpf_core_field_exists(tcp->is_mptcp) && BPF_CORE_READ_BITFIELD(tcp, is_mptcp);
}

/* By which a socket is known again; 0: no file is open of it. */
static __always_inline __u64 socket_inode(struct sock *sk)
{
	struct socket *sock = sk->sk_socket;
	struct file *file = sock ? sock->file : NULL;

	return file ? file->f_inode->i_ino : 0;
}

static __always_inline __u8 scope_of_ipv4(__u32 address)
{
	if (!address)
		return EVMON_SCOPE_ANY;
	return (bpf_ntohl(address) >> 24) == 127 ? EVMON_SCOPE_LOOPBACK : EVMON_SCOPE_INTERFACE;
}

static __always_inline __u8 scope_of_ipv6(const __u32 a[4])
{
	if (a[0] || a[1])
		return EVMON_SCOPE_INTERFACE;
	if (a[2] == bpf_htonl(0xffff)) /* v4-mapped */
		return scope_of_ipv4(a[3]);
	if (a[2])
		return EVMON_SCOPE_INTERFACE;
	if (!a[3])
		return EVMON_SCOPE_ANY;
	return a[3] == bpf_htonl(1) ? EVMON_SCOPE_LOOPBACK : EVMON_SCOPE_INTERFACE;
}
