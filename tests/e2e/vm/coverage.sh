#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Coverage is true: the row's kernel gives the row's hooks, the canary has been seen by each of them,
# and where the lsm list lacks bpf it says so instead of trusting a program that never runs.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 21

coverage=$test_dir/coverage.json
no_trampolines="attach: not supported on this architecture or kernel"
bind_hooks="$bind4_hook $bind6_hook"
auto_hooks="proven fexit/inet_csk_get_port fexit/__inet_hash_connect fexit/inet_autobind"
held_hooks="proven fexit/security_file_receive"
deny_hooks=$deny_hook
case $deny_hook in
lsm/*) deny_hooks="$deny_hook lsm/sctp_bind_connect" ;;
fmod_ret/*) deny_hooks="$deny_hook fmod_ret/security_sctp_bind_connect" ;;
esac
if [ "$EVMON_TIER" = C ]; then
	held_hooks=none
	auto_hooks="proven tp_btf/inet_sock_set_state"
	deny_hooks="cgroup/bind4 cgroup/bind6"
fi

# is ROLE WANT: the role's state and hooks.
is() {
	got=$(jq -r --arg role "$1" \
		'.coverage[] | select(.role == $role) | [.state] + .hooks | join(" ")' "$coverage")
	echo "$1: $got, want: $2"
	[ "$got" = "$2" ]
}

# tried ROLE: the hooks that were preferred and do not serve, with the reason.
tried() {
	jq -r --arg role "$1" \
		'.coverage[] | select(.role == $role) | .tried[] | "\(.hook): \(.reason)"' "$coverage"
}

forbidden="it copies kernel memory, which lockdown=confidentiality forbids"

deny_is_the_tiers() { # STATE
	is bind-deny "$1 $deny_hooks" || return 1
	tried bind-deny
	if locked; then
		[ "$(tried bind-deny)" = "lsm/socket_bind: $forbidden
fmod_ret/security_socket_bind: $forbidden" ]
		return
	fi
	case $EVMON_TIER in
	A) [ -z "$(tried bind-deny)" ] ;;
	B) [ "$(tried bind-deny)" = \
		"lsm/socket_bind: attaches and never runs: the kernel's lsm list lacks bpf" ] ;;
	C) [ "$(tried bind-deny)" = "lsm/socket_bind: $no_trampolines
fmod_ret/security_socket_bind: $no_trampolines" ] ;;
	*) return 1 ;;
	esac
}

coverage_is_told() {
	/usr/bin/evmon coverage --json >"$coverage" || return 1
	jq -r '[.kernel, .lsm, .state, .reason] | join(" ")' "$coverage"
	[ "$(jq -r '[.kernel, .lsm, .state, .reason] | join(" ")' "$coverage")" = \
		"$EVMON_RELEASE $(cat /sys/kernel/security/lsm) protecting " ]
}

daemon_says_the_same() {
	evmon_start || return 1
	coverage=$RUNTIME_DIRECTORY/status.json
	is bind "proven $bind_hooks" && is capability "proven $capability_hook" &&
		is exec "proven tp_btf/sched_process_exec" && deny_is_the_tiers proven
}

# status.json is written at each change and each stamp: the next one has it.
usb_is_proven_by_its_first_uevent() {
	is usb "unproven uevent" || return 1
	vmctl usb-add kbd k0 && wait_event "$alerts" '"rule":"usb.hid"' || return 1
	until is usb "proven uevent"; do
		kill -0 "$evmon_pid" || return 1
	done
}

# listener PORT: who holds it and what the policy says of it.
listener() {
	/usr/bin/evmon status --listeners --json | jq -r --argjson port "$1" \
		'select(.object.port == $port) | [.object.proto, .subject, .rule, .process.exe] | join(" ")'
}

listeners_are_told() {
	broker_start "1883 127.0.0.1" || return 1
	mkfifo "$test_dir/hold"
	misdeed --here --hold listen sctp ipv4 any 8849 <"$test_dir/hold" >"$test_dir/held" &
	hold_pid=$!
	exec 8>"$test_dir/hold"
	wait_for_line "$test_dir/held" '^ok ' || return 1
	listener 1883
	listener 8849
	[ "$(listener 1883)" = "tcp broker bind.mqtt-loopback /usr/sbin/mosquitto" ] &&
		[ "$(listener 8849)" = "sctp host bind.admin-panel /usr/bin/misdeed" ]
}

# Two rights, and no others; up to 5.10 maps count as locked memory, too. Under lockdown executables
# come out of /proc, which wants another right over other users' processes.
without_paths() {
	! locked || set -- 'del(.process.exe, (.object.opener | select(.) | .exe))'
	jq -c "${1:-.}"
}

listeners_want_two_rights() {
	# shellcheck disable=SC3045 # busybox has it
	ulimit -l unlimited
	all=$(/usr/bin/evmon status --listeners --json | without_paths)
	[ -n "$all" ] && [ "$all" = "$(/usr/bin/setpriv --reuid=65534 --clear-groups \
		--inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon \
		/usr/bin/evmon status --listeners --json | without_paths)" ]
}

# One socket, one alert, by whichever of the two saw it: the module is loaded by that very socket.
sctp_comes_with_its_module() {
	is bind-sctp none && tried bind-sctp || return 1
	[ "$EVMON_TIER" = C ] || [ "$(tried bind-sctp)" = \
		"fexit/sctp_do_bind: SCTP's module is not loaded; its hook comes with it" ] || return 1
	mkfifo "$test_dir/hold2"
	misdeed --here --hold listen sctp ipv4 any 8849 <"$test_dir/hold2" >"$test_dir/held2" &
	exec 8>"$test_dir/hold2"
	wait_for_line "$test_dir/held2" '^ok ' || return 1
	[ "$EVMON_TIER" != C ] || return 0
	wait_event "$alerts" '"rule":"bind.admin-panel"' || return 1
	[ -e /sys/kernel/btf/sctp ] || return 0
	until is bind-sctp "proven fexit/sctp_do_bind"; do
		kill -0 "$evmon_pid" || return 1
	done
	[ "$(grep -c '"rule":"bind.admin-panel"' "$alerts")" = 1 ]
}

check "coverage is told" coverage_is_told
check "tree is kept by tracepoints" \
	is tree "proven tp_btf/sched_process_fork tp_btf/sched_process_exit"
check "snapshot is taken by the task iterator" is snapshot "proven iter/task"
unit_is_followed() {
	if locked; then
		is unit none && [ "$(tried unit)" = "tp_btf/cgroup_mkdir: $forbidden" ]
	else
		is unit "unproven tp_btf/cgroup_mkdir"
	fi
}
check "unit's cgroup is followed by its tracepoint, or it says why not" unit_is_followed
check "sockets are found by the iterator of files" is listeners "ready iter/task_file"
check "bind is seen by the tier's hooks" is bind "proven $bind_hooks"
mptcp_is_seen() {
	if [ "$EVMON_TIER" != C ] && grep -qw mptcp_bind /proc/kallsyms; then
		is bind-mptcp "proven fexit/mptcp_bind"
	else
		is bind-mptcp none
	fi
}
check "MPTCP's bind is seen by fexit, where it has one" mptcp_is_seen
check "automatic binding is seen by fexit, or listen alone by its tracepoint" is bind-auto "$auto_hooks"
check "sockets that are passed are seen by fexit, or by nothing" is held "$held_hooks"
check "capability is seen by the tier's hook" is capability "proven $capability_hook"
check "exec is seen by its tracepoint" is exec "proven tp_btf/sched_process_exec"
check "bind is denied by the tier's hook" deny_is_the_tiers ready
capability_is_denied() {
	case $EVMON_TIER in
	A) is capability-deny "ready lsm/capable" ;;
	B) is capability-deny "ready fmod_ret/security_capable" ;;
	*) is capability-deny none ;;
	esac
}
check "capability is denied by the tier's hook, or by nothing" capability_is_denied
credentials=fentry/commit_creds
[ "$EVMON_TIER" != C ] || credentials=kprobe/commit_creds
check "credentials are seen where they change" is credentials "proven $credentials"

check "listeners are told with who holds them" listeners_are_told
check "CAP_BPF and CAP_PERFMON are enough for it" listeners_want_two_rights
exec 8>&-
wait "$hold_pid"
broker_stop
# The module goes when the socket has: a grace period after its end.
tries=1000
while [ -e /sys/module/sctp ] && [ "$tries" -gt 0 ]; do
	rmmod sctp_diag 2>/dev/null
	rmmod sctp >"$test_dir/rmmod" 2>&1
	tries=$((tries - 1))
done
[ "$tries" -gt 0 ] || diag <"$test_dir/rmmod"

# A policy that denies: the hook that refuses must be proven too.
policy_write <<-'POLICY'
	bind: [{rule: bind.never, port: 4, proto: tcp, severity: low, action: deny}]
POLICY
[ ! -e /sys/module/sctp ] || touch "$test_dir/sctp-stays"
check "daemon proves the same, and what denies" daemon_says_the_same
if [ -e "$test_dir/sctp-stays" ]; then
	skip "SCTP's hook comes with its module" "it was there before evmon, and is in use"
else
	check "SCTP's hook comes with its module" sctp_comes_with_its_module
fi
exec 8>&-
usb_tally_is_there() {
	case $EVMON_TIER in
	C) is usb-tally none ;;
	*)
		if [ -e /sys/kernel/btf/usbcore ]; then
			is usb-tally "unproven fexit/usb_new_device"
		else
			is usb-tally none && tried usb-tally | grep -q 'the module has no BTF'
		fi
		;;
	esac
}
check "USB's attachments are counted by a hook, or it says why not" usb_tally_is_there
check "usb is proven by its first uevent" usb_is_proven_by_its_first_uevent
vmctl usb-del k0
seen "$RUNTIME_DIRECTORY/status.json"
check "evmon stops" evmon_stop
