/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

/*
 * The kernel types that evmon's programs use, and of each only the members they use; CO-RE finds
 * them in the running kernel's BTF. One file for all 64-bit architectures. Names and types are
 * those of Linux 6.12; members that differ elsewhere stand in flavours (___old, ___new) with the
 * version. No generated header: the build host's kernel has no say in what is built.
 */
typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#ifndef NULL
#define NULL ((void *)0)
#endif
typedef _Bool bool;
enum {
	false,
	true
};

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_RINGBUF = 27,
};

/* CO-RE says whether the running kernel has the helper. */
enum bpf_func_id {
	BPF_FUNC_get_current_task_btf = 158, /* 5.11 and later */
	BPF_FUNC_sock_from_file = 162, /* 5.11 and later */
	BPF_FUNC_task_pt_regs = 175,   /* 5.15 and later */
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};

enum {
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_F_RDONLY_PROG = 1 << 7, /* of a map: programs only read it */
};

struct bpf_sock {
	__u32 bound_dev_if;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 mark;
	__u32 priority;
	__u32 src_ip4; /* network order */
	__u32 src_ip6[4];
	__u32 src_port; /* host order */
};

struct bpf_sock_addr {
	__u32 user_family;
	__u32 user_ip4; /* network order */
	__u32 user_ip6[4];
	__u32 user_port; /* network order */
	__u32 family;
	__u32 type;
	__u32 protocol;
};

/* What a kprobe is given: the registers by the architecture's calling convention, no matter of BTF. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8;
	unsigned long ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31], sp, pc, pstate;
};
struct pt_regs {
	struct user_pt_regs user_regs;
};
#else /* 32-bit ARM, where this object is of no use: it must compile */
struct pt_regs {
	unsigned long uregs[18];
};
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct list_head {
	struct list_head *next;
};

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

/* 6.3 and later one __u64, two __u32 before, in the same bytes: only its address is used. */
struct kernel_capabilities {
	__u64 val;
};

struct ns_common {
	unsigned int inum;
};

struct user_namespace {
	struct user_namespace *parent;
	int level;
	kuid_t owner;
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	struct kernel_capabilities cap_permitted;
	struct kernel_capabilities cap_effective;
	struct kernel_capabilities cap_ambient;
	struct user_namespace *user_ns;
};

/* One type with different members: which of them is meant, the target says. */
struct pt_regs___entry_x86 {
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long cs;
};

struct pt_regs___entry_arm64 {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	const unsigned int i_nlink;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long env_start;
	unsigned long env_end;
	struct file *exe_file;
};

struct signal_struct {
	atomic_t live;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup;
struct cgroup_root;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
	int level;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

struct task_struct {
	void *stack;
	unsigned int flags;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct list_head children;
	struct list_head sibling;
	struct task_struct *group_leader;
	__u64 start_boottime;
	const struct cred *cred;
	char comm[16];
	unsigned int in_execve : 1;
	__u64 self_exec_id; /* a __u32 up to 5.6 */
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct css_set *cgroups;
};

struct linux_binprm {
	struct file *file;
	struct cred *cred;
	const char *filename;
	const char *interp;
};

struct in6_addr {
	__u8 s6_addr[16];
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_rcv_saddr;
	__u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	unsigned char skc_ipv6only : 1;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};

struct socket;

struct sock {
	struct sock_common __sk_common;
	__u16 sk_type;
	__u16 sk_protocol;
	__u8 sk_userlocks : 4;
	struct socket *sk_socket;
};

struct tcp_sock {
	bool is_mptcp;
};

struct inet_timewait_death_row;

struct socket {
	struct file *file;
	struct sock *sk;
};

struct sockaddr {
	unsigned short sa_family;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

/* include/linux/usb.h, include/uapi/linux/usb/ch9.h; numbers of descriptors are little-endian */
struct usb_bus {
	int busnum;
};

struct usb_device_descriptor {
	__u8 bDeviceClass;
	__u16 idVendor;
	__u16 idProduct;
};

struct usb_config_descriptor {
	__u8 bNumInterfaces;
};

struct usb_interface_descriptor {
	__u8 bInterfaceClass;
	__u8 bInterfaceSubClass;
	__u8 bInterfaceProtocol;
};

struct usb_host_interface {
	struct usb_interface_descriptor desc;
};

struct usb_interface {
	struct usb_host_interface *cur_altsetting;
};

struct usb_host_config {
	struct usb_config_descriptor desc;
	struct usb_interface *interface[32];
};

struct usb_device {
	char devpath[16];
	struct usb_device *parent;
	struct usb_bus *bus;
	struct usb_device_descriptor descriptor;
	struct usb_host_config *actconfig;
};

#pragma clang attribute pop

#endif
