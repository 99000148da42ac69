/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Sockets as open files show them, and what the policy says of holding one. */
#include "maps.bpf.h"
#include "socket.bpf.h"
#include "verdict.bpf.h"

#include <bpf/bpf_core_read.h>

#define SOCKFS_MAGIC	   0x534f434b
#define SOCK_BINDPORT_LOCK 8
#define TCP_ESTABLISHED	   1
#define TCP_CLOSE	   7

/* What an open file shows of the socket behind it. */
struct open_socket {
	struct evmon_record_bind *bind;
	__u64 cookie; /* 0: nobody has asked for it yet */
	__u8 listening;
	__u8 state;
	__u8 unasked; /* the kernel has chosen the port */
};

/* The verifier knows what the pointer is, and plain loads work even where nothing else does
 * (lockdown=confidentiality); or it is an address. `direct` is a constant. */
#define READ(from, field) (direct ? (from)->field : BPF_CORE_READ(from, field))

static __always_inline void address_read(struct evmon_record_bind *bind, struct sock *sk,
					 bool direct)
{
	__u32 address[4] = {};

	if (bind->family == EVMON_FAMILY_IPV4) {
		address[0] = READ(sk, __sk_common.skc_rcv_saddr);
		bind->scope = scope_of_ipv4(address[0]);
	} else {
		if (direct)
			__builtin_memcpy(address, &sk->__sk_common.skc_v6_rcv_saddr,
					 sizeof(address));
		else
			BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_rcv_saddr);
		bind->scope = scope_of_ipv6(address);
	}
	__builtin_memcpy(bind->address, address, sizeof(address));
}

/* An IPv6 socket on the wildcard address that takes IPv4 as well. */
static __always_inline bool socket_is_dual(const struct evmon_record_bind *bind, struct sock *sk,
					   bool direct)
{
	if (bind->family != EVMON_FAMILY_IPV6 || bind->scope != EVMON_SCOPE_ANY)
		return false;
	if (direct)
		return !BPF_CORE_READ_BITFIELD(&sk->__sk_common, skc_ipv6only);
	return !BPF_CORE_READ_BITFIELD_PROBED(&sk->__sk_common, skc_ipv6only);
}

static __always_inline bool port_was_asked(struct sock *sk, bool direct)
{
	__u64 locks = direct ? BPF_CORE_READ_BITFIELD(sk, sk_userlocks) :
			       BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks);

	return locks & SOCK_BINDPORT_LOCK;
}

/* TCP, SCTP and MPTCP listen, which has a state; what is only bound has none yet. UDP that is
 * connected takes datagrams from its peer alone, and is no open port. */
static __always_inline bool state_is_bound(__u8 proto, __u8 state, __u8 *listening)
{
	bool datagrams = proto == EVMON_PROTO_UDP || proto == EVMON_PROTO_UDPLITE;

	*listening = datagrams || state == TCP_LISTEN;
	return state == TCP_CLOSE || (state == TCP_LISTEN && !datagrams);
}

static __always_inline bool socket_read(struct open_socket *open, struct sock *sk, bool direct)
{
	struct evmon_record_bind *bind = open->bind;
	__u16 family = READ(sk, __sk_common.skc_family);
	struct net *net;

	if (family != AF_INET && family != AF_INET6)
		return false;
	bind->family = family == AF_INET6 ? EVMON_FAMILY_IPV6 : EVMON_FAMILY_IPV4;
	bind->port = READ(sk, __sk_common.skc_num);
	bind->proto = proto_of(READ(sk, sk_protocol), READ(sk, sk_type));
	open->state = READ(sk, __sk_common.skc_state);
	if (!bind->port || bind->proto == EVMON_PROTO_OTHER)
		return false;
	if (!state_is_bound(bind->proto, open->state, &open->listening))
		return false;
	net = READ(sk, __sk_common.skc_net.net);
	bind->netns = READ(net, ns.inum);
	bind->ifindex = READ(sk, __sk_common.skc_bound_dev_if);
	bind->how = EVMON_BIND_HELD;
	address_read(bind, sk, direct);
	bind->dual = socket_is_dual(bind, sk, direct);
	open->unasked = !port_was_asked(sk, direct);
	open->cookie = READ(sk, __sk_common.skc_cookie.counter);
	return true;
}

/* Up to 5.10 there is no helper, but all of sockfs are sockets, and say so in private_data. */
static __always_inline bool socket_open(struct open_socket *open, struct file *file)
{
	struct socket *sock;
	struct sock *sk;

	if (file->f_inode->i_sb->s_magic != SOCKFS_MAGIC)
		return false;
	open->bind->inode = file->f_inode->i_ino;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_sock_from_file)) {
		sock = bpf_sock_from_file(file);
		sk = sock ? sock->sk : NULL;
		return sk && socket_read(open, sk, true);
	}
	if (!evmon_can_read_kernel)
		return false;
	sock = file->private_data;
	sk = BPF_CORE_READ(sock, sk);
	return sk && socket_read(open, sk, false);
}

#undef READ

/* As for bindings: a port that the kernel has chosen is judged where a rule names it. */
static __always_inline const struct evmon_bind_item *
verdict_held(const struct evmon_policy *policy, const struct open_socket *open, __u8 subject,
	     const struct evmon_bind_object *object)
{
	if (open->unasked && open->state != TCP_LISTEN && !verdict_port_named(policy, object->port))
		return NULL;
	return verdict_bind(policy, subject, object);
}
