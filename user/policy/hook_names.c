// SPDX-License-Identifier: Apache-2.0
/*
 * The names of hooks, in the notation of libbpf's section names, since that is what users of BPF
 * know. One table; kernel/ and alert/ both need it, so it stands in the room beneath them.
 */
#include "policy/hook_names.h"

#include "base/macros.h"

static const char *const names[EVMON_HOOK_MAX] = {
	[EVMON_HOOK_NONE] = "none",
	[EVMON_HOOK_TP_FORK] = "tp_btf/sched_process_fork",
	[EVMON_HOOK_TP_EXEC] = "tp_btf/sched_process_exec",
	[EVMON_HOOK_LSM_BPRM_CREDS] = "lsm/bprm_creds_from_file",
	[EVMON_HOOK_FMOD_RET_BPRM_CREDS] = "fmod_ret/security_bprm_creds_from_file",
	[EVMON_HOOK_FEXIT_BPRM_CREDS] = "fexit/security_bprm_creds_from_file",
	[EVMON_HOOK_TP_EXIT] = "tp_btf/sched_process_exit",
	[EVMON_HOOK_TP_CGROUP_MKDIR] = "tp_btf/cgroup_mkdir",
	[EVMON_HOOK_ITER_TASK] = "iter/task",
	[EVMON_HOOK_ITER_TASK_FILE] = "iter/task_file",
	[EVMON_HOOK_FEXIT_INET_BIND] = "fexit/inet_bind",
	[EVMON_HOOK_FEXIT_INET6_BIND] = "fexit/inet6_bind",
	[EVMON_HOOK_FEXIT_MPTCP_BIND] = "fexit/mptcp_bind",
	[EVMON_HOOK_CGROUP_POST_BIND4] = "cgroup/post_bind4",
	[EVMON_HOOK_CGROUP_POST_BIND6] = "cgroup/post_bind6",
	[EVMON_HOOK_LSM_SOCKET_BIND] = "lsm/socket_bind",
	[EVMON_HOOK_FMOD_RET_SOCKET_BIND] = "fmod_ret/security_socket_bind",
	[EVMON_HOOK_CGROUP_BIND4] = "cgroup/bind4",
	[EVMON_HOOK_CGROUP_BIND6] = "cgroup/bind6",
	[EVMON_HOOK_FEXIT_SOCKET_BIND] = "fexit/security_socket_bind",
	[EVMON_HOOK_FEXIT_SCTP_DO_BIND] = "fexit/sctp_do_bind",
	[EVMON_HOOK_LSM_SCTP_BIND] = "lsm/sctp_bind_connect",
	[EVMON_HOOK_FMOD_RET_SCTP_BIND] = "fmod_ret/security_sctp_bind_connect",
	[EVMON_HOOK_FEXIT_SCTP_BIND] = "fexit/security_sctp_bind_connect",
	[EVMON_HOOK_FEXIT_GET_PORT] = "fexit/inet_csk_get_port",
	[EVMON_HOOK_FEXIT_HASH_CONNECT] = "fexit/__inet_hash_connect",
	[EVMON_HOOK_FEXIT_AUTOBIND] = "fexit/inet_autobind",
	[EVMON_HOOK_TP_SET_STATE] = "tp_btf/inet_sock_set_state",
	[EVMON_HOOK_FEXIT_FILE_RECEIVE] = "fexit/security_file_receive",
	[EVMON_HOOK_FEXIT_CAPABLE] = "fexit/security_capable",
	[EVMON_HOOK_KPROBE_CAPABLE] = "kprobe/security_capable",
	[EVMON_HOOK_TP_CAP_CAPABLE] = "tp_btf/cap_capable",
	[EVMON_HOOK_LSM_CAPABLE] = "lsm/capable",
	[EVMON_HOOK_FMOD_RET_CAPABLE] = "fmod_ret/security_capable",
	[EVMON_HOOK_FENTRY_COMMIT_CREDS] = "fentry/commit_creds",
	[EVMON_HOOK_KPROBE_COMMIT_CREDS] = "kprobe/commit_creds",
	[EVMON_HOOK_TP_CREDS] = "tp_btf/cap_capable",
	[EVMON_HOOK_FEXIT_USB_NEW_DEVICE] = "fexit/usb_new_device",
	[EVMON_HOOK_TRACE_NEWTASK] = "tracepoint/task_newtask",
	[EVMON_HOOK_TRACE_EXIT] = "raw_tp/sched_process_exit",
	[EVMON_HOOK_TRACE_MKDIR] = "tracepoint/cgroup_mkdir",
	[EVMON_HOOK_TRACE_EXEC] = "tracepoint/sched_process_exec",
	[EVMON_HOOK_KPROBE_CAPABLE_ENTRY] = "kprobe/security_capable",
	[EVMON_HOOK_KRETPROBE_CAPABLE] = "kretprobe/security_capable",
	[EVMON_HOOK_UEVENT] = "uevent",
	[EVMON_HOOK_PROC] = "proc",
	[EVMON_HOOK_CONFIG] = "config",
};

const char *hook_name(enum evmon_hook hook)
{
	return (unsigned)hook < ARRAY_SIZE(names) && names[hook] ? names[hook] : names[0];
}
