#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The daemon is killed; hooks go on. What is done while nobody is there, by whoever was there before and by who
# came since, the next daemon tells: how much in all, how much of each kind, and who. It takes the same
# hooks over, and tells nothing twice.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 12

many=500
# Without BTF execs are judged by the daemon, out of the records that waited for it.
[ "$EVMON_TIER" = D ] && counted=$((2 * many)) || counted=$((2 * many + 5))

# sum RULE [ID]: what the alerts of a rule, of a module, add up to.
sum() {
	jq -s --arg rule "$1" --arg id "${2-}" \
		'map(select(.rule == $rule and ($id == "" or .module.id == $id)) | .count) | add // 0' "$alerts"
}

killed() {
	kill -KILL "$evmon_pid"
	wait_exit "$evmon_pid"
	true
}

# Where a kprobe's link cannot be pinned, evmon says so, and the others are.
pinned() {
	jq -c .pins "$RUNTIME_DIRECTORY/status.json"
	ls /sys/fs/bpf/evmon/links
	[ "$(jq -r .pins.directory "$RUNTIME_DIRECTORY/status.json")" = /sys/fs/bpf/evmon ] || return 1
	case $(jq -r .pins.error "$RUNTIME_DIRECTORY/status.json") in
	null | "cannot be pinned: "*kprobe*) ;;
	*) return 1 ;;
	esac
	ls /sys/fs/bpf/evmon/links >"$test_dir/links"
	[ -s "$test_dir/links" ]
}

deeds() {
	ask auth bind-close tcp ipv4 any 8849 "$many" && ask slac bind-close tcp ipv6 any 8849 "$many" &&
		ask slac repeat 5 exec-root "$rooted"
}

gap_is_told() {
	wait_event "$alerts" '"rule":"self.gap"' || return 1
	grep '"rule":"self.gap"' "$alerts"
	detail=$(jq -r 'select(.rule == "self.gap") | .object.detail' "$alerts")
	case $detail in
	*"had been killed"*" counted $counted violations that were not told yet") ;;
	*) return 1 ;;
	esac
}

# who RULE ID: the alert of that names the module's process, which is alive.
who() {
	pid=$(jq -r --arg rule "$1" --arg id "$2" \
		'select(.rule == $rule and .module.id == $id) | .process.pid' "$alerts" | head -n 1)
	[ "$pid" = "$(pid_of "$2")" ]
}

all_is_told() {
	ended || return 1
	summary
	[ "$(sum bind.admin-panel auth)" -eq "$many" ] && [ "$(sum bind.admin-panel slac)" -eq "$many" ] &&
		[ "$(sum exec.root slac)" -eq 5 ] && [ "$(grep -c self.gap "$alerts")" -eq 1 ] &&
		! grep -q self.tampered "$alerts" && who bind.admin-panel auth && who bind.admin-panel slac
}

# A module that has come since is a module, and known by its id.
since() {
	killed
	tree_stop
	# shellcheck disable=SC2119 # no option of the manager's
	tree_start || return 1
	ask auth bind-close tcp ipv4 any 8849 "$many" || return 1
	evmon_start && ended || return 1
	summary
	[ "$(sum bind.admin-panel auth)" -eq $((2 * many)) ] && who_since
}

who_since() {
	jq -s -e --arg pid "$(pid_of auth)" 'map(select(.rule == "bind.admin-panel")) | last |
		.module.id == "auth" and .process.pid == ($pid | tonumber)' "$alerts"
}

same_hooks() {
	ls /sys/fs/bpf/evmon/links >"$test_dir/links.now"
	cmp "$test_dir/links" "$test_dir/links.now"
}

unloaded() {
	/usr/bin/evmon unload && [ ! -e /sys/fs/bpf/evmon ] || return 1
	alerted=$(grep -c bind.admin-panel "$alerts")
	ask auth bind-close tcp ipv4 any 8849 "$many" && evmon_start && ended &&
		[ "$(grep -c bind.admin-panel "$alerts")" -eq "$alerted" ]
}

policy_write <<-'POLICY'
	aggregate: {window: 1h}
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
config_write /tests/configs/mini.yaml
rooted=$test_dir/rooted
cp /usr/libexec/everest/rooted "$rooted"
chmod 4755 "$rooted"
check "evmon starts" evmon_start
check "tree starts" tree_start
check "starts are told" pass_over 3 '"rule":"(self.started|self.usb-baseline|capability.everest-chown)"'
check "hooks and counts are pinned" pinned
killed
check "deeds while nobody is there" deeds
check "evmon starts again" evmon_start
check "how much was counted is told" gap_is_told
check "all of it is told, and who did it" all_is_told
check "hooks are the same" same_hooks
check "evmon starts once more" evmon_start
check "a tree that started meanwhile is known" since
check "unloaded, nobody counts" unloaded
tree_stop
