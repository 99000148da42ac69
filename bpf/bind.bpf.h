/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* What all hooks of the sensor share: a socket's binding as a finding, and its judgement. */
#include "emit.bpf.h"
#include "socket.bpf.h"
#include "task.bpf.h"

/* The address into the finding, and what it exposes. */
static __always_inline void finding_address(struct finding *f, __u32 ipv4, const __u32 *ipv6)
{
	struct evmon_bind_object *object = &f->key.object.bind;

	if (ipv6) {
		object->family = EVMON_FAMILY_IPV6;
		object->scope = scope_of_ipv6(ipv6);
		__builtin_memcpy(f->detail.bind.address, ipv6, 16);
	} else {
		object->family = EVMON_FAMILY_IPV4;
		object->scope = scope_of_ipv4(ipv4);
		__builtin_memcpy(f->detail.bind.address, &ipv4, 4);
	}
}

/* An IPv6 socket on the wildcard address that takes IPv4 as well. */
static __always_inline bool socket_is_dual(const struct finding *f, struct sock *sk)
{
	return f->key.object.bind.scope == EVMON_SCOPE_ANY &&
	       !BPF_CORE_READ_BITFIELD(&sk->__sk_common, skc_ipv6only);
}

/* The object, address and socket of a binding that succeeded; false: not a protocol of ours. */
static __always_inline bool finding_socket(struct finding *f, struct sock *sk, __u8 proto)
{
	f->key.object.bind.port = sk->__sk_common.skc_num;
	f->key.object.bind.proto = proto;
	f->socket = socket_inode(sk);
	if (proto == EVMON_PROTO_OTHER)
		return false;
	if (sk->__sk_common.skc_family == AF_INET6) {
		__u32 ipv6[4];

		__builtin_memcpy(ipv6, &sk->__sk_common.skc_v6_rcv_saddr, sizeof(ipv6));
		finding_address(f, 0, ipv6);
		f->detail.bind.dual = socket_is_dual(f, sk);
	} else {
		finding_address(f, sk->__sk_common.skc_rcv_saddr, NULL);
	}
	f->detail.bind.netns = sk->__sk_common.skc_net.net->ns.inum;
	f->detail.bind.ifindex = sk->__sk_common.skc_bound_dev_if;
	return true;
}

/* Judges a binding that succeeded by its port, scope and actor. Its hook, its socket, how it came
 * about and what was asked for are in the finding. Returns 0. Global, for there are many hooks. */
int bound(struct finding *f);

/* A binding that is asked for: 1 where the policy refuses it, which is then counted; else 0.
 * Whoever traces refuses nothing, and comes here when another has refused what a rule speaks of. */
int asked(struct finding *f);

/* The current task is the canary. */
static __always_inline bool canary_is_here(void)
{
	struct evmon_task *t = task_current();

	return t && t->class == EVMON_CLASS_CANARY;
}
