#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# One misdeed, one alert, every field right; beside it the innocent twin, which gives nothing: expect
# takes alerts strictly in their order, so anything that an innocent causes fails what comes next.
# All of it then came out of the journal and, the same bytes, at a subscriber of the broker.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 44

# --- before the tree ------------------------------------------------------------------------------

self_process() {
	printf '{"subject":"host","module":null,"process":%s}' \
		"$(process "$evmon_pid" evmon /usr/bin/evmon '["/usr/bin/evmon"]' /)"
}

start_is_told() {
	version=$(/usr/bin/evmon --version | sed -n '1s/^evmon //p')
	detail="version $version, kernel $(uname -r), policy $policy_hash"
	expect "$(self_process)" '{"sensor":"self","rule":"self.started","severity":"low","hook":null}' \
		"{\"object\":{\"what\":\"start\",\"detail\":\"$detail\"}}" \
		"{\"message\":\"evmon started: $detail\"}"
}

baseline_is_told() {
	detail="0 USB devices attached at the first start"
	expect "$(self_process)" '{"sensor":"self","rule":"self.usb-baseline","severity":"low"}' \
		"{\"hook\":null,\"object\":{\"what\":\"usb baseline\",\"detail\":\"$detail\"}}" \
		"{\"message\":\"the USB devices of the first start are recorded: $detail\"}"
}

# --- what the tree's start gives ------------------------------------------------------------------

# exec_of ID NAME: the module at its exec, when its comm is still the file's name.
exec_of() {
	who_module "$1" "$2" "$(pid_of "$1")" | sed "s/\"comm\":\"[^\"]*\"/\"comm\":\"$2\"/"
}

# Before anything is started: evmon reads the config as soon as it is there.
config_beyond_the_page() {
	detail="/etc/everest/config.yaml: energy (EnergyManager): asks for CAP_NET_BIND_SERVICE, which the policy does not grant to it"
	expect '{"subject":"everest","module":null,"process":null,"hook":"config","severity":"medium"}' \
		'{"sensor":"config","rule":"config.capabilities-beyond-page"}' \
		"{\"object\":{\"what\":\"energy (EnergyManager)\",\"detail\":\"$detail\"}}" \
		"{\"message\":\"EVerest's config gives capabilities beyond the security page: $detail\"}"
}

chown_surplus() { # ID NAME
	expect "$(exec_of "$1" "$2")" "$(finding_capability capability.everest-chown low 0 CAP_CHOWN held \
		"module $1 ($2) holds CAP_CHOWN beyond its list, as EVerest's manager leaves it to modules with others")"
}

held_beyond_the_list() {
	expect "$(exec_of energy EnergyManager)" "$(finding_capability capability.held medium \
		10 CAP_NET_BIND_SERVICE held \
		"module energy (EnergyManager) holds CAP_NET_BIND_SERVICE, which is not in its list")"
}

# The vendor's own rule, on a device.
bound_to_a_device() {
	expect "$(who_module v2g EvseV2G "$(pid_of v2g)")" "$(finding_bind bind.vendor-sdp low \
		udp ipv6 :: 15119 any "module v2g (EvseV2G) bound udp [::]:15119$on_device, against bind.vendor-sdp")" \
		"$device_and_dual"
}

# What cgroup hooks do not show.
case $EVMON_TIER in
C | D) on_device='' device_and_dual='{}' dual='{}' asked_any='{"object":{"asked_port":8849}}' ;;
*)
	on_device=' on lo' device_and_dual='{"object":{"device":"lo","dual":true}}'
	dual='{"object":{"dual":true}}' asked_any='{"object":{"asked_port":0}}'
	;;
esac

# --- bind -----------------------------------------------------------------------------------------

# module_binds ID NAME FAMILY-WORD ADDR RULE SEVERITY PROTO FAMILY ADDRESS PORT SCOPE TEXT [JSON]
module_binds() {
	id=$1 name=$2 word=$3 where=$4
	shift 4
	ask "$id" bind "$3" "$word" "$where" "$6" || return 1
	case $4 in
	ipv6) at="[$5]:$6" ;;
	*) at="$5:$6" ;;
	esac
	expect "$(who_module "$id" "$name")" "$(finding_bind "$1" "$2" "$3" "$4" "$5" "$6" "$7" \
		"module $id ($name) bound $3 $at, $8")" "${9-{\}}" || return 1
	ask "$id" release
}

innocent() { # ID DEED...
	ask "$@" && ask "$1" release
}

refused_bind_counts_nothing() {
	now
	deed_us=$now_us
	ask auth listen tcp ipv4 192.0.2.1 9001 || return 1
	expect "$(who_module auth Auth)" "$(finding_bind bind.mqtt-tcp critical tcp ipv4 192.0.2.1 9001 \
		interface "module auth (Auth) bound tcp 192.0.2.1:9001, an MQTT port that the network can reach")" ||
		return 1
	ask rpc_api bind tcp ipv4 192.0.2.1 9001
	case $answer in "error EADDRINUSE"*) ;; *) return 1 ;; esac
	ask auth release
}

# SCTP's own hook comes with its module; without one the others see its binds.
sctp_binds() {
	modprobe sctp || return 1
	until hook=$(jq -r '.coverage[] | select(.role == "bind-sctp") | .hooks[0] //
		(.tried[0].reason | if test("not loaded") then empty else "none" end)' \
		"$RUNTIME_DIRECTORY/status.json") && [ -n "$hook" ]; do
		kill -0 "$evmon_pid" || return 1
	done
	[ "$hook" != none ] || hook=$bind4_hook
	module_binds auth Auth ipv4 192.0.2.1 bind.admin-panel critical sctp ipv4 192.0.2.1 8849 \
		interface "$panel" "{\"hook\":\"$hook\"}"
}

# The port that results decides: here port 0 can only become the admin panel's.
port_that_results() {
	cat /proc/sys/net/ipv4/ip_local_port_range >"$test_dir/range"
	echo 8849 8849 >/proc/sys/net/ipv4/ip_local_port_range
	ask slac bind udp ipv4 loopback 0
	result=$?
	cat "$test_dir/range" >/proc/sys/net/ipv4/ip_local_port_range
	[ "$result" -eq 0 ] || return 1
	expect "$(who_module slac EvseSlac)" "$(finding_bind bind.admin-panel critical udp ipv4 127.0.0.1 \
		8849 loopback "module slac (EvseSlac) bound udp 127.0.0.1:8849, the admin panel's port")" \
		"$asked_any" || return 1
	ask slac release
}

# Outside the tree, as any program on the charger.
host_binds() {
	now
	deed_us=$now_us
	mkfifo "$test_dir/hold"
	misdeed --here --hold bind tcp ipv4 any 8849 <"$test_dir/hold" >"$test_dir/held" &
	exec 9>"$test_dir/hold"
	wait_event "$test_dir/held" '^ok pid=' || return 1
	pid=$(sed -n 's/^ok pid=\([0-9]*\) .*/\1/p' "$test_dir/held")
	who="{\"subject\":\"host\",\"process\":$(process "$pid" misdeed /usr/bin/misdeed '["misdeed"]' /)}"
	expect "$who" "$(finding_bind bind.admin-panel critical tcp ipv4 0.0.0.0 8849 any \
		"process misdeed (pid $pid) bound tcp 0.0.0.0:8849, the admin panel's port")"
	result=$?
	exec 9>&-
	return $result
}

# A second broker, which the page allows only with mutual TLS: it binds after it has dropped root.
exposed_broker() {
	printf '%s\n' "user mosquitto" "allow_anonymous true" "log_dest stderr" \
		"listener 1886 127.0.0.1" "listener 1884 0.0.0.0" "listener 8883 0.0.0.0" \
		"listener 1883 127.0.0.1" >"$test_dir/exposed.conf"
	now
	deed_us=$now_us
	/usr/sbin/mosquitto -c "$test_dir/exposed.conf" >"$test_dir/exposed.log" 2>&1 &
	exposed_pid=$!
	wait_event "$test_dir/exposed.log" 'mosquitto version .* running' || return 1
	who="{\"subject\":\"broker\",\"process\":$(process "$exposed_pid" mosquitto \
		/usr/sbin/mosquitto '["/usr/sbin/mosquitto"]' /)}"
	expect "$who" "$(finding_bind bind.broker-exposed critical tcp ipv4 0.0.0.0 1884 any \
		"the broker bound tcp 0.0.0.0:1884, an MQTT listener that the network can reach")"
}

broker_with_tls() {
	expect "$who" "$(finding_bind bind.mqtt-tls medium tcp ipv4 0.0.0.0 8883 any \
		"the broker bound tcp 0.0.0.0:8883, MQTT over TLS that the network can reach")"
}

broker_on_loopback() {
	expect "$who" "$(finding_bind bind.mqtt-loopback medium tcp ipv4 127.0.0.1 1883 loopback \
		"the broker bound tcp 127.0.0.1:1883, MQTT over TCP on loopback")" || return 1
	kill "$exposed_pid"
	wait_exit "$exposed_pid"
}

# --- capability -----------------------------------------------------------------------------------

capability_used() {
	ask slac cap CAP_NET_RAW || return 1 # its own: nothing
	ask energy cap CAP_NET_BIND_SERVICE || return 1
	expect "$(who_module energy EnergyManager)" "$(finding_capability capability.used high \
		10 CAP_NET_BIND_SERVICE used \
		"module energy (EnergyManager) used CAP_NET_BIND_SERVICE, which is not in its list")"
}

chown_used() {
	ask slac cap CAP_CHOWN || return 1
	expect "$(who_module slac EvseSlac)" "$(finding_capability capability.used high 0 CAP_CHOWN used \
		"module slac (EvseSlac) used CAP_CHOWN, which is not in its list")"
}

capability_denied() {
	ask auth cap CAP_DAC_OVERRIDE && return 1 # what every EACCES asks for: nothing
	/usr/bin/setpriv --reuid everest --clear-groups misdeed --here cap CAP_SYS_TIME && return 1
	ask auth cap CAP_SYS_TIME && return 1
	expect "$(who_module auth Auth)" "$(finding_capability capability.denied low 25 CAP_SYS_TIME denied \
		"module auth (Auth) asked in vain for CAP_SYS_TIME, which is not in its list")"
}

# In a namespace of its own a process has all capabilities, and none of the host's.
capability_in_a_userns() {
	ask auth userns whoami || return 1
	! judged_late || { late_exec capability.userns auth; return; }
	parent=$(pid_of auth)
	expect "$(who_module auth Auth "$parent" | jq -c --argjson pid "$actor" --argjson ppid "$parent" \
		'.process += {"pid": $pid, "ppid": $ppid, "ticks": null}')" \
		"$(finding_capability capability.userns medium 21 CAP_SYS_ADMIN held \
			"module auth (Auth) holds CAP_SYS_ADMIN in a user namespace, and all others")" \
		"{\"hook\":\"$credentials_hook\",\"object\":{\"userns\":1}}"
}

# --- exec -----------------------------------------------------------------------------------------

# late_exec RULE ID: told, however much of who it was could still be read.
late_exec() {
	n_alerts=$((n_alerts + 1))
	wait_event "$alerts" '^{' "$n_alerts" || return 1
	sed -n "${n_alerts}p" "$alerts" | grep "\"rule\":\"$1\".*\"count\":1,.*\"id\":\"$2\""
}

root_by_setuid() {
	rooted=$test_dir/rooted
	cp /usr/libexec/everest/rooted "$rooted" && chmod 4755 "$rooted" || return 1
	ask auth exec /usr/libexec/everest/rooted || return 1 # without the bit: nothing
	"$rooted" || return 1                                 # outside the tree: nothing
	ask auth exec-root "$rooted" || return 1
	! judged_late || { late_exec exec.root auth; return; }
	expect "$(child_of auth Auth rooted "$rooted" "[\"$rooted\"]" 0)" "$(finding_exec exec.root high \
		"$rooted" 1500 0 "module auth (Auth) ran $rooted as root")" '{"object":{"how":"setuid"}}'
}

panel_by_its_file() {
	misdeed --here exec /usr/bin/controller || return 1 # outside the tree: nothing
	ask rpc_api exec /usr/bin/controller || return 1
	! judged_late || { late_exec exec.admin-panel rpc_api; return; } # and gone by then
	expect "$(child_of rpc_api RpcApi controller /usr/bin/controller '["/usr/bin/controller"]' 1500)" \
		"$(finding_exec exec.admin-panel critical /usr/bin/controller 1500 1500 \
			"module rpc_api (RpcApi) is the admin panel, /usr/bin/controller")"
}

panel_by_its_name() {
	ask rpc_api exec-as MT.EVERESTS /usr/bin/jq --version || return 1 # another name: nothing
	ask rpc_api exec-as MT.EVEREST /usr/bin/jq --version || return 1
	expect "$(child_of rpc_api RpcApi jq /usr/bin/jq '["MT.EVEREST"]' 1500)" \
		"$(finding_exec exec.admin-panel critical /usr/bin/jq 1500 1500 \
			"module rpc_api (RpcApi) is the admin panel, /usr/bin/jq")"
}

# Started by hand, outside the manager's tree: the file makes it a module.
root_module() {
	now
	deed_us=$now_us
	misdeed --here exec-as lone:Auth "$modules_dir/Auth/Auth" --prefix /usr --module lone \
		>"$test_dir/lone" &
	starter=$!
	wait_event "$alerts" '"rule":"exec.root".*"id":"lone"' || return 1
	pid=$(sed -n 's/.*"id":"lone".*"pid":\([0-9]*\),"ppid".*/\1/p' "$alerts")
	who="{\"subject\":\"everest\",\"module\":{\"id\":\"lone\",\"name\":\"Auth\"},\"process\":$(process \
		"$pid" Auth "$modules_dir/Auth/Auth" '["lone:Auth","--prefix","/usr","--module","lone"]' /)}"
	[ "$(readlink "/proc/$pid/exe")" = "$modules_dir/Auth/Auth" ] &&
		expect "$who" "$(finding_exec exec.root high "$modules_dir/Auth/Auth" 0 0 \
			"module lone (Auth) runs as root")"
}

# It is one finding, not one for each thing that the root module runs.
root_module_is_one_finding() {
	misdeed lone exec /usr/bin/jq --version && misdeed lone exec-root /usr/libexec/everest/rooted &&
		misdeed lone cap CAP_SYS_TIME && misdeed lone die 0 && wait_exit "$starter"
}

# --- all of it ------------------------------------------------------------------------------------

policy_write <<-'POLICY'
	bind: [{rule: bind.vendor-sdp, port: 15119, proto: udp, severity: low}]
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
ip addr add 192.0.2.1/32 dev lo
now
deed_us=$now_us
check "evmon starts" evmon_start
check "publisher and subscriber start" publish_start
check "start is told" start_is_told
check "USB baseline is told" baseline_is_told

now
deed_us=$now_us
config_write /tests/alerts.yaml
check "config beyond the page is told" config_beyond_the_page
check "tree starts" tree_start
check "CAP_CHOWN surplus is told" chown_surplus energy EnergyManager
check "capability held beyond the list" held_beyond_the_list
check "CAP_CHOWN surplus of another module" chown_surplus slac EvseSlac
check "vendor's rule, socket bound to a device" bound_to_a_device

panel="the admin panel's port"
mqtt="an MQTT port that the network can reach"
check "innocent: port beside the admin panel's" innocent auth bind tcp ipv4 any 8850
check "admin panel's port, tcp ipv4" module_binds auth Auth ipv4 any \
	bind.admin-panel critical tcp ipv4 0.0.0.0 8849 any "$panel"
check "admin panel's port, tcp ipv6" module_binds auth Auth ipv6 any \
	bind.admin-panel critical tcp ipv6 :: 8849 any "$panel"
check "admin panel's port, tcp, both families" module_binds rpc_api RpcApi dual any \
	bind.admin-panel critical tcp ipv6 :: 8849 any "$panel" "$dual"
check "admin panel's port, udp ipv4" module_binds auth Auth ipv4 loopback \
	bind.admin-panel critical udp ipv4 127.0.0.1 8849 loopback "$panel"
check "admin panel's port, udp ipv6" module_binds auth Auth ipv6 loopback \
	bind.admin-panel critical udp ipv6 ::1 8849 loopback "$panel"
if [ -e /proc/net/udplite ]; then
	check "admin panel's port, udplite" module_binds auth Auth ipv4 any \
		bind.admin-panel critical udplite ipv4 0.0.0.0 8849 any "$panel"
else
	skip "admin panel's port, udplite" "this kernel has no UDP-Lite"
fi
case $EVMON_TIER in
C | D) skip "admin panel's port, sctp" "cgroup/post_bind4 does not see SCTP" ;;
*) check "admin panel's port, sctp" sctp_binds ;;
esac
check "admin panel's port, from port 0" port_that_results
check "innocent: port 0" innocent auth bind tcp ipv4 any 0
check "admin panel's port, outside the tree" host_binds
check "innocent: udp 1883" innocent auth bind udp ipv4 any 1883
check "MQTT on any address, ipv4" module_binds auth Auth ipv4 any \
	bind.mqtt-tcp critical tcp ipv4 0.0.0.0 1883 any "$mqtt"
check "MQTT on any address, ipv6" module_binds auth Auth ipv6 any \
	bind.mqtt-tcp critical tcp ipv6 :: 1883 any "$mqtt"
check "MQTT on loopback, ipv4" module_binds auth Auth ipv4 loopback \
	bind.mqtt-loopback medium tcp ipv4 127.0.0.1 1883 loopback "MQTT over TCP on loopback"
check "MQTT on loopback, ipv6" module_binds auth Auth ipv6 loopback \
	bind.mqtt-loopback medium tcp ipv6 ::1 1883 loopback "MQTT over TCP on loopback"
check "innocent: 9001 on loopback" innocent auth bind tcp ipv4 loopback 9001
check "MQTT over websockets" module_binds auth Auth ipv4 any \
	bind.mqtt-tcp critical tcp ipv4 0.0.0.0 9001 any "$mqtt"
check "bind that the kernel refuses counts nothing" refused_bind_counts_nothing
check "innocent: 8883 by a module" innocent auth bind tcp ipv4 any 8883
check "broker that the network can reach" exposed_broker
check "broker with TLS" broker_with_tls
check "broker on loopback" broker_on_loopback

check "capability used beyond the list" capability_used
check "CAP_CHOWN used" chown_used
check "capability denied" capability_denied
credentials_hook=$(jq -r '.coverage[] | select(.role == "credentials") | .hooks[0] // empty' \
	"$RUNTIME_DIRECTORY/status.json")
if [ -n "$credentials_hook" ]; then
	check "capabilities in a user namespace" capability_in_a_userns
else
	skip "capabilities in a user namespace" "no hook for credentials on this kernel"
fi
check "root by a set-uid program" root_by_setuid
check "admin panel by its file" panel_by_its_file
if judged_late; then
	skip "admin panel by its name" "argv[0] is read late, and not of what has ended by then"
else
	check "admin panel by its name" panel_by_its_name
fi
check "module as root, outside the tree" root_module
check "innocent: what a root module then does" root_module_is_one_finding

tree_stop
check "nothing else was told" nothing_else
check "the same bytes came out at the broker" published_equals_journal
