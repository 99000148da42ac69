#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Whoever acts, however far down and whatever became of those between, is judged as the module that
# it comes from: over fork, vfork, threads, exec from any thread, orphans in sessions of their own; in
# a tree that ran before evmon did, in one that was started anew, by the unit's cgroup alone, by the
# executable alone, and by the root that --trace is given.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 32

panel="the admin panel's port"

# bound ID NAME PROTO FAMILY ADDRESS SCOPE: what is to be told of it, but for the process.
bound() {
	case $4 in
	ipv6) at="[$5]:8849" ;;
	*) at="$5:8849" ;;
	esac
	finding_bind bind.admin-panel critical "$3" "$4" "$5" 8849 "$6" \
		"module $1 ($2) bound $3 $at, $panel"
}

# program ID NAME PID PPID: misdeed, run by the module.
program() {
	printf '{"subject":"everest","module":{"id":"%s","name":"%s"},"process":{"pid":%s,"ppid":%s,' "$@"
	printf '"uid":1500,"euid":1500,"gid":1500,"comm":"misdeed","exe":"/usr/bin/misdeed",'
	printf '"cmdline":["/usr/bin/misdeed"],"cgroup":"%s"}}' "$unit_cgroup"
}

# last_process MEMBER: a number of the process in the newest alert.
last_process() {
	wait_event "$alerts" '^{' $((n_alerts + 1)) &&
		sed -n "$((n_alerts + 1))s/.*\"process\":{.*\"$1\":\([0-9]*\),.*/\1/p" "$alerts"
}

# descendant ID NAME PID PPID: of the module, which it resembles but for its numbers.
descendant() {
	who_module "$1" "$2" "$(pid_of "$1")" | jq -c --argjson pid "$3" --argjson ppid "$4" \
		'.process += {"pid": $pid, "ppid": $ppid, "ticks": null}'
}

by_fork() {
	ask auth fork-deep 1 bind tcp ipv4 any 8849 || return 1
	expect "$(descendant auth Auth "$actor" "$(pid_of auth)")" "$(bound auth Auth tcp ipv4 0.0.0.0 any)"
}

# Three forks deep, a session of its own at each, all ancestors gone: init's child.
by_orphan() {
	ask auth fork-deep 3 bind tcp ipv6 any 8849 || return 1
	expect "$(descendant auth Auth "$actor" 1)" "$(bound auth Auth tcp ipv6 :: any)"
}

by_thread() {
	ask auth thread bind udp ipv4 any 8849 || return 1
	expect "$(who_module auth Auth)" "$(bound auth Auth udp ipv4 0.0.0.0 any)"
}

# Its first thread has ended before it acts.
by_leaderless() {
	ask auth leaderless bind udp ipv6 any 8849 || return 1
	expect "$(descendant auth Auth "$actor" "$(pid_of auth)")" "$(bound auth Auth udp ipv6 :: any)"
}

# child: the pid of the child in the last answer.
child() {
	echo "$answer" | sed 's/.*child=\([0-9]*\).*/\1/'
}

by_exec() { # DEED PROTO FAMILY-WORD FAMILY ADDRESS
	ask auth "$1" /usr/bin/misdeed --here bind "$2" "$3" loopback 8849 || return 1
	expect "$(program auth Auth "$(child)" "$actor")" "$(bound auth Auth "$2" "$4" "$5" loopback)"
}

# A program that the module ran, and that has left its own descendants behind.
by_all_of_it() {
	ask auth fork-deep 2 exec /usr/bin/misdeed --here fork-deep 2 exec-thread /usr/bin/misdeed \
		--here fork-deep 2 thread bind udplite ipv4 any 8849 || return 1
	pid=$(last_process pid)
	[ "$pid" -gt "$actor" ] && expect "$(program auth Auth "$pid" 1)" \
		"$(bound auth Auth udplite ipv4 0.0.0.0 any)"
}

# --- by cgroup, by file ---------------------------------------------------------------------------

# in_unit DEED...: a program of the unit that the manager did not start. The shell that goes into the
# cgroup is not judged, being PID 1's own file; what it executes joins the tree.
in_unit() {
	now
	deed_us=$now_us
	(
		unit_enter
		exec /usr/bin/misdeed --here "$@"
	) >"$test_dir/unit" &
	wait_exit $! || return 1
	pid=$(sed -n 's/^ok pid=\([0-9]*\) .*/\1/p' "$test_dir/unit")
	who="{\"subject\":\"everest\",\"module\":null,\"process\":{\"pid\":$pid,\"ppid\":$$,
		\"uid\":0,\"euid\":0,\"gid\":0,\"comm\":\"misdeed\",\"exe\":\"/usr/bin/misdeed\",
		\"cmdline\":[\"/usr/bin/misdeed\"],\"cgroup\":\"$unit_cgroup\"}}"
}

in_unit_binds() { # PROTO
	expect "$who" "$(finding_bind bind.admin-panel critical "$1" ipv4 0.0.0.0 8849 any \
		"process misdeed (pid $pid) bound $1 0.0.0.0:8849, $panel")"
}

by_cgroup() {
	in_unit bind tcp ipv4 any 8849 || return 1
	expect "$who" "$(finding_exec exec.root high /usr/bin/misdeed 0 0 \
		"process misdeed (pid $pid) ran /usr/bin/misdeed as root")" && in_unit_binds tcp
}

# systemd makes the cgroup anew for each start of the unit: another id under the same name.
by_new_cgroup() {
	rmdir "/sys/fs/cgroup$unit_cgroup" && in_unit bind udp ipv4 any 8849 && in_unit_binds udp
}

# starts ID NAME COMMAND...: a module in the background, until it can be told to act.
starts() {
	rm -f "$EVEREST_SIM_DIR/$1.sock"
	started_id=$1 started_name=$2
	shift 2
	"$@" exec-as "$started_id:$started_name" "$modules_dir/$started_name/$started_name" \
		--prefix /usr --module "$started_id" >"$test_dir/$started_id" 2>&1 &
	started_pid=$!
	until [ -S "$EVEREST_SIM_DIR/$started_id.sock" ]; do
		kill -0 "$started_pid" || return 1
	done
}

# Started by hand, in no cgroup of ours: the file makes it a module.
by_file() {
	starts lone Auth /usr/bin/setpriv --reuid everest --regid everest --clear-groups \
		/usr/bin/misdeed --here && ask lone bind tcp ipv4 any 8849 || return 1
	expect "$(who_module lone Auth)" '{"process":{"cgroup":"/"}}' "$(bound lone Auth tcp ipv4 0.0.0.0 any)"
}

# A module keeps its class whatever it runs, another module's file included.
by_another_modules_file() {
	starts nested Auth misdeed slac && ask nested bind tcp ipv4 any 8849 || return 1
	nested_binds tcp
}

# nested PROTO: what the nested module, which is slac's, is to be told of.
nested_binds() {
	expect "$(who_module nested Auth)" '{"module":{"id":"slac","name":"EvseSlac"}}' \
		"$(bound slac EvseSlac "$1" ipv4 0.0.0.0 any)"
}

# --- a tree that was there before, and one that comes after ---------------------------------------

# What stands already is found by the snapshot: what that does not look at is null.
found() { # ID NAME RULE-REGEX JSON...
	who=$(who_module "$1" "$2" "$(pid_of "$1")")
	rule="$3.*\"id\":\"$1"
	shift 3
	expect_rule "$rule" "$who" "$@" '{"hook":"iter/task"}'
}

chown_is_found() {
	found slac EvseSlac capability.everest-chown "$(finding_capability capability.everest-chown low 0 \
		CAP_CHOWN held "module slac (EvseSlac) holds CAP_CHOWN beyond its list, as EVerest's manager leaves it to modules with others")"
}

root_module_is_found() {
	found rootly RpcApi exec.root "$(finding_exec exec.root high "$modules_dir/RpcApi/RpcApi" 0 0 \
		"module rootly (RpcApi) runs as root")" '{"process":{"cgroup":"/"}}' \
		'{"object":{"mntns":null,"gained":null,"deleted":null}}'
}

binds() { # ID NAME PROTO CGROUP
	ask "$1" bind "$3" ipv4 any 8849 || return 1
	expect "$(who_module "$1" "$2")" "{\"process\":{\"cgroup\":\"$4\"}}" \
		"$(bound "$1" "$2" "$3" ipv4 0.0.0.0 any)" && ask "$1" release
}

nested_is_found() {
	ask nested bind udp ipv4 any 8849 && nested_binds udp
}

tree_starts_anew() {
	misdeed nested die 0
	# shellcheck disable=SC2119 # no option of the manager's
	tree_stop && tree_start
}

# --- trace ----------------------------------------------------------------------------------------

# That tree and nothing else.
trace_of_a_pid() {
	misdeed lone die 0
	/usr/bin/evmon --trace -p "$tree_pid" -s bind -n 2 >"$test_dir/trace" 2>&1 &
	trace_pid=$!
	wait_event "$test_dir/trace" '^TIME ' || return 1
	misdeed --here bind tcp ipv4 any 8849 && misdeed auth fork-deep 2 bind tcp ipv6 any 8849 &&
		misdeed slac bind tcp ipv4 loopback 4712 && misdeed slac release &&
		wait_exit "$trace_pid" || return 1
	cat "$test_dir/trace"
	grep -E '^[0-9]+:[0-9]+:' "$test_dir/trace" >"$test_dir/lines"
	[ "$(wc -l <"$test_dir/lines")" -eq 2 ] &&
		sed -n 1p "$test_dir/lines" | grep -qE ' auth:Auth +bind +alert +bind\.admin-panel +.*\[::\]:8849' &&
		sed -n 2p "$test_dir/lines" | grep -qE ' slac:EvseSlac +bind +allow +- +.*127\.0\.0\.1:4712'
}

# A tree of its own, found nowhere but by its root; the status is the manager's.
trace_of_a_command() {
	: >"$sim_status"
	/usr/bin/evmon --trace --json -o "$test_dir/events" -- /usr/bin/manager --no-broker \
		--config /etc/everest/config.yaml --sim-dir "$EVEREST_SIM_DIR" --status-fifo "$sim_status" \
		>"$test_dir/sim.log" 2>&1 &
	trace_pid=$!
	wait_event "$sim_status" '^ALL_MODULES_STARTED$' || { cat "$test_dir/sim.log"; return 1; }
	misdeed auth bind tcp ipv4 any 8849 && misdeed auth exec /usr/bin/jq --version &&
		misdeed auth die 3 || return 1
	wait_exit "$trace_pid"
	status=$?
	cat "$test_dir/sim.log"
	echo "status $status"
	[ "$status" -eq 1 ]
}

command_is_traced() {
	jq -r '[.schema, .sensor, .module.id, .verdict, .rule, .object.path // .object.port] | join(" ")' \
		"$test_dir/events" >"$test_dir/lines"
	cat "$test_dir/lines"
	for line in "exec  allow  /usr/bin/manager" "exec auth allow  $modules_dir/Auth/Auth" \
		"exec slac allow  $modules_dir/EvseSlac/EvseSlac" \
		"capability slac alert capability.everest-chown " \
		"bind auth alert bind.admin-panel 8849" "exec auth allow  /usr/bin/jq"; do
		[ "$(grep -cx "evmon.event/1 $line" "$test_dir/lines")" -eq 1 ] || { echo "no '$line'"; return 1; }
	done
	! grep -v '^evmon.event/1 ' "$test_dir/lines"
}

policy_write </dev/null
broker_start || diag "no broker"
chmod 777 "$broker_sock"
config_write /tests/configs/mini.yaml
[ ! -d "/sys/fs/cgroup$unit_cgroup" ] || rmdir "/sys/fs/cgroup$unit_cgroup"
check "evmon starts before there is a unit" evmon_start
check "tree starts" tree_start
check "starts are told" pass_over 3 '"rule":"(self.started|self.usb-baseline|capability.everest-chown)"'
check "fork" by_fork
check "orphan in a session of its own" by_orphan
check "thread" by_thread
check "process whose first thread has ended" by_leaderless
check "fork and exec" by_exec exec tcp ipv4 ipv4 127.0.0.1
check "vfork and exec" by_exec vfork-exec tcp ipv6 ipv6 ::1
check "exec from a thread that is not the first" by_exec exec-thread udp ipv4 ipv4 127.0.0.1
check "all of it, one after the other" by_all_of_it
check "file of another module" by_another_modules_file
check "file of a module, started by hand" by_file
check "cgroup of the unit" by_cgroup
misdeed nested die 0 >"$test_dir/out"
tree_stop
check "cgroup of the unit, made anew" by_new_cgroup
check "tree starts anew" tree_start
check "new tree's module" binds slac EvseSlac udp "$unit_cgroup"
# The cgroup that was made anew had one more root process of the same file.
check "nothing else was told" nothing_else 1 '"rule":"exec.root".*"module":null'

# What they hold would be found, too, and is no matter of this test.
misdeed lone release >"$test_dir/out"
misdeed slac release >"$test_dir/out"
starts rootly RpcApi misdeed --here
starts nested Auth misdeed slac
fresh second
check "evmon starts after the tree" evmon_start
check "surplus is found" chown_is_found
check "root module is found" root_module_is_found
check "that is all that was found" pass_over 4 \
	'"rule":"(self.started|self.usb-baseline|capability.everest-chown|exec.root)"'
check "found tree's module" binds auth Auth tcp "$unit_cgroup"
check "found module that stands alone" binds lone Auth tcp /
check "found module in a module" nested_is_found
check "tree starts anew beside it" tree_starts_anew
check "module of the tree that came after" binds auth Auth udp "$unit_cgroup"
check "module that stood alone all the time" binds lone Auth udp /
check "nothing else was told then" nothing_else

check "trace shows a pid's tree and nothing else" trace_of_a_pid
tree_stop
check "trace ends with its command's status" trace_of_a_command
check "trace shows what its command's tree does" command_is_traced
