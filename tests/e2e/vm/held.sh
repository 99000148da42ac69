#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Sockets that another has opened: there before evmon, handed down by a service manager, over a unix
# socket, taken by pidfd. Each is told once, as held, with who opened it; a twin on a port that
# no rule names gives nothing.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 9

panel="the admin panel's port"
mqtt="an MQTT port that the network can reach"

# held RULE PORT WHO WHY: on every address; the hook and the opener come besides.
held() {
	printf '{"sensor":"bind","rule":"%s","severity":"critical","object":{"proto":"tcp",' "$1"
	printf '"family":"ipv4","address":"0.0.0.0","port":%s,"asked_port":null,"scope":"any",' "$2"
	printf '"how":"held","netns":%s,"device":null,"dual":false,"opener":null}}' "$netns"
}

# opened PID WHO PORT WHY HOOK: by a misdeed that runs.
opened() {
	printf '{"hook":"%s","object":{"opener":{"pid":%s,"exe":"/usr/bin/misdeed"}},' "$5" "$1"
	printf '"message":"%s holds tcp 0.0.0.0:%s, %s; opened by /usr/bin/misdeed (pid %s)"}' \
		"$2" "$3" "$4" "$1"
}

# descriptor PID: of its one socket of the internet.
descriptor() {
	for link in "/proc/$1/fd/"*; do
		inode=$(readlink "$link" | sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p')
		[ -n "$inode" ] && grep -q " $inode " /proc/net/tcp && echo "${link##*/}" && return
	done
}

# listener FILE PORT: a process of the modules' user that has it open until descriptor 8 is closed.
listener() {
	mkfifo "$test_dir/$1.hold"
	/usr/bin/setpriv --reuid=1500 --regid=1500 --clear-groups /usr/bin/misdeed --here --hold \
		listen tcp ipv4 any "$2" <"$test_dir/$1.hold" >"$test_dir/$1" &
	listener_pid=$!
	exec 8>"$test_dir/$1.hold"
	wait_for_line "$test_dir/$1" '^ok '
}

open_at_start() {
	expect "{\"subject\":\"host\",\"module\":null,\"process\":$(process "$listener_pid" misdeed \
		/usr/bin/misdeed '["/usr/bin/misdeed"]' /)}" "$(held bind.admin-panel 8849)" \
		"{\"hook\":\"iter/task_file\",\"message\":\"process misdeed (pid $listener_pid) holds tcp 0.0.0.0:8849, $panel\"}"
}

# The manager's descriptor 3, which its modules inherit.
activated_start() {
	: >"$sim_status"
	(
		unit_enter
		exec /usr/bin/misdeed --here activate 9001 /usr/bin/manager --config \
			/etc/everest/config.yaml --sim-dir "$EVEREST_SIM_DIR" --status-fifo "$sim_status"
	) >"$test_dir/sim.log" 2>&1 &
	tree_pid=$!
	wait_event "$sim_status" '^ALL_MODULES_STARTED$' || { cat "$test_dir/sim.log"; return 1; }
}

# One alert for each instance that has it, and the opener in each.
activation_is_told() {
	wait_event "$alerts" '"port":9001.*"opener":{"pid":'"$tree_pid" "$instances" || return 1
	jq -r 'select(.rule == "bind.mqtt-tcp") | [.module.id, .hook, .verdict, .count, .object.how,
		.object.opener.pid, .object.opener.exe, .object.address, .object.scope] | map(tostring) |
		join(" ")' "$alerts" | sort >"$test_dir/got"
	{
		echo "null $bind4_hook alert 1 bind null null 0.0.0.0 any" # the service manager's
		for id in auth null slac; do
			echo "$id iter/task_file alert 1 held $tree_pid /usr/bin/misdeed 0.0.0.0 any"
		done
	} | sort | diff -U 9 - "$test_dir/got" || return 1
	n_alerts=$(wc -l <"$alerts")
}

auth() {
	who_module auth Auth "$(pid_of auth)"
}

taken_by_pidfd() {
	listener pidfd 8849 || return 1
	ask auth getfd "$listener_pid" "$(descriptor "$listener_pid")" || return 1
	# The listener's own bind is of the same kind as the first one's, and its window is an hour.
	expect "$(auth)" "$(held bind.admin-panel 8849)" \
		"$(opened "$listener_pid" 'module auth (Auth)' 8849 "$panel" "$received")"
}

passed() { # PORT
	/usr/bin/misdeed --here --hold hand "$test_dir/door$1" "$1" <"$test_dir/hold" \
		>"$test_dir/hand" &
	hand_pid=$!
	exec 9>"$test_dir/hold"
	until [ -S "$test_dir/door$1" ]; do
		kill -0 "$hand_pid" || return 1
	done
	until ask auth take "$test_dir/door$1"; do # bound comes before listening
		kill -0 "$hand_pid" || return 1
	done
}

passed_over_a_socket() {
	passed 1883 || return 1
	n_alerts=$((n_alerts + 1)) # his own bind, who hands it over
	expect "$(auth)" "$(held bind.mqtt-tcp 1883)" \
		"$(opened "$hand_pid" 'module auth (Auth)' 1883 "$mqtt" "$received")"
}

nobody_objects() {
	exec 9>&-
	passed 7001
}

received=fexit/security_file_receive
instances=3
repeats=1 # of the first listener's kind, told when evmon stops
[ "$EVMON_TIER" != C ] || repeats=0
mkfifo "$test_dir/hold"
broker_start || diag "no broker"
chmod 777 "$broker_sock"
config_write /tests/configs/mini.yaml
policy_write <<-'POLICY'
	aggregate: {window: 1h}
POLICY
check "a listener is there first" listener first 8849
check "evmon starts" evmon_start 8>&- # who would keep the listener waiting
pass_over 1 '"rule":"self.started"'
check "what was open at the start is held" open_at_start
n_alerts=$(wc -l <"$alerts")
exec 8>&-
wait "$listener_pid"
check "a service manager hands down a socket" activated_start
check "each instance that has it holds it, with the opener" activation_is_told
if [ "$EVMON_TIER" = C ]; then
	skip "taken by pidfd" "no hook for it"
	skip "passed over a unix socket" "no hook for it"
else
	check "taken by pidfd" taken_by_pidfd
	exec 8>&-
	wait "$listener_pid"
	ask auth release
	check "passed over a unix socket" passed_over_a_socket
fi
check "a port that no rule names: nothing" nobody_objects
exec 9>&-
check "nothing else but the second listener's bind" nothing_else "$repeats" '"rule":"bind.admin-panel"'
