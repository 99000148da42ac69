#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Checks the stand-in tree against what was measured of EVerest's manager: with a private broker on a
# unix socket, in a network namespace of its own, by /proc. Usage: selftest.sh [PREFIX], root. TAP on
# stdout. It waits on events only: lines of fifos, answers, and the end of a pipe that all processes
# of the tree hold open.
set -u

here=$(cd "$(dirname "$0")" && pwd)
prefix=$(realpath "${1:-${BUILD:-$here/../../build}/sim}")
limit=20 # seconds, for an event that does not come

if [ "$(id -u)" -ne 0 ] || ! command -v mosquitto >/dev/null; then
	echo "1..0 # SKIP needs root and mosquitto"
	exit 0
fi
if [ -z "${SELFTEST_NETNS:-}" ]; then
	SELFTEST_NETNS=1 exec unshare --net -- "$0" "$@"
fi
ip link set lo up

n=0 failures=0
ok() { # ok WHAT COMMAND...: the command's success
	local what=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $what"
	else
		failures=$((failures + 1))
		echo "not ok $n - $what"
		echo "# failed: $*"
	fi
}
is() { # is WHAT GOT WANTED
	ok "$1" test "$2" = "$3"
}
like() { # like WHAT GOT PATTERN
	n=$((n + 1))
	# shellcheck disable=SC2053
	if [[ $2 == $3 ]]; then
		echo "ok $n - $1"
	else
		failures=$((failures + 1))
		echo "not ok $n - $1"
		echo "# got '$2', wanted '$3'"
	fi
}

dir=$(mktemp -d)
chmod 755 "$dir"
mosquitto_pid='' manager=''
cleanup() {
	[ -z "$manager" ] || kill -KILL "$manager" 2>/dev/null
	[ -z "$mosquitto_pid" ] || kill "$mosquitto_pid" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

# --- the broker, and commands that tell when Setup runs them ----------------------------------------

mkfifo -m 666 "$dir/broker.log" "$dir/habits" "$dir/status" "$dir/alive"
exec 3<>"$dir/broker.log" 4<>"$dir/habits" 5<>"$dir/status"
printf '%s\n' "listener 0 $dir/mosquitto.sock" 'allow_anonymous true' 'user root' \
	'log_dest stderr' 'log_type all' >"$dir/mosquitto.conf"
mosquitto -c "$dir/mosquitto.conf" >"$dir/broker.log" 2>&1 &
mosquitto_pid=$!
wait_line() { # wait_line FD PATTERN
	local line until=$((SECONDS + limit))
	while [ $SECONDS -lt $until ] && read -r -t "$limit" -u "$1" line; do
		# shellcheck disable=SC2053
		[[ $line == $2 ]] && return 0
	done
	echo "# no line '$2' within $limit s"
	return 1
}
ok "the broker runs" wait_line 3 '*running*'
chmod 777 "$dir/mosquitto.sock"

mkdir "$dir/fake"
for name in systemctl hostname; do
	printf '#!/bin/sh\necho "%s $*" >%s\n' "$name" "$dir/habits" >"$dir/fake/$name"
	chmod 755 "$dir/fake/$name"
done
install -m 4755 "$prefix/libexec/everest/rooted" "$dir/rooted"

# --- starting and ending a tree ---------------------------------------------------------------------

export EVEREST_SIM_DIR=$dir/sim
prepare() { # prepare CONFIG
	sed -e "s,@USER@,$user," -e "s,@SOCKET@,$dir/mosquitto.sock," "$here/configs/$1" \
		>"$dir/config.yaml"
	rm -rf "$EVEREST_SIM_DIR"
}
start() { # start CONFIG [OPTION...]
	prepare "$1"
	shift
	PATH=$dir/fake:$PATH "$prefix/bin/manager" --config "$dir/config.yaml" \
		--status-fifo "$dir/status" "$@" >"$dir/alive" 2>"$dir/stderr" &
	manager=$!
	exec 6<"$dir/alive"
}
started() { wait_line 5 ALL_MODULES_STARTED || { sed 's/^/# /' "$dir/stderr"; false; }; }
ended() { # everybody who had the pipe has gone
	timeout "$limit" cat <&6 >/dev/null
	local rc=$?
	exec 6<&-
	return $rc
}
manager_is() { # manager_is WHAT STATUS
	local rc
	wait "$manager"
	rc=$?
	manager=''
	is "$1" $rc "$2"
}
stop() {
	kill -TERM "$manager"
	ok "$1: SIGTERM ends every process of the tree" ended
	manager_is "$1: the manager ends well" 0
}
quietly() { "$@" >/dev/null; }
misdeed() { "$prefix/bin/misdeed" "$@"; }
pid_of() { misdeed "$1" whoami | sed -n 's/^ok pid=\([0-9]*\) .*/\1/p'; }
status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '; }
argv_of() { tr '\0' '|' <"/proc/$1/cmdline"; }
sockets_of() { readlink /proc/"$1"/fd/* | grep ^socket: | sort -u; }
uids() { echo "$1 $1 $1 $1"; }
listens() { # listens FILE PORT STATE: a row of the namespace's table
	awk -v port=":$(printf %04X "$2")\$" -v state="$3" '$2 ~ port && $4 == state' \
		"/proc/net/$1" | wc -l
}

ids="auth:Auth bsp_dc:InfyPower connector_1:EvseManager energy_manager:EnergyManager
evse_security:EvseSecurity iso15118_20:Evse15118D20 iso15118_charger:EvseV2G ocpp:OCPP201
persistent_store:PersistentStore rpc_api:RpcApi setup:Setup slac:EvseSlac system:System"
none=0000000000000000
bounding=$(status_of $$ CapBnd)
nobody=$(id -u nobody)
user=nobody # who the tree runs as

# --- the hardened charger ---------------------------------------------------------------------------

echo "# hardened: who and what"
start hardened.yaml --prefix "$prefix"
ok "hardened: all modules start" started
last=0 last_start=0 order=ordered inodes=''
for module in $ids; do
	id=${module%%:*} name=${module#*:}
	pid=$(pid_of "$id")
	case $id in
	slac) caps=0000000000002001 ;;
	setup) caps=0000000000003003 ;;
	*) caps=$none ;;
	esac
	is "$id: uids" "$(status_of "$pid" Uid)" "$(uids "$nobody")"
	for set in CapInh CapPrm CapEff CapAmb; do
		is "$id: $set" "$(status_of "$pid" $set)" $caps
	done
	is "$id: CapBnd is untouched" "$(status_of "$pid" CapBnd)" "$bounding"
	is "$id: command line" "$(argv_of "$pid")" "$id:$name|--prefix|$prefix|--module|$id|--log_config|$prefix/etc/everest/default_logging.cfg|--mqtt_everest_prefix|everest/|--mqtt_external_prefix||--mqtt_broker_socket_path|$dir/mosquitto.sock|"
	is "$id: comm" "$(cat "/proc/$pid/comm")" "$(printf '%.15s' "$id:$name")"
	is "$id: threads keep the executable's name" \
		"$(cat /proc/"$pid"/task/*/comm | sort -u | grep -vFx "$(cat "/proc/$pid/comm")")" \
		"$(printf '%.15s' "$name")"
	is "$id: parent" "$(status_of "$pid" PPid)" "$manager"
	is "$id: executable" "$(readlink "/proc/$pid/exe")" \
		"$prefix/libexec/everest/modules/$name/$name"
	is "$id: only SIGINT is blocked" "$(status_of "$pid" SigBlk)" 0000000000000002
	# in clock ticks; within a tick the pids tell, unless they have wrapped around
	start=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f20)
	if [ "$start" -lt "$last_start" ] ||
		{ [ "$start" -eq "$last_start" ] && [ $((last - pid)) -gt 0 ] && [ $((last - pid)) -lt 1000 ]; }; then
		order="$id before its turn"
	fi
	last=$pid last_start=$start
	inodes=$inodes$(stat -Lc %i "/proc/$pid/exe")$'\n'
done
is "modules start in the order of their ids" "$order" ordered
is "each module is an inode of its own" "$(printf %s "$inodes" | sort -u | wc -l)" 13

is "manager: threads" "$(status_of "$manager" Threads)" 8
is "manager: every thread has dropped root" \
	"$(cat /proc/"$manager"/task/*/status | grep -c "^Uid:[[:space:]]*${nobody}[[:space:]]")" 8
is "manager: no capability is left" "$(status_of "$manager" CapPrm)" $none
is "manager: INT, TERM and CHLD are blocked" "$(status_of "$manager" SigBlk)" 0000000000014002
slac=$(pid_of slac)
shared=$(comm -12 <(sockets_of "$manager") <(sockets_of "$slac") | wc -l)
is "a module inherits the manager's sockets: its broker connection and both ends of a pair" "$shared" 3
for i in $(seq 14); do
	wait_line 3 '*New client connected*' || break
done
is "the broker has a client for each module and the manager" "$i" 14

echo "# hardened: habits"
ok "setup runs systemctl" wait_line 4 'systemctl is-active --quiet hostapd'
ok "setup runs hostname" wait_line 4 hostname
is "EvseV2G and Evse15118D20 share UDP 15118" "$(listens udp6 15118 07)" 2
is "EvseV2G listens on TCP 61341" "$(listens tcp6 61341 0A)" 1
is "Evse15118D20 listens on TCP 50000" "$(listens tcp6 50000 0A)" 1
is "RpcApi listens on TCP 8080" "$(listens tcp 8080 0A)" 1
is "EvseSlac has a HomePlug packet socket" "$(awk '$4 == "88e1"' /proc/net/packet | wc -l)" 1

echo "# misdeeds of a module"
auth=$(pid_of auth)
me="pid=$auth uid=$nobody"
is "bind tcp ipv4" "$(misdeed auth bind tcp ipv4 any 8849)" "ok $me done=1 failed=0 port=8849"
is "bind udp ipv6" "$(misdeed auth bind udp ipv6 ::1 5353)" "ok $me done=1 failed=0 port=5353"
is "bind udp ipv6: the socket is there" "$(listens udp6 5353 07)" 1
is "listen tcp dual" "$(misdeed auth listen tcp dual any 1883)" "ok $me done=1 failed=0 port=1883"
is "listen tcp dual: it takes ipv6" "$(listens tcp6 1883 0A)" 1
ok "listen tcp dual: it takes ipv4" quietly misdeed --here connect tcp ipv4 loopback 1883
like "listen-unbound takes a port" "$(misdeed auth listen-unbound tcp ipv4)" \
	"ok $me done=1 failed=0 port=[1-9]*"
like "connect takes a port" "$(misdeed auth connect udp ipv4 loopback 9)" \
	"ok $me done=1 failed=0 port=[1-9]*"
is "bind by an address without a family" "$(misdeed auth bind udp unspec any 8852)" \
	"ok $me done=1 failed=0 port=8852"
is "bind by an address without a family: the socket is IPv4's" "$(listens udp 8852 07)" 1
like "bind to port 0 tells the port" "$(misdeed auth bind tcp ipv6 loopback 0)" \
	"ok $me done=1 failed=0 port=[1-9]*"
is "a thousand binds" "$(misdeed auth bind-close tcp ipv4 loopback 9001 1000)" \
	"ok $me done=1000 failed=0 port=9001"
is "a refused bind" "$(misdeed auth bind tcp ipv4 192.0.2.1 80)" \
	"error $(misdeed auth bind tcp ipv4 192.0.2.1 80 | cut -d' ' -f2) $me done=0 failed=1"
like "kept sockets" "$(misdeed auth whoami)" "ok * sockets=6"
ok "release" quietly misdeed auth release
is "release: they are gone" "$(listens udp6 5353 07)$(listens tcp6 1883 0A)" 00
is "nonsense is refused" "$(misdeed auth bind tcp ipv5 any 1)" "error EINVAL $me done=0 failed=1"
like "an unknown deed is refused" "$(misdeed auth sing)" "error EINVAL * no such deed"

is "cap denied" "$(misdeed auth cap CAP_NET_RAW 3)" \
	"error EPERM $me done=0 failed=3 CAP_NET_RAW denied"
is "cap granted" "$(misdeed slac cap cap_net_raw 2)" \
	"ok pid=$slac uid=$nobody done=2 failed=0 CAP_NET_RAW granted"
like "the CAP_CHOWN surplus can be used" "$(misdeed slac cap CAP_CHOWN)" "ok * granted"
like "setup: CAP_NET_ADMIN" "$(misdeed setup cap CAP_NET_ADMIN)" "ok * granted"
like "setup: CAP_DAC_OVERRIDE" "$(misdeed setup cap CAP_DAC_OVERRIDE)" "ok * granted"

is "exec" "$(misdeed auth exec /bin/sh -c 'exit 7' | sed 's/child=[0-9]*/child/')" \
	"ok $me done=1 failed=0 child exit=7"
is "exec of nothing" "$(misdeed auth exec /nonexistent | cut -d' ' -f1-6)" \
	"error ENOENT $me done=0 failed=1"
like "exec of a set-uid root program" "$(misdeed auth exec-root "$dir/rooted")" "ok $me * exit=0"
like "exec-root of what is not set-uid" \
	"$(misdeed auth exec-root "$prefix/libexec/everest/rooted")" "error EPERM $me * exit=1"
like "exec-thread" "$(misdeed auth exec-thread /bin/true)" "ok $me * exit=0"
like "vfork-exec" "$(misdeed auth vfork-exec /bin/true)" "ok $me * exit=0"
like "vfork-exec of nothing" "$(misdeed auth vfork-exec /nonexistent)" "error ENOENT *"
cat >"$dir/show" <<SCRIPT
#!/bin/sh
printf '%s|' "\$@" >$EVEREST_SIM_DIR/arguments
SCRIPT
chmod 755 "$dir/show"
like "exec-nasty" "$(misdeed auth exec-nasty "$dir/show")" "ok $me * exit=0"
# shellcheck disable=SC1003
printf '%b|' 'line\nend\r\n\ttab' '"quote" '"'single' "'\\back\\' '\xff\xfe\x80lone' \
	'\xc0\xaf\xed\xa0\x80overlong' '\x01\x02\x7f\xc2\x9b' '\xe2\x80\xaereversed\xe2\x81\xa6' '' \
	'{"schema":"evmon.alert/1"}' >"$dir/nasty"
ok "exec-nasty: the bytes arrive" cmp "$dir/nasty" "$EVEREST_SIM_DIR/arguments"

like "a thread is the same process" "$(misdeed auth thread whoami)" "ok $me *"
like "a child whose leader has gone" "$(misdeed auth leaderless cap CAP_CHOWN)" \
	"error EPERM pid=* CAP_CHOWN denied"
like "an orphan of four generations" "$(misdeed auth fork-deep 4 whoami)" "ok * ppid=1 *"
like "an orphan's bind" "$(misdeed auth fork-deep 2 bind udp ipv4 any 8849)" "ok * port=8849"
like "root of an own user namespace" "$(misdeed auth userns cap CAP_SYS_CHROOT)" "ok * granted"
is "repeat adds up" "$(misdeed auth repeat 5 cap CAP_SYS_TIME 2)" \
	"error EPERM $me done=0 failed=10 CAP_SYS_TIME denied"
is "a module that is not there is told by the exit status" \
	"$(misdeed nobody whoami 2>/dev/null; echo $?)" 3

echo "# every capability, by root and by nobody"
for cap in CHOWN DAC_OVERRIDE DAC_READ_SEARCH SETGID SETUID SETPCAP NET_BIND_SERVICE NET_ADMIN NET_RAW \
	IPC_LOCK SYS_MODULE SYS_CHROOT SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME MKNOD \
	SYSLOG WAKE_ALARM FOWNER KILL SYS_PTRACE; do
	number=$(sed -n "s/^#define CAP_${cap}[[:space:]]\{1,\}\([0-9]*\)$/\1/p" \
		/usr/include/linux/capability.h)
	wanted=granted
	[ $((0x$bounding >> number & 1)) = 1 ] || wanted=denied
	got=$(misdeed --here cap CAP_$cap)
	if [[ $got == 'error ENOSYS '* ]]; then
		n=$((n + 1))
		echo "ok $n - root: CAP_$cap # SKIP this kernel has no such system call"
		continue
	fi
	like "root: CAP_$cap" "$got" "* CAP_$cap $wanted"
	like "nobody: CAP_$cap" "$(misdeed auth cap CAP_$cap)" "error E* CAP_$cap denied"
done
stop hardened

# --- other ways to start and to end -----------------------------------------------------------------

echo "# without the surplus"
start mini.yaml --no-chown-leak
ok "mini: all modules start" started
is "mini: CapEff without CAP_CHOWN" "$(status_of "$(pid_of slac)" CapEff)" 0000000000002000
like "mini: CAP_CHOWN is denied" "$(misdeed slac cap CAP_CHOWN)" "error EPERM *"
like "a module can end" "$(misdeed auth die 3)" "ok *"
ok "an unexpected end of a module ends the tree" ended
manager_is "and the manager's exit status says so" 1

echo "# no run_as_user"
start root.yaml
ok "root: all modules start" started
slac=$(pid_of slac)
is "root: a module is root" "$(status_of "$slac" Uid)" "$(uids 0)"
is "root: with every capability, whatever its list" "$(status_of "$slac" CapEff)" "$bounding"
is "root: the manager stays root" "$(status_of "$manager" Uid)" "$(uids 0)"
like "root: exec-root needs no set-uid bit" \
	"$(misdeed slac exec-root "$prefix/libexec/everest/rooted")" "ok * exit=0"
stop root

echo "# crashes"
start root.yaml --recover-module-crashes
ok "recover: all modules start" started
before=$(pid_of auth)
like "recover: a module ends" "$(misdeed setup die 0)" "ok *"
ok "recover: all modules start again" started
ok "recover: as new processes" test "$(pid_of auth)" != "$before"
stop recover
start mini.yaml --recover-module-crashes
ok "recover without root: all modules start" started
like "recover without root: a module ends" "$(misdeed auth die 0)" "ok *"
ok "recover without root: the tree ends, as EVerest's does" ended
manager_is "recover without root: the manager fails" 1
ok "recover without root: it says why" grep -q 'set real user' "$dir/stderr"
start mini.yaml
ok "kill: all modules start" started
{
	kill -KILL "$manager"
	ok "kill: modules follow their manager's death" ended
	manager_is "kill: the manager's exit status says so" 137
} 2>/dev/null # the shell's own word about it

echo "# admin panel"
start mini.yaml --admin-panel
ok "panel: all modules start" started
controller=$(pgrep -P "$manager" -x controller)
is "panel: argv" "$(argv_of "$controller")" "MT.EVEREST|"
is "panel: executable" "$(readlink "/proc/$controller/exe")" "$prefix/bin/controller"
is "panel: it inherits no socket of the manager's" \
	"$(comm -12 <(sockets_of "$controller") <(sockets_of "$manager") | wc -l)" 0
is "panel: it is not root" "$(status_of "$controller" Uid)" "$(uids "$nobody")"
is "panel: threads" "$(status_of "$controller" Threads)" 2
is "panel: it listens on IPv4" "$(listens tcp 8849 0A)" 1
is "panel: it listens on IPv6" "$(listens tcp6 8849 0A)" 1
is "panel: the manager stays root" "$(status_of "$manager" Uid)" "$(uids 0)"
is "panel: modules are not root" "$(status_of "$(pid_of slac)" Uid)" "$(uids "$nobody")"
kill -KILL "$controller"
ok "panel: its death ends the tree" ended
manager_is "panel: and the manager's exit status says so" 1

echo "# without a broker, by number"
kill "$mosquitto_pid"
wait "$mosquitto_pid" 2>/dev/null
mosquitto_pid=''
start mini.yaml
ok "no broker: all modules start" started
ok "no broker: that is told" grep -q 'no broker' "$dir/stderr"
stop "no broker"
user=54321
start mini.yaml --no-broker
ok "user by number: all modules start" started
is "user by number: uid" "$(status_of "$(pid_of slac)" Uid)" "$(uids 54321)"
is "user by number: gid" "$(status_of "$(pid_of slac)" Gid)" "$(uids 54321)"
stop "user by number"

echo "# configurations that are refused"
refused() { # refused WHAT PATTERN: the manager ends with 1 and says why
	local rc
	"$prefix/bin/manager" --config "$dir/bad.yaml" --no-broker >/dev/null 2>"$dir/stderr"
	rc=$?
	is "$1: exit status" $rc 1
	ok "$1: it says why" grep -q -- "$2" "$dir/stderr"
}
rm -f "$dir/bad.yaml"
refused "no configuration" 'No such file'
printf 'settings: {\nactive_modules: [}\n' >"$dir/bad.yaml"
refused "not YAML" 'line [12]'
printf 'active_modules:\n  a:\n    module: Auth\n    capabilities: [CAP_FLY]\n' >"$dir/bad.yaml"
refused "a capability that does not exist" 'line 4'
printf 'settings: {mqtt_broker_socket_path: /a, mqtt_broker_host: b}\n' >"$dir/bad.yaml"
refused "two brokers" 'Invalid argument'
printf 'active_modules: {a: {module: NoSuchModule}}\n' >"$dir/bad.yaml"
refused "a module that is not there" 'a:NoSuchModule: execute: No such file'
printf 'settings: {run_as_user: no-such-user}\nactive_modules: {a: {module: Auth}}\n' >"$dir/bad.yaml"
refused "a user who is not there" 'a:Auth: set real user'

echo "# the order of system calls"
# With capabilities, between fork and execve; reads and the name service's calls left out.
traced='prctl(PR_SET_SECUREBITS|setgroups|setgid|setuid|capset|prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN|prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW|prctl(PR_SET_PDEATHSIG|getppid|rt_sigprocmask(SIG_UNBLOCK|execve|'
if command -v strace >/dev/null; then
	user=nobody
	prepare mini.yaml
	strace -f -o "$dir/trace" "$prefix/bin/manager" --config "$dir/config.yaml" --no-broker \
		--status-fifo "$dir/status" 2>"$dir/stderr" >"$dir/alive" &
	tracer=$!
	exec 6<"$dir/alive"
	ok "traced: all modules start" started
	kill -TERM "$(awk 'NR == 1 { print $1 }' "$dir/trace")"
	ok "traced: the tree ends" ended
	wait "$tracer"
	child=$(sed -n 's/^\([0-9]*\) *execve(.*EvseSlac\/EvseSlac".*/\1/p' "$dir/trace")
	is "a child with capabilities goes EVerest's way" "$(sed -n "s/^$child *//p" "$dir/trace" |
		sed '/^execve/q' | grep -oE \
			'^(prctl\(PR_SET_[A-Z]*|prctl\(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, [A-Z_]*|set[gu][a-z]*|capset|getppid|rt_sigprocmask\(SIG_UNBLOCK|execve)' |
		tr '\n' '|')" "$traced"
	is "and the manager drops root last" \
		"$(grep -nE ' (execve|setuid)\(' "$dir/trace" | tail -8 | grep -c setuid)" 8
else
	n=$((n + 1))
	echo "ok $n - a child with capabilities goes EVerest's way # SKIP no strace"
fi

echo "1..$n"
echo "# $((n - failures)) of $n passed"
[ "$failures" -eq 0 ]
