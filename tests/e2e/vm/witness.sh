#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A witness that knows nothing of evmon: the kernel's own tracing, and /proc/net, count the same number
# of binds, execs and capability checks as the alerts do. The same deeds outside the tree are the
# witness's alone, so it is seen to count what was done and not what evmon said.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 19

tracefs=/sys/kernel/tracing
tracing=$tracefs/instances/witness
port=8900 # 0x22c4
rooted=$test_dir/rooted
panel=$test_dir/panel
witnessed=$test_dir/witnessed

# --- the witness ----------------------------------------------------------------------------------

# witness_probe EVENT FILTER: on in the witness's instance.
witness_probe() {
	echo "$2" >"$tracing/events/$1/filter" && echo 1 >"$tracing/events/$1/enable"
}

# inet_bind(sock, address, length), cap_capable(credentials, namespace, capability, options), by their
# registers; the port lies in memory as the network has it.
witness_start() {
	mkdir "$tracing" || return 1
	# shellcheck disable=SC2016 # the kernel's names
	for probe in 'p:witness/bind4 inet_bind port=+2($arg2):x16 comm=$comm' \
		'p:witness/bind6 inet6_bind port=+2($arg2):x16 comm=$comm' \
		'p:witness/asked cap_capable cap=$arg3:s32 options=$arg4:x32 comm=$comm' \
		'r:witness/answered cap_capable ret=$retval:s32'; do
		echo "$probe" >>"$tracefs/kprobe_events" || return 1
	done
	witness_probe witness/bind4 'port == 0xc422' && witness_probe witness/bind6 'port == 0xc422' &&
		witness_probe witness/asked 'cap == 10 || cap == 25' && witness_probe witness/answered 0 &&
		witness_probe syscalls/sys_exit_bind 'ret == 0 && comm == "rpc_api:RpcApi"' &&
		witness_probe sched/sched_process_exec "filename ~ \"$test_dir/*\""
}

witness_stop() {
	cat "$tracing"/per_cpu/cpu*/stats
	! grep -v ' 0$' "$tracing"/per_cpu/cpu*/stats | grep -E 'overrun|dropped' || return 1
	for event in witness/bind4 witness/bind6 witness/asked witness/answered \
		syscalls/sys_exit_bind sched/sched_process_exec; do
		echo 0 >"$tracing/events/$event/enable"
	done
	rmdir "$tracing" && echo >"$tracefs/kprobe_events"
}

# asked_and_answered NUMBER RET COMM: checks that the audit may hear of, and what came of them: a
# return belongs to the call before it of the same thread.
asked_and_answered() {
	awk -v cap=" cap=$1 " -v ret="ret=$2" -v comm="comm=\"$3\"" '
		{
			match($0, /-[0-9]+ +\[[0-9]+\]/)
			thread = substr($0, RSTART, RLENGTH)
			sub(/ .*/, "", thread)
		}
		/ asked: / {
			hushed = $0 ~ / options=0x[0-9a-f]*[2367abef] /
			open[thread] = index($0, cap) && index($0, comm) && !hushed
		}
		/ answered: / { n += open[thread] && $NF == ret; open[thread] = 0 }
		END { print n + 0 }' "$tracing/trace"
}

# witness KIND COMM: how often it has seen that; a number that only grows.
witness() {
	case $1 in
	bind4 | bind6) grep -c " $1: .* port=0xc422 comm=\"$2\"\$" "$tracing/trace" ;;
	bound) grep -c ' sys_bind -> 0x0$' "$tracing/trace" ;;
	exec) grep -c -F " filename=$2 " "$tracing/trace" ;;
	used) asked_and_answered 10 0 "$2" ;;
	denied) asked_and_answered 25 -1 "$2" ;;
	esac
}

# --- the deeds ------------------------------------------------------------------------------------

# grows KIND COMM N DEED...: the witness sees N more.
grows() {
	kind=$1 comm=$2 n=$3
	shift 3
	before=$(witness "$kind" "$comm")
	"$@"
	after=$(witness "$kind" "$comm")
	echo "$kind $comm: $before, then $after"
	[ $((after - before)) -eq "$n" ]
}

# agree KIND COMM "RULE MODULE OBJECT" N DEED...: the module does it N times; so many more than the
# witness sees are expected of the alerts.
agree() {
	kind=$1 comm=$2 what=$3 n=$4 id=${3#* }
	shift 4
	grows "$kind" "$comm" "$n" ask "${id%% *}" "$@" && echo "$what $((after - before))" >>"$witnessed"
}

# What the kernel refuses is seen on its way, and counted nowhere: the system call says so.
refused_by_the_kernel() {
	ask auth listen tcp ipv4 loopback $port || return 1
	refused=$(witness bound -)
	grows bind4 rpc_api:RpcApi 5 ask rpc_api bind-close tcp ipv4 loopback $port 5 || return 1
	[ "$(witness bound -)" -eq "$refused" ] && ask auth release || return 1
	agree bound - 'bind.vendor rpc_api tcp ipv4 loopback' 3 bind-close tcp ipv4 loopback $port 3 &&
		echo 'bind.vendor auth tcp ipv4 loopback 1' >>"$witnessed"
}

# Sockets that stay open, each on an address of its own: /proc/net lists them.
held_open() {
	for i in 1 2 3 4 5 6 7; do
		ask auth bind udp ipv4 127.0.0.$i $port || return 1
	done
	listed=$(grep -c -E ' 0[1-7]00007F:22C4 ' /proc/net/udp)
	echo "/proc/net/udp: $listed"
	ask auth release
	echo "bind.vendor auth udp ipv4 loopback $listed" >>"$witnessed"
	[ "$listed" -eq 7 ]
}

outside() { # KIND COMM N DEED...
	kind=$1 comm=$2 n=$3
	shift 3
	grows "$kind" "$comm" "$n" misdeed --here "$@"
}

denied_outside() {
	grows denied misdeed 7 /usr/bin/setpriv --reuid everest --clear-groups \
		misdeed --here cap CAP_SYS_TIME 7
}

# What the alerts add up to is what the witness saw within the tree; of what it saw outside there is
# nothing. What modules hold from their start on is no deed.
alerts_agree() {
	jq -r 'select((.sensor | IN("bind", "capability", "exec")) and .object.kind != "held") | [.rule,
		.module.id // "-", (.object | if .port then .proto, .family, .scope else .name // .path end),
		.count] | join(" ")' "$alerts" |
		awk '{ n = $NF; sub(/ [0-9]+$/, ""); sum[$0] += n } END { for (what in sum) print what, sum[what] }' |
		sort >"$test_dir/told"
	sort "$witnessed" | diff -U 99 - "$test_dir/told"
}

policy_write <<-POLICY
	bind: [{rule: bind.vendor, subject: everest, port: $port, severity: low}]
	aggregate: {window: 1h}
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
sed 's/CAP_NET_RAW/CAP_NET_RAW, CAP_NET_BIND_SERVICE/' /tests/alerts.yaml | grep -v 'sdp_port' \
	>"$test_dir/config"
config_write "$test_dir/config"
cp /usr/libexec/everest/rooted "$panel"
cp /usr/libexec/everest/rooted "$rooted"
chmod 4755 "$rooted"
check "evmon starts" evmon_start
check "tree starts" tree_start
check "witness starts" witness_start

check "13 binds, tcp ipv4" agree bind4 auth:Auth 'bind.vendor auth tcp ipv4 any' 13 \
	bind-close tcp ipv4 any $port 13
check "29 binds, udp ipv6" agree bind6 auth:Auth 'bind.vendor auth udp ipv6 loopback' 29 \
	bind-close udp ipv6 loopback $port 29
check "1 bind, 5 that the kernel refuses, 3 that it does not" refused_by_the_kernel
check "7 sockets in /proc/net" held_open
check "outside: 7 binds are the witness's alone" \
	outside bind4 misdeed 7 bind-close tcp ipv4 any $port 7

check "29 uses of a capability" agree used slac:EvseSlac \
	'capability.used slac CAP_NET_BIND_SERVICE' 29 cap CAP_NET_BIND_SERVICE 29
check "13 denials of a capability" agree denied auth:Auth \
	'capability.denied auth CAP_SYS_TIME' 13 cap CAP_SYS_TIME 13
check "outside: 7 uses are the witness's alone" outside used misdeed 7 cap CAP_NET_BIND_SERVICE 7
check "outside: 7 denials are the witness's alone" denied_outside

check "13 root programs" agree exec "$rooted" "exec.root auth $rooted" 13 \
	repeat 13 exec-root "$rooted"
check "7 admin panels" agree exec "$panel" "exec.admin-panel auth $panel" 7 \
	repeat 7 exec-as MT.EVEREST "$panel"
check "outside: 7 root programs are the witness's alone" outside exec "$rooted" 7 \
	repeat 7 exec "$rooted"
check "outside: 7 admin panels are the witness's alone" outside exec "$panel" 7 \
	repeat 7 exec-as MT.EVEREST "$panel"

check "witness has lost nothing" witness_stop
check "tree and evmon end" eval 'tree_stop && ended'
check "alerts and witness agree" alerts_agree
