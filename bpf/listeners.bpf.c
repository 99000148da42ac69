// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which sockets are bound now, and who holds them: nothing happens here until user space reads.
 *
 *   iter/task_file   all tiers with BTF: every open file of every task, so sockets of all network
 *                    namespaces, each with all its owners, and no right over them is asked for
 *
 * Not seen, since no task's file: sockets of the kernel's own, and those whose only descriptor is
 * on its way in a unix socket or registered with an io_uring. Family, address and port are the
 * socket's, as for hooks.
 */
#include "path.bpf.h"
#include "socket.bpf.h"
#include "task.bpf.h"

#define SOCKFS_MAGIC	0x534f434b
#define TCP_ESTABLISHED 1
#define TCP_CLOSE	7
#define TCP_LISTEN	10

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

/* TCP, SCTP and MPTCP listen, which has a state; what is only bound has none yet. UDP that is
 * connected takes datagrams from its peer alone, and is no open port. */
static __always_inline bool state_is_bound(__u8 proto, __u8 state, __u8 *listening)
{
	bool datagrams = proto == EVMON_PROTO_UDP || proto == EVMON_PROTO_UDPLITE;

	*listening = datagrams || state == TCP_LISTEN;
	return state == TCP_CLOSE || (state == TCP_LISTEN && !datagrams);
}

static __always_inline bool socket_read(struct evmon_listener *l, struct sock *sk, bool direct)
{
	struct evmon_record_bind *bind = &l->bind;
	__u16 family = READ(sk, __sk_common.skc_family);
	struct net *net;

	if (family != AF_INET && family != AF_INET6)
		return false;
	bind->family = family == AF_INET6 ? EVMON_FAMILY_IPV6 : EVMON_FAMILY_IPV4;
	bind->port = READ(sk, __sk_common.skc_num);
	bind->proto = proto_of(READ(sk, sk_protocol), READ(sk, sk_type));
	if (!bind->port || bind->proto == EVMON_PROTO_OTHER)
		return false;
	if (!state_is_bound(bind->proto, READ(sk, __sk_common.skc_state), &l->listening))
		return false;
	net = READ(sk, __sk_common.skc_net.net);
	bind->netns = READ(net, ns.inum);
	bind->ifindex = READ(sk, __sk_common.skc_bound_dev_if);
	bind->how = EVMON_BIND_HELD;
	address_read(bind, sk, direct);
	bind->dual = socket_is_dual(bind, sk, direct);
	return true;
}

/* Up to 5.10 there is no helper, but all of sockfs are sockets, and say so in private_data. */
static __always_inline bool file_read(struct evmon_listener *l, struct file *file)
{
	struct socket *sock;
	struct sock *sk;

	if (file->f_inode->i_sb->s_magic != SOCKFS_MAGIC)
		return false;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_sock_from_file)) {
		sock = bpf_sock_from_file(file);
		sk = sock ? sock->sk : NULL;
		return sk && socket_read(l, sk, true);
	}
	if (!evmon_can_read_kernel)
		return false;
	sock = file->private_data;
	sk = BPF_CORE_READ(sock, sk);
	return sk && socket_read(l, sk, false);
}

static __always_inline void owner_read(struct evmon_listener *l, struct task_struct *task)
{
	struct evmon_record_process *p = &l->process;
	const struct evmon_task *t = task_of(task);
	struct file *exe = task->mm ? task->mm->exe_file : NULL;

	p->start_ns = task->group_leader->start_boottime;
	p->cgroup = task->cgroups->dfl_cgrp->kn->id;
	p->tgid = task->tgid;
	p->tid = task->pid;
	p->ppid = task->real_parent->tgid;
	p->uid = task->cred->uid.val;
	p->euid = task->cred->euid.val;
	p->gid = task->cred->gid.val;
	p->class = t ? t->class : EVMON_CLASS_HOST;
	p->slot = t ? t->slot : EVMON_CLASS_HOST;
	p->subject = t ? t->subject : EVMON_SUBJECT_HOST;
	__builtin_memcpy(p->comm, task->comm, sizeof(p->comm));
	p->exe_ino = exe ? exe->f_inode->i_ino : 0;
	p->exe_dev = exe ? exe->f_inode->i_sb->s_dev : 0;
	l->exe_len = 0;
	l->exe_truncated = exe && evmon_can_read_kernel && !path_read(exe, l->exe, &l->exe_len);
}

SEC("?iter/task_file")
int iter_task_file(struct bpf_iter__task_file *ctx)
{
	struct evmon_listener *l = &evmon_listener;
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file || !file_read(l, file))
		return 0;
	l->inode = file->f_inode->i_ino;
	l->fd = ctx->fd;
	owner_read(l, task);
	bpf_seq_write(ctx->meta->seq, l, sizeof(*l));
	return 0;
}
