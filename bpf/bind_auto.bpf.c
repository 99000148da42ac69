// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Ports that a socket gets without a bind: listen, connect and sendto take one from the range of
 * automatic ports, which root and the socket's owner can narrow to a single forbidden one. None of
 * these calls can be judged by what was asked for, since nothing was, so nothing here refuses.
 *
 *   fexit/inet_csk_get_port      listen of a TCP or MPTCP socket that has no port yet
 *   fexit/__inet_hash_connect    connect of such a socket
 *   fexit/inet_autobind          sendto and connect of UDP and UDP-Lite
 *   tp_btf/inet_sock_set_state   tier C: listen alone, of TCP, MPTCP and SCTP
 *
 * Each tells by itself that the socket had no port: get_port is asked for port 0 in state LISTEN;
 * the offset at which a port is looked for is 0 where the socket has one; autobind is for those
 * without only. What listens is judged by all rules. What connects or sends is no listener, and is
 * judged on those ports alone that a rule names: all others end here after one array read.
 */
#include "bind.bpf.h"
#include "verdict.bpf.h"

static __always_inline int on_unasked(struct sock *sk, __u8 how, __u32 hook)
{
	__u8 proto = sock_is_subflow(sk) ? EVMON_PROTO_MPTCP :
					   proto_of(sk->sk_protocol, sk->sk_type);
	struct finding f = { .hook = hook };

	f.detail.bind.how = how;
	if (finding_socket(&f, sk, proto))
		bound(&f);
	return 0;
}

/* Automatic, and of no interest: neither named by a rule nor the canary's nor to be shown. */
static __always_inline bool port_is_nobodys(__u32 port)
{
	const struct evmon_policy *policy = policy_active();

	if (policy && (evmon_tracing || verdict_port_named(policy, port)))
		return false;
	return !canary_is_here();
}

SEC("?fexit/inet_csk_get_port")
int BPF_PROG(fexit_get_port, struct sock *sk, unsigned short port, int ret)
{
	if (ret || port || sk->__sk_common.skc_state != TCP_LISTEN) {
		if (canary_is_here())
			emit_canary(EVMON_HOOK_FEXIT_GET_PORT);
		return 0;
	}
	return on_unasked(sk, EVMON_BIND_LISTEN, EVMON_HOOK_FEXIT_GET_PORT);
}

/* Its further arguments differ by version; a socket for which it failed has no port. */
SEC("?fexit/__inet_hash_connect")
int BPF_PROG(fexit_hash_connect, struct inet_timewait_death_row *row, struct sock *sk,
	     __u64 port_offset)
{
	if (!port_offset || port_is_nobodys(sk->__sk_common.skc_num))
		return 0;
	return on_unasked(sk, EVMON_BIND_AUTO, EVMON_HOOK_FEXIT_HASH_CONNECT);
}

SEC("?fexit/inet_autobind")
int BPF_PROG(fexit_autobind, struct sock *sk, int ret)
{
	if (ret || port_is_nobodys(sk->__sk_common.skc_num))
		return 0;
	return on_unasked(sk, EVMON_BIND_AUTO, EVMON_HOOK_FEXIT_AUTOBIND);
}

/* The state comes before the port, and nothing after it that a tracepoint could see: user space is
 * told who listens, looks at what that task has open, and judges it (EVMON_JUDGE_LISTEN). */
SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(tp_set_state, struct sock *sk, int old, int state)
{
	struct finding f = { .hook = EVMON_HOOK_TP_SET_STATE };
	const struct evmon_policy *policy;

	if (state != TCP_LISTEN || sk->__sk_common.skc_num || evmon_tracing)
		return 0;
	if (canary_is_here()) /* whose socket has gone before anybody could look */
		return emit_canary(EVMON_HOOK_TP_SET_STATE);
	policy = policy_active();
	if (!policy)
		return 0;
	finding_of(&f, policy->serial, task_current(), EVMON_HOOK_TP_SET_STATE);
	f.key.sensor = EVMON_SENSOR_BIND;
	f.key.verdict = EVMON_VERDICT_ALLOW;
	f.detail.bind.proto = f.key.object.bind.proto = proto_of(sk->sk_protocol, sk->sk_type);
	f.detail.bind.how = EVMON_BIND_LISTEN;
	emit(&f);
	return 0;
}
