// SPDX-License-Identifier: Apache-2.0
/*
 * Two tables: the attach points, and for each role its candidates in the order of preference.
 * Nothing here asks for a version: what works is found by trying (trial.c).
 */
#include "kernel/hooks.h"

#include "base/macros.h"

#define TP_BTF(name, tp) \
	.program = (name), .type = BPF_PROG_TYPE_TRACING, .attach = BPF_TRACE_RAW_TP, .target = (tp)
#define ITER(name, what) \
	.program = (name), .type = BPF_PROG_TYPE_TRACING, .attach = BPF_TRACE_ITER, .target = (what)
#define FEXIT(name, func)                                                            \
	.program = (name), .type = BPF_PROG_TYPE_TRACING, .attach = BPF_TRACE_FEXIT, \
	.target = (func)
#define FENTRY(name, func)                                                            \
	.program = (name), .type = BPF_PROG_TYPE_TRACING, .attach = BPF_TRACE_FENTRY, \
	.target = (func)
#define KPROBE(name, func) .program = (name), .type = BPF_PROG_TYPE_KPROBE, .target = (func)

/* Without BTF; hooks of a cgroup are the same in both objects. */
#define NOBTF_TP(name, tp) \
	.program = (name), .type = BPF_PROG_TYPE_TRACEPOINT, .target = (tp), .nobtf = true
#define NOBTF_RAW_TP(name, tp) \
	.program = (name), .type = BPF_PROG_TYPE_RAW_TRACEPOINT, .target = (tp), .nobtf = true
#define NOBTF_KPROBE(name, func) \
	.program = (name), .type = BPF_PROG_TYPE_KPROBE, .target = (func), .nobtf = true

static const struct hook hooks[EVMON_HOOK_MAX] = {
	[EVMON_HOOK_TP_FORK] = { TP_BTF("tp_fork", "sched_process_fork"), .role = COVERAGE_TREE },
	[EVMON_HOOK_TP_EXIT] = { TP_BTF("tp_exit", "sched_process_exit"), .role = COVERAGE_TREE },
	[EVMON_HOOK_TP_CGROUP_MKDIR] = { TP_BTF("tp_cgroup_mkdir", "cgroup_mkdir"),
					 .role = COVERAGE_UNIT },
	[EVMON_HOOK_ITER_TASK] = { ITER("iter_task", "task"), .role = COVERAGE_SNAPSHOT },
	[EVMON_HOOK_ITER_TASK_FILE] = { ITER("iter_task_file", "task_file"),
					.role = COVERAGE_LISTENERS,
					.limits = "not seen: sockets that no process has open" },
	[EVMON_HOOK_TP_EXEC] = { TP_BTF("tp_exec", "sched_process_exec"), .role = COVERAGE_EXEC,
				 .limits_deny = "nothing is refused: it is killed at its start" },
	[EVMON_HOOK_LSM_BPRM_CREDS] = { .program = "lsm_bprm_creds",
					.type = BPF_PROG_TYPE_LSM,
					.attach = BPF_LSM_MAC,
					.target = "bprm_creds_from_file",
					.role = COVERAGE_EXEC_DENY,
					.limits = "what argv alone tells is killed at its start" },
	[EVMON_HOOK_FMOD_RET_BPRM_CREDS] = { .program = "fmod_ret_bprm_creds",
					     .type = BPF_PROG_TYPE_TRACING,
					     .attach = BPF_MODIFY_RETURN,
					     .target = "security_bprm_creds_from_file",
					     .role = COVERAGE_EXEC_DENY,
					     .limits = "root by uid and euid alone; what the saved "
						       "uid or argv tells is killed at its start" },
	[EVMON_HOOK_FEXIT_BPRM_CREDS] = { FEXIT("fexit_bprm_creds",
						"security_bprm_creds_from_file"),
					  .role = COVERAGE_EXEC_DENY },
	[EVMON_HOOK_FEXIT_INET_BIND] = { FEXIT("fexit_inet_bind", "inet_bind"),
					 .role = COVERAGE_BIND,
					 .limits = "not seen by it: SCTP's bindx" },
	[EVMON_HOOK_FEXIT_INET6_BIND] = { FEXIT("fexit_inet6_bind", "inet6_bind"),
					  .role = COVERAGE_BIND },
	[EVMON_HOOK_FEXIT_MPTCP_BIND] = { FEXIT("fexit_mptcp_bind", "mptcp_bind"),
					  .role = COVERAGE_BIND_MPTCP },
	[EVMON_HOOK_FEXIT_GET_PORT] = { FEXIT("fexit_get_port", "inet_csk_get_port"),
					.role = COVERAGE_BIND_AUTO, .limits = "not seen: SCTP" },
	[EVMON_HOOK_FEXIT_HASH_CONNECT] = { FEXIT("fexit_hash_connect", "__inet_hash_connect"),
					    .role = COVERAGE_BIND_AUTO },
	[EVMON_HOOK_FEXIT_AUTOBIND] = { FEXIT("fexit_autobind", "inet_autobind"),
					.role = COVERAGE_BIND_AUTO },
	[EVMON_HOOK_TP_SET_STATE] = { TP_BTF("tp_set_state", "inet_sock_set_state"),
				      .role = COVERAGE_BIND_AUTO,
				      .limits =
					      "listen alone, and late: connect and sendto without "
					      "bind are not seen" },
	[EVMON_HOOK_CGROUP_POST_BIND4] = { .program = "post_bind4",
					   .type = BPF_PROG_TYPE_CGROUP_SOCK,
					   .attach = BPF_CGROUP_INET4_POST_BIND,
					   .role = COVERAGE_BIND,
					   .limits = "not seen: SCTP; MPTCP is told as tcp; "
						     "asked port, dual stack and device unknown",
					   .limits_nobtf =
						   "not seen: SCTP; MPTCP is told as tcp; asked port, "
						   "dual stack, device and network namespace unknown" },
	[EVMON_HOOK_CGROUP_POST_BIND6] = { .program = "post_bind6",
					   .type = BPF_PROG_TYPE_CGROUP_SOCK,
					   .attach = BPF_CGROUP_INET6_POST_BIND,
					   .role = COVERAGE_BIND },
	[EVMON_HOOK_LSM_SOCKET_BIND] = { .program = "lsm_socket_bind",
					 .type = BPF_PROG_TYPE_LSM,
					 .attach = BPF_LSM_MAC,
					 .target = "socket_bind",
					 .role = COVERAGE_BIND_DENY },
	[EVMON_HOOK_FMOD_RET_SOCKET_BIND] = { .program = "fmod_ret_socket_bind",
					      .type = BPF_PROG_TYPE_TRACING,
					      .attach = BPF_MODIFY_RETURN,
					      .target = "security_socket_bind",
					      .role = COVERAGE_BIND_DENY },
	[EVMON_HOOK_CGROUP_BIND4] = { .program = "cgroup_bind4",
				      .type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
				      .attach = BPF_CGROUP_INET4_BIND,
				      .role = COVERAGE_BIND_DENY,
				      .limits =
					      "cannot refuse: SCTP, sockets outside the cgroup root" },
	[EVMON_HOOK_CGROUP_BIND6] = { .program = "cgroup_bind6",
				      .type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
				      .attach = BPF_CGROUP_INET6_BIND,
				      .role = COVERAGE_BIND_DENY },
	[EVMON_HOOK_FEXIT_SOCKET_BIND] = { FEXIT("fexit_socket_bind", "security_socket_bind"),
					   .role = COVERAGE_BIND_DENY },
	[EVMON_HOOK_FEXIT_SCTP_DO_BIND] = { FEXIT("fexit_sctp_do_bind", "sctp_do_bind"),
					    .role = COVERAGE_BIND_SCTP },
	[EVMON_HOOK_FEXIT_USB_NEW_DEVICE] = { FEXIT("fexit_usb_new_device", "usb_new_device"),
					      .role = COVERAGE_USB_TALLY },
	[EVMON_HOOK_LSM_SCTP_BIND] = { .program = "lsm_sctp_bind",
				       .type = BPF_PROG_TYPE_LSM,
				       .attach = BPF_LSM_MAC,
				       .target = "sctp_bind_connect",
				       .unprovoked = true,
				       .role = COVERAGE_BIND_DENY },
	[EVMON_HOOK_FMOD_RET_SCTP_BIND] = { .program = "fmod_ret_sctp_bind",
					    .type = BPF_PROG_TYPE_TRACING,
					    .attach = BPF_MODIFY_RETURN,
					    .target = "security_sctp_bind_connect",
					    .unprovoked = true,
					    .role = COVERAGE_BIND_DENY },
	[EVMON_HOOK_FEXIT_SCTP_BIND] = { FEXIT("fexit_sctp_bind", "security_sctp_bind_connect"),
					 .unprovoked = true, .role = COVERAGE_BIND_DENY },
	[EVMON_HOOK_FEXIT_FILE_RECEIVE] = { FEXIT("fexit_file_receive", "security_file_receive"),
					    .role = COVERAGE_HELD },
	[EVMON_HOOK_FEXIT_CAPABLE] = { FEXIT("fexit_capable", "security_capable"),
				       .role = COVERAGE_CAPABILITY },
	[EVMON_HOOK_KPROBE_CAPABLE] = { KPROBE("kprobe_capable", "security_capable"),
					.role = COVERAGE_CAPABILITY,
					.limits =
						"not seen: what another LSM alone refuses, rights over "
						"another user namespace than the task's own, checks "
						"on another's behalf" },
	[EVMON_HOOK_TP_CAP_CAPABLE] = { TP_BTF("tp_cap_capable", "cap_capable"),
					.role = COVERAGE_CAPABILITY,
					.limits =
						"no audit flag: a denied CAP_SYS_ADMIN is not reported, "
						"a denied CAP_NET_ADMIN only of calls on sockets, the "
						"kernel's own probes look like use" },
	[EVMON_HOOK_LSM_CAPABLE] = { .program = "lsm_capable",
				     .type = BPF_PROG_TYPE_LSM,
				     .attach = BPF_LSM_MAC,
				     .target = "capable",
				     .role = COVERAGE_CAPABILITY_DENY },
	[EVMON_HOOK_FMOD_RET_CAPABLE] = { .program = "fmod_ret_capable",
					  .type = BPF_PROG_TYPE_TRACING,
					  .attach = BPF_MODIFY_RETURN,
					  .target = "security_capable",
					  .role = COVERAGE_CAPABILITY_DENY },
	[EVMON_HOOK_FENTRY_COMMIT_CREDS] = { FENTRY("fentry_commit_creds", "commit_creds"),
					     .role = COVERAGE_CREDENTIALS },
	[EVMON_HOOK_KPROBE_COMMIT_CREDS] = { KPROBE("kprobe_commit_creds", "commit_creds"),
					     .role = COVERAGE_CREDENTIALS },
	[EVMON_HOOK_TP_CREDS] = { TP_BTF("tp_creds", "cap_capable"), .role = COVERAGE_CREDENTIALS,
				  .limits = "late, at the next memory taken, capability check or "
					    "fork; not seen: what was dropped again by then, a "
					    "thread's own, ambient capabilities" },
	[EVMON_HOOK_TRACE_NEWTASK] = { NOBTF_TP("trace_newtask", "task/task_newtask"),
				       .role = COVERAGE_TREE,
				       .limits = "no start times: a number that is taken anew is "
						 "known by its fork" },
	[EVMON_HOOK_TRACE_EXIT] = { NOBTF_RAW_TP("trace_exit", "sched_process_exit"),
				    .role = COVERAGE_TREE },
	[EVMON_HOOK_TRACE_MKDIR] = { NOBTF_TP("trace_mkdir", "cgroup/cgroup_mkdir"),
				     .role = COVERAGE_UNIT },
	[EVMON_HOOK_TRACE_EXEC] = { NOBTF_TP("trace_exec", "sched/sched_process_exec"),
				    .role = COVERAGE_EXEC,
				    .limits = "judged late, by /proc: not what has ended by then; "
					      "a file is known by the path it is given" },
	[EVMON_HOOK_KPROBE_CAPABLE_ENTRY] = { NOBTF_KPROBE("capable_asked", "security_capable"),
					      .role = COVERAGE_CAPABILITY,
					      .limits =
						      "whose credentials, and denials of SETGID, "
						      "SETUID, SETPCAP, NET_ADMIN, SYS_MODULE "
						      "are not told; root only as real user, or late" },
	[EVMON_HOOK_KRETPROBE_CAPABLE] = { NOBTF_KPROBE("capable_answered", "security_capable"),
					   .returns = true, .role = COVERAGE_CAPABILITY },
};

static const enum evmon_hook tree[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_TP_FORK, EVMON_HOOK_TP_EXIT },
	{ EVMON_HOOK_TRACE_NEWTASK, EVMON_HOOK_TRACE_EXIT },
};
static const enum evmon_hook snapshot[][COVERAGE_HOOKS] = { { EVMON_HOOK_ITER_TASK },
							    { EVMON_HOOK_PROC } };
static const enum evmon_hook unit[][COVERAGE_HOOKS] = { { EVMON_HOOK_TP_CGROUP_MKDIR },
							{ EVMON_HOOK_TRACE_MKDIR } };
static const enum evmon_hook listeners[][COVERAGE_HOOKS] = { { EVMON_HOOK_ITER_TASK_FILE } };
static const enum evmon_hook exec[][COVERAGE_HOOKS] = { { EVMON_HOOK_TP_EXEC },
							{ EVMON_HOOK_TRACE_EXEC } };
/* What cannot be refused is killed, by the hook that sees it. */
static const enum evmon_hook exec_deny[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_LSM_BPRM_CREDS, EVMON_HOOK_TP_EXEC },
	{ EVMON_HOOK_FMOD_RET_BPRM_CREDS, EVMON_HOOK_TP_EXEC },
	{ EVMON_HOOK_TP_EXEC },
};
static const enum evmon_hook exec_refused[][COVERAGE_HOOKS] = { { EVMON_HOOK_FEXIT_BPRM_CREDS } };
static const enum evmon_hook bind[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_FEXIT_INET_BIND, EVMON_HOOK_FEXIT_INET6_BIND },
	{ EVMON_HOOK_CGROUP_POST_BIND4, EVMON_HOOK_CGROUP_POST_BIND6 },
};
static const enum evmon_hook bind_mptcp[][COVERAGE_HOOKS] = { { EVMON_HOOK_FEXIT_MPTCP_BIND } };
static const enum evmon_hook bind_auto[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_FEXIT_GET_PORT, EVMON_HOOK_FEXIT_HASH_CONNECT, EVMON_HOOK_FEXIT_AUTOBIND },
	{ EVMON_HOOK_TP_SET_STATE },
};
static const enum evmon_hook usb_tally[][COVERAGE_HOOKS] = { { EVMON_HOOK_FEXIT_USB_NEW_DEVICE } };
static const enum evmon_hook bind_sctp[][COVERAGE_HOOKS] = { { EVMON_HOOK_FEXIT_SCTP_DO_BIND } };
static const enum evmon_hook bind_deny[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_LSM_SOCKET_BIND, EVMON_HOOK_LSM_SCTP_BIND },
	{ EVMON_HOOK_FMOD_RET_SOCKET_BIND, EVMON_HOOK_FMOD_RET_SCTP_BIND },
	{ EVMON_HOOK_CGROUP_BIND4, EVMON_HOOK_CGROUP_BIND6 },
};
/* What --trace takes instead: it sees what was refused. */
static const enum evmon_hook bind_refused[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_FEXIT_SOCKET_BIND, EVMON_HOOK_FEXIT_SCTP_BIND },
	{ EVMON_HOOK_CGROUP_BIND4, EVMON_HOOK_CGROUP_BIND6 },
};
static const enum evmon_hook held[][COVERAGE_HOOKS] = { { EVMON_HOOK_FEXIT_FILE_RECEIVE } };
static const enum evmon_hook capability[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_FEXIT_CAPABLE },
	{ EVMON_HOOK_KPROBE_CAPABLE },
	{ EVMON_HOOK_TP_CAP_CAPABLE },
	{ EVMON_HOOK_KPROBE_CAPABLE_ENTRY, EVMON_HOOK_KRETPROBE_CAPABLE },
};
static const enum evmon_hook capability_deny[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_LSM_CAPABLE },
	{ EVMON_HOOK_FMOD_RET_CAPABLE },
};
static const enum evmon_hook credentials[][COVERAGE_HOOKS] = {
	{ EVMON_HOOK_FENTRY_COMMIT_CREDS },
	{ EVMON_HOOK_KPROBE_COMMIT_CREDS },
	{ EVMON_HOOK_TP_CREDS },
};

static const struct {
	const enum evmon_hook (*list)[COVERAGE_HOOKS];
	size_t n;
} candidates[COVERAGE_ROLE_MAX] = {
	[COVERAGE_TREE] = { tree, ARRAY_SIZE(tree) },
	[COVERAGE_SNAPSHOT] = { snapshot, ARRAY_SIZE(snapshot) },
	[COVERAGE_UNIT] = { unit, ARRAY_SIZE(unit) },
	[COVERAGE_LISTENERS] = { listeners, ARRAY_SIZE(listeners) },
	[COVERAGE_BIND] = { bind, ARRAY_SIZE(bind) },
	[COVERAGE_BIND_MPTCP] = { bind_mptcp, ARRAY_SIZE(bind_mptcp) },
	[COVERAGE_BIND_AUTO] = { bind_auto, ARRAY_SIZE(bind_auto) },
	[COVERAGE_BIND_SCTP] = { bind_sctp, ARRAY_SIZE(bind_sctp) },
	[COVERAGE_BIND_DENY] = { bind_deny, ARRAY_SIZE(bind_deny) },
	[COVERAGE_HELD] = { held, ARRAY_SIZE(held) },
	[COVERAGE_CAPABILITY] = { capability, ARRAY_SIZE(capability) },
	[COVERAGE_CAPABILITY_DENY] = { capability_deny, ARRAY_SIZE(capability_deny) },
	[COVERAGE_EXEC] = { exec, ARRAY_SIZE(exec) },
	[COVERAGE_EXEC_DENY] = { exec_deny, ARRAY_SIZE(exec_deny) },
	[COVERAGE_CREDENTIALS] = { credentials, ARRAY_SIZE(credentials) },
	[COVERAGE_USB_TALLY] = { usb_tally, ARRAY_SIZE(usb_tally) },
};

const struct hook *hook_get(enum evmon_hook hook)
{
	return hooks[hook].program ? &hooks[hook] : NULL;
}

const char *hook_limits(const struct hook *hook, enum coverage_role role)
{
	if (!hook)
		return NULL;
	return hook->role == role ? hook->limits : hook->limits_deny;
}

bool hook_is_kprobe(const struct hook *hook)
{
	return hook->type == BPF_PROG_TYPE_KPROBE;
}

bool hook_wants_btf(const struct hook *hook)
{
	return hook->target && !hook->nobtf;
}

bool hook_on_trampoline(const struct hook *hook)
{
	return hook_wants_btf(hook) && !hook_is_kprobe(hook) && hook->attach != BPF_TRACE_RAW_TP &&
	       hook->attach != BPF_TRACE_ITER;
}

size_t hook_candidates(enum coverage_role role, bool tracing,
		       const enum evmon_hook (**ret)[COVERAGE_HOOKS])
{
	if (role == COVERAGE_BIND_DENY && tracing) {
		*ret = bind_refused;
		return ARRAY_SIZE(bind_refused);
	}
	if (role == COVERAGE_EXEC_DENY && tracing) {
		*ret = exec_refused;
		return ARRAY_SIZE(exec_refused);
	}
	/* What it sees refused it sees by the sensor's own hook. */
	if (role == COVERAGE_CAPABILITY_DENY && tracing) {
		*ret = NULL;
		return 0;
	}
	*ret = candidates[role].list;
	/* It makes user space look and judge, which whoever traces does not. */
	if (role == COVERAGE_BIND_AUTO && tracing)
		return 1;
	return candidates[role].n;
}
