#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A charger that does what chargers do: the stand-in tree starts as configured, lives by its habits
# until Setup has gone through three full cycles of them, and stops; evmon tells exactly what the policy's
# own words name (docs/policy.md), and nothing else: hardened, with modules as root, and both with the
# admin panel built in.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 17

habits=$test_dir/habits
mkdir "$test_dir/bin"

# What Setup runs. hostname is busybox's, as on Yocto images: each of its applets sets its ids to what
# they are, and is asked for CAP_SETGID and CAP_SETUID by the way.
cp /usr/libexec/everest/rooted "$test_dir/bin/systemctl"
cp /usr/bin/busybox "$test_dir/bin/hostname"

# habits_start: a line in $habits for each program there that somebody executes.
habits_start() {
	opened "$test_dir/bin" >"$habits" 2>"$test_dir/watching" &
	habits_pid=$!
	wait_for_line "$test_dir/watching" '^watching$'
}

habits_stop() {
	kill "$habits_pid"
	wait_exit "$habits_pid"
}

# quick FILE: the sample with habits that are quick enough to wait for.
quick() {
	sed -e 's/{module: \(OCPP201\|Setup\)}/{module: \1, config_module: {habit_ms: 300}}/' \
		-e 's/^    module: Setup$/&\n    config_module: {habit_ms: 300}/' "$1" >"$test_dir/quick"
	[ "$(grep -c 'habit_ms: 300' "$test_dir/quick")" -gt 0 ]
}

# lives NAME CONFIG [OPTION...]: evmon and the tree start, and the tree lives for three cycles.
lives() {
	fresh "$1"
	quick "/tests/configs/$2" || return 1
	config_write "$test_dir/quick"
	shift 2
	evmon_start && habits_start || return 1
	PATH=$test_dir/bin:$PATH tree_start "$@" || return 1
	wait_event "$habits" '^hostname$' 3 || return 1
	case $state in
	*/hardened.state) ;;
	*) wait_event "$alerts" '"rule":"exec.root-steady"' || return 1 ;;
	esac
	habits_stop
	[ "$(grep -c '^systemctl$' "$habits")" -ge 11 ]
}

# By then all has been told that will be: the settle time is over well before the third cycle is.
dies() {
	cat "$test_dir/sim.log"
	tree_stop && ended
}

# tells <FILE: that, and what evmon has to say of itself.
tells() {
	cat >"$test_dir/tells"
	printf '1 %s - x1\n' self.started self.usb-baseline self.stopped >>"$test_dir/tells"
	summary_is <"$test_dir/tells"
}

hardened_tells() {
	tells <<-'ALERTS'
		1 capability.everest-chown setup x1
		1 capability.everest-chown slac x1
	ALERTS
}

hardened_panel_tells() {
	tells <<-'ALERTS'
		1 capability.everest-chown setup x1
		1 capability.everest-chown slac x1
		1 exec.admin-panel - x1
		2 bind.admin-panel - x1
		1 exec.root-steady - x1
	ALERTS
}

root_tells() {
	tells <<-'ALERTS'
		1 config.no-run-as-user - x1
		1 exec.root auth x1
		1 exec.root connector_1 x1
		1 exec.root iso15118_charger x1
		1 exec.root setup x1
		1 exec.root slac x1
		1 exec.root-steady - x1
	ALERTS
}

root_panel_tells() {
	tells <<-'ALERTS'
		1 config.no-run-as-user - x1
		1 exec.admin-panel - x1
		2 bind.admin-panel - x1
		1 exec.root - x1
		1 exec.root auth x1
		1 exec.root connector_1 x1
		1 exec.root iso15118_charger x1
		1 exec.root setup x1
		1 exec.root slac x1
		1 exec.root-steady - x1
	ALERTS
}

# --- every field of what only these starts give ---------------------------------------------------

# everest PROCESS-JSON: in the tree, and no module.
everest() {
	printf '{"subject":"everest","module":null,"process":%s}' "$1"
}

# controller: its pid into $pid, and who it is into $who.
controller() {
	pid=$(sed -n 's/.*"rule":"exec.admin-panel".*"process":{"pid":\([0-9]*\),.*/\1/p' "$alerts")
	[ "$(readlink "/proc/$pid/exe")" = /usr/bin/controller ] || return 1
	who=$(everest "$(process "$pid" controller /usr/bin/controller '["MT.EVEREST"]')")
}

panel_is_told() {
	controller && expect_rule exec.admin-panel "$who" "$(finding_exec exec.admin-panel critical \
		/usr/bin/controller 1500 1500 \
		"process controller (pid $pid) is the admin panel, /usr/bin/controller")"
}

panel_listens_on_ipv4() {
	expect_rule 'bind.admin-panel","severity":"critical".*"family":"ipv4' "$who" \
		"$(finding_bind bind.admin-panel critical tcp ipv4 0.0.0.0 8849 any \
			"process controller (pid $pid) bound tcp 0.0.0.0:8849, the admin panel's port")"
}

panel_listens_on_ipv6() {
	expect_rule 'bind.admin-panel","severity":"critical".*"family":"ipv6' "$who" \
		"$(finding_bind bind.admin-panel critical tcp ipv6 :: 8849 any \
			"process controller (pid $pid) bound tcp [::]:8849, the admin panel's port")"
}

# Found by evmon itself, in /proc, when the settle time was over: what it did not look at is null.
manager_is_root() {
	expect_rule exec.root-steady "$(everest "$(process "$tree_pid" manager /usr/bin/manager \
		'["/usr/bin/manager"]')")" "$(finding_exec exec.root-steady high /usr/bin/manager 0 0 \
			"the manager is still root after start-up")" '{"hook":"proc","object":{"mntns":null,
			"gained":null,"deleted":null}}'
}

no_user_is_told() {
	detail="/etc/everest/config.yaml: run_as_user: not set: the manager and every module run as root with all capabilities"
	expect_rule config.no-run-as-user "$(everest null)" '{"sensor":"config","severity":"high"}' \
		'{"rule":"config.no-run-as-user","hook":"config"}' \
		"{\"object\":{\"what\":\"run_as_user\",\"detail\":\"$detail\"}}" \
		"{\"message\":\"EVerest's config sets no run_as_user, so modules stay root: $detail\"}"
}

setup_is_root() {
	who=$(who_module setup Setup "$(pid_of setup)" | sed 's/"comm":"[^"]*"/"comm":"Setup"/')
	expect_rule 'exec.root".*"id":"setup' "$who" "$(finding_exec exec.root high \
		"$modules_dir/Setup/Setup" 0 0 "module setup (Setup) runs as root")"
}

policy_write <<-'POLICY'
	everest: {settle: 5s}
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
check "hardened charger lives" lives hardened hardened.yaml
check "hardened charger stops" dies
check "hardened charger: CAP_CHOWN surplus and nothing else" hardened_tells

check "hardened charger with the admin panel lives" lives panel hardened.yaml --admin-panel
check "admin panel: it is told" panel_is_told
check "admin panel: it listens on IPv4" panel_listens_on_ipv4
check "admin panel: it listens on IPv6" panel_listens_on_ipv6
check "admin panel: its manager stays root" manager_is_root
check "hardened charger with the admin panel stops" dies
check "hardened charger with the admin panel: that and nothing else" hardened_panel_tells

check "root charger lives" lives root root.yaml
check "root charger: no user is told" no_user_is_told
check "root charger: a root module is told" setup_is_root
check "root charger stops" dies
check "root charger: one finding a module and nothing else" root_tells

check "root charger with the admin panel lives and stops" eval 'lives both root.yaml --admin-panel && dies'
check "root charger with the admin panel: that and nothing else" root_panel_tells
