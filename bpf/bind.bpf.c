// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bind: the port that results decides, judged after the kernel itself has said yes; refusing has
 * to come before, by the port that is asked for, and its programs run only where a rule denies.
 *
 *   fexit/inet_bind, fexit/inet6_bind        tiers A and B: TCP, UDP, UDP-Lite, SCTP after success
 *   fexit/mptcp_bind                         tiers A and B: MPTCP, which binds a TCP socket inside
 *   cgroup/post_bind4, cgroup/post_bind6     tier C: the same, from the root of cgroup v2
 *   lsm/socket_bind                          tier A: denies
 *   fmod_ret/security_socket_bind            tier B: denies
 *   cgroup/bind4, cgroup/bind6               tier C: deny; while tracing, see what another refused
 *   fexit/security_socket_bind               tiers A and B, while tracing: sees what was refused
 *
 * Family and protocol come from the socket, never from the address: AF_UNSPEC binds an IPv4
 * socket all the same. The rules are host-wide: mosquitto is outside EVerest's tree.
 */
#include "bind.bpf.h"
#include "verdict.bpf.h"

#define SWAP_NS \
	1000000000ULL	 /* no system call takes longer from security_socket_bind() to its end */
#define ADDRESS_BYTES 28 /* sizeof(struct sockaddr_in6) */

static __always_inline void finding_bind(struct finding *f)
{
	struct evmon_record_bind *bind = &f->detail.bind;

	bind->port = f->key.object.bind.port;
	bind->proto = f->key.object.bind.proto;
	bind->family = f->key.object.bind.family;
	bind->scope = f->key.object.bind.scope;
	f->key.sensor = EVMON_SENSOR_BIND;
}

/*
 * A policy that denies came into force between the asking and the binding: then the one before has
 * let it through, and its word holds. What is bound later than SWAP_NS was asked for later, too.
 */
static __always_inline const struct evmon_bind_item *
bound_nevertheless(struct finding *f, const struct evmon_policy *policy,
		   const struct evmon_bind_item *denied)
{
	const struct evmon_policy *before = policy_before();
	const struct evmon_bind_item *item;

	/* What only resulted was not asked for by either: the one in force decides. */
	if (f->detail.bind.asked_port != f->key.object.bind.port)
		return denied;
	if (!before || bpf_ktime_get_boot_ns() > policy->since_ns + SWAP_NS)
		return denied;
	item = verdict_bind(before, f->subject, &f->key.object.bind);
	if (item && item->action == EVMON_ACTION_DENY)
		return denied;
	f->policy = before->serial;
	return item;
}

int bound(struct finding *f)
{
	const struct evmon_policy *policy = policy_active();
	struct evmon_task *t = task_current();
	const struct evmon_bind_item *item;

	if (!f)
		return 0;
	if (t && t->class == EVMON_CLASS_CANARY)
		emit_canary(f->hook);
	if (!policy || !f->key.object.bind.port)
		return 0;
	finding_of(f, policy->serial, t, f->hook);
	item = verdict_bind(policy, f->subject, &f->key.object.bind);
	if (f->detail.bind.how == EVMON_BIND_AUTO &&
	    !verdict_port_named(policy, f->key.object.bind.port))
		item = NULL;
	if (item && item->action == EVMON_ACTION_DENY && !evmon_tracing)
		item = bound_nevertheless(f, policy, item);
	if (!item && !(evmon_tracing && task_in_tree(t)))
		return 0;
	finding_bind(f);
	if (item) {
		f->key.rule = item->rule;
		f->key.verdict = EVMON_VERDICT_ALERT;
		if (item->action == EVMON_ACTION_DENY && !evmon_tracing)
			f->flags |= EVMON_RECORD_ASKED_DENY;
	}
	emit(f);
	return 0;
}

static __always_inline int on_inet_bind(struct socket *sock, struct sockaddr *address, __u32 hook)
{
	struct finding f = { .hook = hook };
	struct sock *sk = sock->sk;
	__u16 asked = 0;

	/* MPTCP's own hook tells what that binds for itself; SCTP's, if it is there, all. */
	if (!sk || sock_is_subflow(sk) ||
	    (sk->sk_protocol == IPPROTO_SCTP && evmon_settings.sctp) ||
	    !finding_socket(&f, sk, proto_of(sk->sk_protocol, sk->sk_type)))
		return 0;
	__builtin_memcpy(&asked, (char *)address + 2, sizeof(asked));
	f.detail.bind.asked_port = bpf_ntohs(asked);
	bound(&f);
	return 0; /* what a tracing program has to say, in the verifier's eyes too */
}

SEC("?fexit/inet_bind")
int BPF_PROG(fexit_inet_bind, struct socket *sock, struct sockaddr *address, int length, int ret)
{
	return ret ? 0 : on_inet_bind(sock, address, EVMON_HOOK_FEXIT_INET_BIND);
}

SEC("?fexit/inet6_bind")
int BPF_PROG(fexit_inet6_bind, struct socket *sock, struct sockaddr *address, int length, int ret)
{
	return ret ? 0 : on_inet_bind(sock, address, EVMON_HOOK_FEXIT_INET6_BIND);
}

SEC("?fexit/mptcp_bind")
int BPF_PROG(fexit_mptcp_bind, struct socket *sock, struct sockaddr *address, int length, int ret)
{
	return ret ? 0 : on_inet_bind(sock, address, EVMON_HOOK_FEXIT_MPTCP_BIND);
}

static __always_inline int on_post_bind(struct bpf_sock *sk, bool ipv6, __u32 hook)
{
	struct finding f = { .hook = hook };

	f.key.object.bind.port = sk->src_port;
	f.key.object.bind.proto = proto_of(sk->protocol, sk->type);
	if (f.key.object.bind.proto == EVMON_PROTO_OTHER)
		return 1;
	if (ipv6) {
		__u32 address[4] = { sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2],
				     sk->src_ip6[3] };

		finding_address(&f, 0, address);
	} else {
		finding_address(&f, sk->src_ip4, NULL);
	}
	/* This hook shows neither the socket's own namespace and device nor what was asked: the
	 * caller's namespace, and the port that resulted. */
	f.detail.bind.netns = current_read(nsproxy, net_ns, ns.inum);
	f.detail.bind.asked_port = f.key.object.bind.port;
	f.socket = bpf_get_socket_cookie(sk) | EVMON_SOCKET_COOKIE;
	bound(&f);
	return 1;
}

SEC("?cgroup/post_bind4")
int post_bind4(struct bpf_sock *sk)
{
	return on_post_bind(sk, false, EVMON_HOOK_CGROUP_POST_BIND4);
}

SEC("?cgroup/post_bind6")
int post_bind6(struct bpf_sock *sk)
{
	return on_post_bind(sk, true, EVMON_HOOK_CGROUP_POST_BIND6);
}

int asked(struct finding *f)
{
	const struct evmon_policy *policy = policy_active();
	struct evmon_task *t = task_current();
	const struct evmon_bind_item *item;

	if (!f)
		return 0;
	if (t && t->class == EVMON_CLASS_CANARY)
		emit_canary(f->hook);
	if (!policy || !f->key.object.bind.port || f->key.object.bind.proto == EVMON_PROTO_OTHER)
		return 0;
	finding_of(f, policy->serial, t, f->hook);
	item = verdict_bind(policy, f->subject, &f->key.object.bind);
	if (!item || (item->action != EVMON_ACTION_DENY && !evmon_tracing))
		return 0;
	finding_bind(f);
	f->detail.bind.asked_port = f->key.object.bind.port;
	f->key.rule = item->rule;
	f->key.verdict = EVMON_VERDICT_DENIED;
	emit(f);
	return 1;
}

static __always_inline bool on_socket_bind(struct socket *sock, struct sockaddr *address,
					   int length, __u32 hook)
{
	struct sock *sk = sock->sk;
	__u32 raw[ADDRESS_BYTES / 4] = {};
	struct finding f = { .hook = hook };
	__u16 family;

	if (!sk)
		return false;
	family = sk->__sk_common.skc_family;
	if ((family != AF_INET && family != AF_INET6) || length < 16)
		return false;
	/* Not behind evmon_can_read_kernel: a program that loads and cannot read the address would
	 * serve and refuse nothing; one that does not load leaves its place to cgroup/bind. */
	if (bpf_probe_read_kernel(raw, length < ADDRESS_BYTES ? 16 : ADDRESS_BYTES, address))
		return false;
	f.key.object.bind.port = bpf_ntohs(raw[0] >> 16);
	f.key.object.bind.proto = proto_of(sk->sk_protocol, sk->sk_type);
	/* An IPv4 address on an IPv6 socket is refused by the kernel itself. */
	if (family == AF_INET6) {
		finding_address(&f, 0, raw + 2);
		f.detail.bind.dual = socket_is_dual(&f, sk);
	} else {
		finding_address(&f, raw[1], NULL);
	}
	f.detail.bind.netns = sk->__sk_common.skc_net.net->ns.inum;
	f.detail.bind.ifindex = sk->__sk_common.skc_bound_dev_if;
	return asked(&f);
}

SEC("?lsm/socket_bind")
int BPF_PROG(lsm_socket_bind, struct socket *sock, struct sockaddr *address, int length, int ret)
{
	if (ret)
		return ret;
	if (on_socket_bind(sock, address, length, EVMON_HOOK_LSM_SOCKET_BIND))
		return verdict_deny();
	return 0;
}

SEC("?fmod_ret/security_socket_bind")
int BPF_PROG(fmod_ret_socket_bind, struct socket *sock, struct sockaddr *address, int length,
	     int ret)
{
	if (ret)
		return ret;
	if (on_socket_bind(sock, address, length, EVMON_HOOK_FMOD_RET_SOCKET_BIND))
		return verdict_deny();
	return 0;
}

SEC("?fexit/security_socket_bind")
int BPF_PROG(fexit_socket_bind, struct socket *sock, struct sockaddr *address, int length, int ret)
{
	if (ret < 0)
		on_socket_bind(sock, address, length, EVMON_HOOK_FEXIT_SOCKET_BIND);
	return 0;
}

static __always_inline int on_cgroup_bind(struct bpf_sock_addr *ctx, bool ipv6, __u32 hook)
{
	struct finding f = { .hook = hook };

	/* Programs of a cgroup run in the order in which they came; each sees what was said. */
	if (evmon_tracing && bpf_get_retval() >= 0)
		return 1;
	f.key.object.bind.port = bpf_ntohs(ctx->user_port);
	f.key.object.bind.proto = proto_of(ctx->protocol, ctx->type);
	if (ipv6) {
		__u32 address[4] = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2],
				     ctx->user_ip6[3] };

		finding_address(&f, 0, address);
	} else {
		finding_address(&f, ctx->user_ip4, NULL);
	}
	f.detail.bind.netns = current_read(nsproxy, net_ns, ns.inum);
	return !asked(&f) || evmon_tracing;
}

SEC("?cgroup/bind4")
int cgroup_bind4(struct bpf_sock_addr *ctx)
{
	return on_cgroup_bind(ctx, false, EVMON_HOOK_CGROUP_BIND4);
}

SEC("?cgroup/bind6")
int cgroup_bind6(struct bpf_sock_addr *ctx)
{
	return on_cgroup_bind(ctx, true, EVMON_HOOK_CGROUP_BIND6);
}
