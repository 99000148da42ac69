# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# What the end-to-end tests have in common, on top of lib.sh: evmon, its publisher, the stand-in
# tree in the cgroup of its unit, and the way alerts are held against what was done. Alerts are
# checked strictly in their order: expect takes the next one, whatever it is, so an alert that
# nobody expects fails the next check, or the last one (nothing_else), which comes after evmon has
# stopped and told all that its windows still held.

# shellcheck source=SCRIPTDIR/../../vm/guest/lib.sh
. /tests/lib.sh

chmod 755 "$test_dir"
rm -rf /etc/everest /etc/evmon
modules_dir=/usr/libexec/everest/modules
unit_cgroup=/system.slice/everest.service
policy=$test_dir/policy.yaml
sim_status=$test_dir/status
tree_pid=
evmon_pid=
follow_pid=
publish_pid=
export EVEREST_SIM_DIR="$test_dir/sim"
boot=$(cat /proc/sys/kernel/random/boot_id)
netns=$(readlink /proc/self/ns/net | tr -cd 0-9)
mntns=$(readlink /proc/self/ns/mnt | tr -cd 0-9)
# Without BTF nobody can tell.
[ "$EVMON_TIER" != D ] || netns=null mntns=null

case $EVMON_TIER in
C)
	capability_hook=kprobe/security_capable
	bind4_hook=cgroup/post_bind4
	bind6_hook=cgroup/post_bind6
	;;
D)
	capability_hook=kretprobe/security_capable
	bind4_hook=cgroup/post_bind4
	bind6_hook=cgroup/post_bind6
	;;
*)
	capability_hook=fexit/security_capable
	bind4_hook=fexit/inet_bind
	bind6_hook=fexit/inet6_bind
	;;
esac
case $EVMON_TIER in
A) export deny_hook=lsm/socket_bind ;;
C | D) export deny_hook=cgroup/bind4 ;;
*) export deny_hook=fmod_ret/security_socket_bind ;;
esac
# What lockdown takes away: bpf_probe_read_kernel(), and with it what these would read.
locked() {
	grep -qF '[confidentiality]' /sys/kernel/security/lockdown
}
case $EVMON_TIER in
A) export exec_deny_hook=lsm/bprm_creds_from_file ;;
*) export exec_deny_hook=fmod_ret/security_bprm_creds_from_file ;;
esac
! locked || export deny_hook="cgroup/bind4 cgroup/bind6"

# now: sets now_us, microseconds since boot, rounded down to 10 ms.
now() {
	read -r now_us _ </proc/uptime
	now_us=${now_us%.*}${now_us#*.}0000
}

# wall_start: sets wall_us, the time since 1970 at boot, to within a second: what an alert's `time`
# must lead back to. Read again if something came between the two clocks.
wall_start() {
	while :; do
		now
		wall_us=$now_us
		seconds=$(date +%s)
		now
		[ $((now_us - wall_us)) -gt 200000 ] || break
	done
	wall_us=$((seconds * 1000000 - wall_us))
}

# fresh NAME: directories and files of their own for evmon's next start, and nothing in the kernel
# of those before.
fresh() {
	/usr/bin/evmon unload >/dev/null || return 1
	[ -z "$follow_pid" ] || kill "$follow_pid"
	follow_pid=
	n_alerts=0
	state=$test_dir/$1.state
	alerts=$test_dir/$1.alerts
	evmon_log=$test_dir/$1.log
	published=$test_dir/$1.published
	export RUNTIME_DIRECTORY="$test_dir/$1.run"
	now
	deed_us=$now_us
}

# wait_event FILE REGEX [COUNT]: as wait_for_line; who has waited in vain once waits less from then on.
wait_event() {
	wait_for_line "$@" && return 0
	wait_s=10
	return 1
}

wall_start
fresh first

# --- evmon ----------------------------------------------------------------------------------------

# policy_write <FILE: the test's policy.
policy_write() {
	{
		printf '%s\n' 'version: 1'
		cat
	} >"$policy"
}

# evmon_start: returns when the canary has proven the hooks; follows the journal.
evmon_start() {
	mkdir -p "$state" "$RUNTIME_DIRECTORY"
	chgrp nogroup "$state"
	chmod 2750 "$state"
	: >"$evmon_log"
	/usr/bin/evmon run --policy "$policy" --state-dir "$state" --mqtt "unix:$broker_sock" \
		>"$evmon_log" 2>&1 &
	evmon_pid=$!
	timeout "$wait_s" /usr/bin/tail -n +1 -F --pid="$evmon_pid" "$evmon_log" 2>/dev/null |
		grep -m 1 -q -E 'protecting: |degraded: ' || { cat "$evmon_log"; return 1; }
	policy_hash=$(jq -r .policy.hash "$RUNTIME_DIRECTORY/status.json")
	station=$(jq -r .station "$RUNTIME_DIRECTORY/status.json")
	[ -n "$follow_pid" ] || follow_start
	cat "$evmon_log"
	grep -q 'protecting: ' "$evmon_log"
}

follow_start() {
	/usr/bin/evmon log --state-dir "$state" -n all -f --json >"$alerts" 2>"$test_dir/follow.err" &
	follow_pid=$!
	wait_event "$alerts" '"rule":"self.started"' || return 1
	journal=$(sed -n '1s/.*"journal":"\([0-9a-f]*\)".*/\1/p' "$alerts")
}

evmon_stop() {
	kill "$evmon_pid"
	wait_exit "$evmon_pid"
	stopped=$?
	evmon_pid=
	[ "$stopped" -eq 0 ] || { echo "evmon ended with $stopped"; cat "$evmon_log"; return 1; }
}

# --- the broker's side ----------------------------------------------------------------------------

# publish_start: evmon-publish as nobody, without any capability, and a subscriber to all alerts.
publish_start() {
	subscriber_start "$published" 'evmon/v1/+/alert/#' -F '%t %p' || return 1
	mkdir -p "$test_dir/cursor"
	chown nobody "$test_dir/cursor"
	/usr/bin/setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all \
		--bounding-set=-all --no-new-privs /usr/bin/evmon-publish --run-dir "$RUNTIME_DIRECTORY" \
		--cursor-dir "$test_dir/cursor" >"$test_dir/publish.log" 2>&1 &
	# shellcheck disable=SC2034 # for the test
	publish_pid=$!
}

# published_equals_journal: each line of the journal came out at the subscriber, the same bytes, in
# the journal's order, under its sensor's topic, and nothing else did.
published_equals_journal() {
	/usr/bin/evmon log --state-dir "$state" --json >"$test_dir/journal" || return 1
	last=$(tail -n 1 "$test_dir/journal" | sed 's/.*"hash":"\([0-9a-f]*\)"}$/\1/')
	wait_event "$published" "\"hash\":\"$last\"}\$" || { cat "$test_dir/publish.log"; return 1; }
	sed 's/^[^ ]* //' "$published" >"$test_dir/payloads"
	cmp "$test_dir/journal" "$test_dir/payloads" || return 1
	sed "s,^[^ ]*evmon/v1/$station/alert/\([a-z]*\) {.*\"sensor\":\"\([a-z]*\)\".*,\1 \2," \
		"$published" | awk '$1 != $2 || NF != 2 { print; n++ } END { exit n > 0 }' || return 1
	/usr/bin/evmon log --state-dir "$state" --verify
}

# --- the tree -------------------------------------------------------------------------------------

# unit_enter: this (sub)shell goes into the unit's cgroup, as systemd's child does before its exec.
unit_enter() {
	mkdir -p "/sys/fs/cgroup$unit_cgroup"
	echo 0 >"/sys/fs/cgroup$unit_cgroup/cgroup.procs"
}

# config_write FILE: EVerest's own configuration, from one with the sample's placeholders.
config_write() {
	mkdir -p /etc/everest
	sed -e s,@USER@,everest, -e "s,@SOCKET@,$broker_sock," "$1" >/etc/everest/config.yaml
}

# tree_start [OPTION...]: a manager in the unit's cgroup; returns when all modules have started.
tree_start() {
	: >"$sim_status"
	(
		unit_enter
		exec /usr/bin/manager --config /etc/everest/config.yaml --sim-dir "$EVEREST_SIM_DIR" \
			--status-fifo "$sim_status" "$@"
	) >"$test_dir/sim.log" 2>&1 &
	tree_pid=$!
	wait_event "$sim_status" '^ALL_MODULES_STARTED$' || { cat "$test_dir/sim.log"; return 1; }
}

# tree_stop: the manager's status.
tree_stop() {
	kill "$tree_pid"
	wait_exit "$tree_pid"
	stopped=$?
	tree_pid=
	return $stopped
}

# ask ID DEED...: the module does it; its answer goes to $answer, the acting pid to $actor.
ask() {
	now
	deed_us=$now_us
	answer=$(misdeed "$@")
	asked=$?
	actor=${answer#*pid=}
	actor=${actor%% *}
	echo "$* -> $answer"
	return $asked
}

# pid_of ID: the module's pid, whatever it is busy with; its descendants are younger.
pid_of() {
	grep -l "^$1:" /proc/[0-9]*/cmdline 2>/dev/null | tr -cd '0-9\n' | sort -n | head -n 1
}

# --- what is expected -----------------------------------------------------------------------------

# process PID COMM EXE CMDLINE [CGROUP]: a living process as an alert must show it; what can be read
# in /proc comes from there. `ticks` stands for start_us, which /proc has in ticks.
process() {
	awk -v pid="$1" -v comm="$2" -v exe="$3" -v cmdline="$4" -v cgroup="${5-$unit_cgroup}" '
		FILENAME ~ /stat$/ { sub(/.*\) /, ""); ppid = $2; ticks = $20 }
		/^Uid:/ { uid = $2; euid = $3 }
		/^Gid:/ { gid = $2 }
		END {
			printf "{\"pid\":%d,\"ppid\":%d,\"ticks\":%d,", pid, ppid, ticks
			printf "\"uid\":%d,\"euid\":%d,\"gid\":%d,", uid, euid, gid
			printf "\"comm\":\"%s\",\"exe\":\"%s\",\"cmdline\":%s,", comm, exe, cmdline
			printf "\"cgroup\":\"%s\"}\n", cgroup
		}' "/proc/$1/stat" "/proc/$1/status"
}

# who_module ID NAME [PID]: the module, and its process: the last one that acted.
who_module() {
	printf '{"subject":"everest","module":{"id":"%s","name":"%s"},"process":%s}\n' "$1" "$2" \
		"$(process "${3-$actor}" "$(echo "$1:$2" | cut -c 1-15)" "$modules_dir/$2/$2" \
			"[\"$1:$2\",\"--prefix\",\"/usr\",\"--module\",\"$1\"]")"
}

# child_of ID NAME COMM EXE CMDLINE EUID: a child that the module had, and that is gone by now.
child_of() {
	child=${answer#*child=}
	printf '{"subject":"everest","module":{"id":"%s","name":"%s"},"process":{"pid":%s,"ppid":%s,' \
		"$1" "$2" "${child%% *}" "$actor"
	printf '"uid":1500,"euid":%s,"gid":1500,"comm":"%s","exe":"%s","cmdline":%s,"cgroup":"%s"}}' \
		"$6" "$3" "$4" "$5" "$unit_cgroup"
}

# finding_bind RULE SEVERITY PROTO FAMILY ADDRESS PORT SCOPE MESSAGE
finding_bind() {
	case $4 in
	ipv4) hook=$bind4_hook ;;
	*) hook=$bind6_hook ;;
	esac
	printf '{"sensor":"bind","rule":"%s","severity":"%s","hook":"%s","message":"%s",' \
		"$1" "$2" "$hook" "$8"
	printf '"object":{"proto":"%s","family":"%s","address":"%s","port":%s,"asked_port":%s,' \
		"$3" "$4" "$5" "$6" "$6"
	printf '"scope":"%s","how":"bind","netns":%s,"device":null,"dual":false,"opener":null}}\n' \
		"$7" "$netns"
}

# judged_late [RULE]: the hook is kept from seeing which module's instance it has before it; by lockdown
# alone, what is no module's is judged at once.
judged_late() {
	[ "$EVMON_TIER" = D ] || { [ "${1-}" != exec.admin-panel ] && locked; }
}

# seen FILE: the hooks that serve each role, for docs/coverage.md (tests/vm/coverage-table).
seen() {
	jq -r '.coverage[] | "# seen: \(.role): \(if .state == "none" then "none"
		else .hooks | map(split("/")[0]) | unique | join("+") end)"' "$1"
}

# finding_capability RULE SEVERITY NUMBER NAME KIND MESSAGE
finding_capability() {
	case $5 in
	held) judged_late && hook=proc || hook=tp_btf/sched_process_exec ;;
	*) hook=$capability_hook ;;
	esac
	printf '{"sensor":"capability","rule":"%s","severity":"%s","hook":"%s","message":"%s",' \
		"$1" "$2" "$hook" "$6"
	printf '"object":{"name":"%s","number":%s,"kind":"%s","userns":0,"on_behalf":false}}\n' \
		"$4" "$3" "$5"
}

# finding_exec RULE SEVERITY FILE UID EUID MESSAGE: the file by path, device and inode.
finding_exec() {
	hook=tp_btf/sched_process_exec more='"gained":[],"deleted":false' space=$mntns
	! judged_late "$1" || { hook=proc more='"gained":null,"deleted":null' space=null; }
	printf '{"sensor":"exec","rule":"%s","severity":"%s","hook":"%s",' "$1" "$2" "$hook"
	printf '"message":"%s","object":{"path":"%s","interpreter":null,%s,"mntns":%s,' \
		"$6" "$3" "$(file_numbers "$3")" "$space"
	printf '"how":"exec","uid":%s,"euid":%s,%s}}\n' "$4" "$5" "$more"
}

# The device as mountinfo writes it.
file_numbers() {
	stat -c '%d %i' "$1" |
		awk '{ printf "\"dev\":\"%d:%d\",\"ino\":%d", $1 / 256, $1 % 256, $2 }'
}

# alert_is N JSON...: the Nth alert has exactly these members, which are laid over each other; and
# all that every alert has is right. deed_us says since when it may have happened.
alert_is() {
	wait_event "$alerts" '^{' "$1" || return 1
	now
	context=$(printf '{"seq":%d,"journal":"%s","station":"%s","boot":"%s","policy":"%s"%s}' \
		"$1" "$journal" "$station" "$boot" "$policy_hash" \
		",\"since\":$deed_us,\"until\":$now_us,\"wall\":$wall_us")
	sed -n "${1}p" "$alerts" >"$test_dir/alert"
	shift
	jq -r -L /tests --argjson context "$context" \
		'include "e2e"; problems($context; $ARGS.positional)' "$test_dir/alert" --jsonargs "$@" \
		>"$test_dir/problems" || return 1
	[ -s "$test_dir/problems" ] || return 0
	cat "$test_dir/problems" "$test_dir/alert"
	return 1
}

# expect JSON...: the next alert is this one. After a failure the next is whatever comes after it.
expect() {
	n_alerts=$((n_alerts + 1))
	alert_is "$n_alerts" "$@" && return 0
	n_alerts=$(wc -l <"$alerts")
	return 1
}

# expect_rule RULE JSON...: the first alert of that rule is this one, wherever it stands.
expect_rule() {
	wait_event "$alerts" "\"rule\":\"$1\"" || return 1
	line=$(grep -n -m 1 "\"rule\":\"$1\"" "$alerts")
	shift
	alert_is "${line%%:*}" "$@"
}

# pass_over N REGEX: the next N alerts are of that kind; what they say is another test's matter.
pass_over() {
	n_alerts=$((n_alerts + $1))
	wait_event "$alerts" '^{' "$n_alerts" || return 1
	head -n "$n_alerts" "$alerts" | tail -n "$1" | grep -v -E -e "$2" || return 0
	n_alerts=$(wc -l <"$alerts")
	return 1
}

# summary: the alerts so far, a line for each kind: how many, rule, module, count in each.
summary() {
	jq -r -L /tests 'include "e2e"; word' "$alerts" | sort | uniq -c | sed 's/^ *//'
}

# summary_is <FILE: exactly these kinds.
summary_is() {
	sort >"$test_dir/want"
	summary | sort >"$test_dir/got"
	diff -U 99 "$test_dir/want" "$test_dir/got"
}

# ended: evmon stops, and has told all that its windows held.
ended() {
	evmon_stop && wait_event "$alerts" '"rule":"self.stopped"'
}

# nothing_else [N REGEX]: evmon stops, and no alert comes but that it did; N repeats, if so, that its
# windows still held.
nothing_else() {
	ended || return 1
	[ "${1:-0}" -eq 0 ] || pass_over "$1" "$2" || return 1
	n_alerts=$((n_alerts + 1))
	[ "$(wc -l <"$alerts")" -eq "$n_alerts" ] && return 0
	echo "$n_alerts alerts expected, these came:"
	summary
	return 1
}
