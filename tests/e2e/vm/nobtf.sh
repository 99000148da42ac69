#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A kernel without BTF, its own or one whose BTF is hidden: which hooks serve, proven by the canary,
# what they cannot see, and why not better; a bind that is refused; what is left to the other tiers says so.
# With another name, nobtf-SCENARIO.sh, it hides the BTF and is that scenario, as tier D has it.
EVMON_TIER=D
export EVMON_TIER
own=yes # the kernel has none of its own
if [ -e /sys/kernel/btf/vmlinux ]; then
	own=''
	mount -t tmpfs none /sys/kernel/btf || exit 1
fi
case ${0##*/} in
nobtf-*)
	"${0%/*}/${0##*/nobtf-}"
	status=$?
	umount /sys/kernel/btf 2>/dev/null
	exit "$status"
	;;
esac
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 12

coverage=$test_dir/coverage.json
no_btf='this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)'

# is ROLE WANT: the role's state and hooks.
is() {
	got=$(jq -r --arg role "$1" \
		'.coverage[] | select(.role == $role) | [.state] + .hooks | join(" ")' "$coverage")
	echo "$1: $got, want: $2"
	[ "$got" = "$2" ]
}

coverage_is_told() {
	/usr/bin/evmon coverage --json >"$coverage" || return 1
	is tree "proven tracepoint/task_newtask raw_tp/sched_process_exit" &&
		is snapshot "proven proc" && is listeners "none" &&
		is bind "proven cgroup/post_bind4 cgroup/post_bind6" &&
		is bind-deny "ready cgroup/bind4 cgroup/bind6" &&
		is capability "proven kprobe/security_capable kretprobe/security_capable" &&
		is exec "proven tracepoint/sched_process_exec"
}

reason_is_told() {
	[ "$(jq -r '.coverage[] | select(.role == "exec") | .tried[] | "\(.hook): \(.reason)"' \
		"$coverage")" = "tp_btf/sched_process_exec: $no_btf" ]
}

limits_are_told() {
	jq -e '[.coverage[] | select(.role == "tree", .role == "bind", .role == "capability", .role == "exec")
		| .limits | type == "string"] == [true, true, true, true]' "$coverage"
}

listeners_say_why() {
	/usr/bin/evmon status --listeners >"$test_dir/said" 2>&1
	status=$?
	cat "$test_dir/said"
	[ "$status" -eq 4 ] && grep -q 'no BTF' "$test_dir/said"
}

bind_is_refused() {
	ask auth bind tcp "$1" any 8849
	case $answer in "error EPERM "*) ;; *) return 1 ;; esac
	expect "$(who_module auth Auth)" "$(finding_bind bind.admin-panel critical tcp "$1" "$2" 8849 any \
		"module auth (Auth) was refused tcp $3:8849, the admin panel's port")" \
		"{\"verdict\":\"denied\",\"hook\":\"$4\"}"
}

allowed() {
	ask auth bind tcp ipv4 any 8850 && ask auth release
}

# Whoever was there before evmon is known by /proc, and by its name.
tree_of_before() {
	ask auth bind tcp ipv4 any 1883 || return 1
	expect_rule bind.mqtt-tcp "$(who_module auth Auth)" \
		"$(finding_bind bind.mqtt-tcp critical tcp ipv4 0.0.0.0 1883 any \
			"module auth (Auth) bound tcp 0.0.0.0:1883, an MQTT port that the network can reach")"
}

trace_sees() {
	/usr/bin/evmon --trace --json -o "$test_dir/trace" -- \
		/usr/bin/misdeed --here bind tcp ipv4 any 8849 >"$test_dir/trace.out" 2>"$test_dir/trace.err" || return 1
	cat "$test_dir/trace" "$test_dir/trace.err"
	jq -e -s '[.[] | .rule] == [null, "bind.admin-panel"]' "$test_dir/trace"
}

policy_write <<-'POLICY'
	bind: [{rule: bind.admin-panel, port: 8849, proto: any, severity: critical, action: deny}]
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
check "coverage: hooks without BTF, proven" coverage_is_told
[ -z "$own" ] || seen "$coverage"
check "coverage: why not better" reason_is_told
check "coverage: what they cannot see" limits_are_told
check "listeners say that they need BTF" listeners_say_why
check "trace sees a command's tree" trace_sees
config_write /tests/configs/hardened.yaml
check "tree starts before evmon" tree_start
check "evmon starts" evmon_start
pass_over 4 '"rule":"\(self\.[a-z-]*\|capability\.everest-chown\)"'
check "a module that was there is known" tree_of_before
n_alerts=$(wc -l <"$alerts")
check "bind is refused, ipv4" bind_is_refused ipv4 0.0.0.0 0.0.0.0 cgroup/bind4
check "bind is refused, ipv6" bind_is_refused ipv6 :: '[::]' cgroup/bind6
check "innocent: the port beside" allowed
tree_stop
check "nothing else was told" nothing_else
umount /sys/kernel/btf 2>/dev/null || : # there was none to hide
