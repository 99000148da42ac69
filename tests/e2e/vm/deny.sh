#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Where the policy says deny, the caller gets EPERM before anything is bound or executed, by the hook that this
# tier has, and is told as denied; what stands beside it goes on as before. What cannot be denied (a
# port that only results) says that it was to be. It goes on when evmon is killed, until `unload`;
# --trace never denies, whatever the policy says.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 22

panel="the admin panel's port"
# What cgroup hooks do not show.
dual='{"object":{"dual":true}}' asked_any=0
[ "$EVMON_TIER" != C ] || dual='{}' asked_any=8849

# refused WHO-JSON FINDING... the last deed was refused, and told so.
refused() {
	case $answer in "error EPERM "*) ;; *) return 1 ;; esac
	who=$1
	shift
	expect "$who" "$@" "{\"verdict\":\"denied\",\"hook\":\"$hook\"}"
}

# denied ID NAME PROTO FAMILY-WORD ADDR FAMILY ADDRESS SCOPE [JSON]
denied() {
	ask "$1" bind "$3" "$4" "$5" 8849
	hook=$deny_hook
	case $6 in
	ipv6)
		at="[$7]:8849"
		[ "$EVMON_TIER" != C ] || hook=cgroup/bind6
		;;
	*) at="$7:8849" ;;
	esac
	refused "$(who_module "$1" "$2")" "$(finding_bind bind.admin-panel critical "$3" "$6" "$7" 8849 \
		"$8" "module $1 ($2) was refused $3 $at, $panel")" "${9-{\}}"
}

host_is_denied() {
	now
	deed_us=$now_us
	answer=$(misdeed --here bind tcp ipv4 any 8849)
	echo "$answer"
	pid=${answer#*pid=}
	pid=${pid%% *}
	hook=$deny_hook
	refused "{\"subject\":\"host\",\"process\":{\"pid\":$pid,\"ppid\":$2,\"uid\":0,\"euid\":0,\"gid\":0,
		\"comm\":\"misdeed\",\"exe\":\"/usr/bin/misdeed\",\"cmdline\":[\"misdeed\"],\"cgroup\":\"/\"}}" \
		"$(finding_bind bind.admin-panel critical tcp ipv4 0.0.0.0 8849 any \
			"process misdeed (pid $pid) was refused tcp 0.0.0.0:8849, $panel")"
}

allowed() { # DEED...: is done, and tells nothing
	ask auth "$@" && ask auth release
}

# The caller goes on, with EPERM; where no hook can refuse, what it started is killed.
root_is_refused() {
	rooted=$test_dir/rooted
	cp /usr/libexec/everest/rooted "$rooted" && chmod 4755 "$rooted" || return 1
	ask auth exec /usr/libexec/everest/rooted || return 1 # without the bit: nothing
	ask auth exec-root "$rooted"
	if [ "$EVMON_TIER" = C ]; then
		case $answer in *" signal=9"*) ;; *) return 1 ;; esac
		expect "$(child_of auth Auth rooted "$rooted" "[\"$rooted\"]" 0)" \
			"$(finding_exec exec.root high "$rooted" 1500 0 \
				"module auth (Auth) ran $rooted as root, and was killed for it")" \
			'{"verdict":"killed","object":{"how":"setuid"}}'
		return
	fi
	case $answer in "error EPERM "*) ;; *) return 1 ;; esac
	expect "$(child_of auth Auth auth:Auth "$modules_dir/Auth/Auth" \
		'["auth:Auth","--prefix","/usr","--module","auth"]' 1500)" \
		"$(finding_exec exec.root high "$rooted" 1500 0 "module auth (Auth) ran $rooted as root, and was refused")" \
		"{\"verdict\":\"denied\",\"hook\":\"$exec_deny_hook\",\"object\":{\"how\":\"setuid\"}}"
}

# busybox is a shell by argv alone, which comes too late to refuse.
shell_is_killed() {
	shell=$(readlink -f /bin/sh)
	ask auth exec /bin/hostname || return 1 # the same file: nothing
	ask auth exec /bin/sh -c true
	case $answer in *" signal=9"*) ;; *) return 1 ;; esac
	expect "$(child_of auth Auth sh "$shell" '["/bin/sh"]' 1500)" "$(finding_exec exec.shell high "$shell" \
		1500 1500 "module auth (Auth) started a shell, $shell, and was killed for it")" '{"verdict":"killed"}'
}

# The manager and its modules have gone on: nobody was hurt by a refusal.
tree_goes_on() {
	[ "$(ask auth whoami >/dev/null && echo "$answer" | sed 's/.*sockets=//')" = 0 ] &&
		kill -0 "$tree_pid" && ask slac whoami
}

# Only port 8849 can result: too late to refuse.
port_that_results() {
	cat /proc/sys/net/ipv4/ip_local_port_range >"$test_dir/range"
	echo 8849 8849 >/proc/sys/net/ipv4/ip_local_port_range
	ask slac bind udp ipv4 loopback 0
	result=$?
	cat "$test_dir/range" >/proc/sys/net/ipv4/ip_local_port_range
	[ "$result" -eq 0 ] || return 1
	expect "$(who_module slac EvseSlac)" "$(finding_bind bind.admin-panel critical udp ipv4 127.0.0.1 \
		8849 loopback "module slac (EvseSlac) bound udp 127.0.0.1:8849, $panel; it was to be denied, which cannot be done here")" \
		'{"asked":"deny","object":{"asked_port":'"$asked_any"'}}' || return 1
	ask slac release
}

# Each attempt counts, though none got anywhere: in one alert at once, and one at the end. There the
# two of auth that the traces saw are told as well: no window ends before evmon does.
attempts_add_up() {
	ask slac repeat 1000 bind tcp ipv4 loopback 8849
	case $answer in "error EPERM "*" done=0 failed=1000"*) ;; *) return 1 ;; esac
	ended || return 1
	mine='.module.id == "slac" and .object.family == "ipv4" and .verdict == "denied"'
	summary
	[ "$(jq -s "map(select($mine) | .count) | add" "$alerts")" -eq 1000 ] &&
		[ "$(jq -c "select($mine | not)" "$alerts" | wc -l)" -eq $((n_alerts + 2)) ] &&
		[ "$(jq -s 'map(select(.module.id == "auth" and .count == 2)) | length' "$alerts")" -eq 1 ]
}

# Beside the daemon, a trace that knows the default policy only sees what was refused, to whom.
trace_shows_it() {
	for of in "" "-p $tree_pid"; do
		# shellcheck disable=SC2086 # none or two words
		/usr/bin/evmon --trace -s bind -n 2 $of >"$test_dir/trace" 2>&1 &
		trace_pid=$!
		wait_event "$test_dir/trace" '^TIME ' || return 1
		ask auth bind tcp ipv4 any 8849
		ask auth bind tcp ipv6 loopback 8850
		wait_exit "$trace_pid" || return 1
		cat "$test_dir/trace"
		ask auth release
		grep -qE "auth:Auth +bind +denied +bind.admin-panel .*0\.0\.0\.0:8849" "$test_dir/trace" &&
			grep -qE "auth:Auth +bind +allow +- .*\[::1\]:8850" "$test_dir/trace" || return 1
	done
}

binds() { # ID: nobody refuses it any more
	ask "$1" bind tcp ipv4 any 8849 && ask "$1" release
}

evmon_is_killed() {
	evmon_start || return 1
	ask auth bind tcp ipv4 any 8849
	case $answer in "error EPERM "*) ;; *) return 1 ;; esac
	kill -KILL "$evmon_pid"
	wait_exit "$evmon_pid"
	ask auth bind tcp ipv4 any 8849
	case $answer in "error EPERM "*) ;; *) return 1 ;; esac
	/usr/bin/evmon unload && binds auth
}

# It takes the same policy from /etc, and asks nobody's leave.
trace_never_denies() {
	cp "$policy" /etc/evmon/policy.yaml
	/usr/bin/evmon --trace -s bind -n 1 >"$test_dir/trace" 2>&1 &
	trace_pid=$!
	wait_event "$test_dir/trace" '^TIME ' && binds auth && wait_exit "$trace_pid"
	result=$?
	rm /etc/evmon/policy.yaml
	cat "$test_dir/trace"
	[ "$result" -eq 0 ] && grep -qE "auth:Auth +bind +alert +bind.admin-panel .*0\.0\.0\.0:8849" \
		"$test_dir/trace"
}

mkdir -p /etc/evmon
policy_write <<-'POLICY'
	bind: [{rule: bind.admin-panel, port: 8849, proto: any, severity: critical, action: deny}]
	exec: {root: {action: deny}, shell: {action: deny}}
	aggregate: {window: 1h}
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
config_write /tests/configs/mini.yaml
check "evmon starts" evmon_start
check "publisher and subscriber start" publish_start
check "tree starts" tree_start
check "starts are told" pass_over 3 '"rule":"(self.started|self.usb-baseline|capability.everest-chown)"'

check "innocent: port beside it" allowed bind tcp ipv4 any 8850
check "tcp ipv4 is denied" denied auth Auth tcp ipv4 any ipv4 0.0.0.0 any
check "tcp ipv6 is denied" denied auth Auth tcp ipv6 any ipv6 :: any
check "tcp, both families, is denied" denied slac EvseSlac tcp dual any ipv6 :: any \
	"$dual"
check "udp is denied" denied auth Auth udp ipv4 loopback ipv4 127.0.0.1 loopback
check "an address without a family is denied" denied auth Auth udp unspec any ipv4 0.0.0.0 any
check "a mapped address is denied" denied auth Auth tcp dual ::ffff:127.0.0.1 ipv6 \
	::ffff:127.0.0.1 loopback
check "root outside the tree is denied" host_is_denied by $$
check "a port that results is told" port_that_results
check "root by a set-uid program is refused" root_is_refused
check "a shell is killed at its start" shell_is_killed
check "tree goes on" tree_goes_on
check "a trace beside it shows what was refused" trace_shows_it
check "a thousand attempts add up, and nothing else was told" attempts_add_up
check "the same bytes came out at the broker" published_equals_journal
kill "$publish_pid"

check "killed, it goes on to deny; unloaded, it denies nothing" evmon_is_killed
check "trace never denies" trace_never_denies
check "tree goes on to its end" tree_stop
