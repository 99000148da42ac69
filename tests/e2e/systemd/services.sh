#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# evmon as it is installed: under the shipped units, as its own users, in their sandbox, all sensors
# work, alerts reach journal, journald and broker, and systemd brings back whatever ends. What systemd
# and the programs say is followed from before the first deed on, so nothing is waited for by time.
# shellcheck source=SCRIPTDIR/../../vm/guest/lib.sh
. /tests/lib.sh
test_begin 19

said=$test_dir/said alerts=$test_dir/alerts status=$test_dir/status
broker=/run/mqtt/mosquitto.sock
export EVEREST_SIM_DIR=/run/everest-sim
wait_for_line /var/log/mosquitto/mosquitto.log 'mosquitto version .* running' | diag
journalctl -b -f -n all -o cat -u evmon -u evmon-publish >"$said" 2>/dev/null &
mosquitto_sub --unix "$broker" -t 'evmon/v1/+/alert/#' -F '%t %p' >"$alerts" &
mosquitto_sub --unix "$broker" -t 'evmon/v1/+/status' >"$status" &

pid() {
	systemctl show -P MainPID "$1"
}

field() { # PID NAME: of /proc/PID/status
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

show() {
	systemctl --no-pager -l status evmon evmon-publish mosquitto everest
	tail -n 40 "$said"
}

lines() { # FILE REGEX: how many there are by now
	grep -c -E -e "$2" "$1"
}

both_are_active() {
	wait_for_line /run/everest-status '^ALL_MODULES_STARTED$' || { show; return 1; }
	for unit in evmon evmon-publish everest mosquitto; do
		systemctl is-active --quiet $unit || { show; return 1; }
	done
}

users_are_their_own() {
	stat -c '%U %G %a %n' "/proc/$(pid evmon)" "/proc/$(pid evmon-publish)" /var/lib/evmon \
		/var/lib/evmon/journal /var/lib/evmon-publish /run/evmon /sys/fs/bpf/evmon \
		/run/evmon/status.json >"$test_dir/owners"
	cat "$test_dir/owners"
	grep -q '^evmon evmon 2750 /var/lib/evmon$' "$test_dir/owners" &&
		grep -q '^evmon evmon 2750 /var/lib/evmon/journal$' "$test_dir/owners" &&
		grep -q '^evmon-publish evmon 750 /var/lib/evmon-publish$' "$test_dir/owners" &&
		grep -q '^evmon evmon 755 /run/evmon$' "$test_dir/owners" &&
		grep -q '^evmon evmon 644 /run/evmon/status.json$' "$test_dir/owners" &&
		grep -q '^evmon evmon 700 /sys/fs/bpf/evmon$' "$test_dir/owners" &&
		[ "$(field "$(pid evmon)" Uid | cut -f 1)" = "$(id -u evmon)" ] &&
		[ "$(field "$(pid evmon-publish)" Uid | cut -f 1)" = "$(id -u evmon-publish)" ]
}

# CAP_NET_ADMIN 12, CAP_PERFMON 38, CAP_BPF 39.
rights_are_those_of_the_units() {
	for unit in evmon evmon-publish; do
		grep -E '^(Cap|NoNewPrivs|Seccomp)' "/proc/$(pid $unit)/status"
	done
	[ "$(field "$(pid evmon)" CapEff)" = 000000c000001000 ] &&
		[ "$(field "$(pid evmon)" CapBnd)" = 000000c000001000 ] &&
		[ "$(field "$(pid evmon)" NoNewPrivs)" = 1 ] && [ "$(field "$(pid evmon)" Seccomp)" = 2 ] &&
		[ "$(field "$(pid evmon-publish)" CapPrm)" = 0000000000000000 ] &&
		[ "$(field "$(pid evmon-publish)" CapBnd)" = 0000000000000000 ] &&
		[ "$(field "$(pid evmon-publish)" NoNewPrivs)" = 1 ] &&
		[ "$(field "$(pid evmon-publish)" Seccomp)" = 2 ]
}

# In the unit's own view of the files, with root's rights: it is the view that forbids.
nothing_else_can_be_written() {
	for unit in evmon evmon-publish; do
		for dir in / /etc /etc/evmon /usr/bin /var /var/lib /boot /run /sys/fs/cgroup \
			/sys/fs/bpf /sys/kernel /proc/sys/kernel; do
			! nsenter -t "$(pid $unit)" -m touch "$dir/trial" 2>/dev/null ||
				{ echo "$unit: $dir can be written"; nsenter -t "$(pid $unit)" -m cat /proc/self/mountinfo; return 1; }
		done
	done
	nsenter -t "$(pid evmon)" -m touch /var/lib/evmon/trial /run/evmon/trial &&
		nsenter -t "$(pid evmon)" -m mkdir /sys/fs/bpf/evmon/trial &&
		rmdir /sys/fs/bpf/evmon/trial && rm /var/lib/evmon/trial /run/evmon/trial &&
		! nsenter -t "$(pid evmon-publish)" -m ls /sys/fs/bpf/evmon &&
		! nsenter -t "$(pid evmon-publish)" -m touch /var/lib/evmon/trial
}

# All that a canary can prove is proven; what wants CAP_SYS_ADMIN says so.
all_sensors_work() {
	wait_for_line "$said" 'protecting: ' || return 1
	/usr/bin/evmon status --json >"$test_dir/now"
	jq -r '"state \(.state)", (.coverage[] | "\(.role) \(.state) \(.hooks) \(.reason) \(.tried)")' "$test_dir/now" \
		>"$test_dir/rows"
	cat "$test_dir/rows"
	grep -q '^state protecting' "$test_dir/rows" || return 1
	for role in bind capability exec; do
		grep -q "^$role proven" "$test_dir/rows" || { echo "$role is not proven"; return 1; }
	done
	! grep -E '^[^ ]+ broken ' "$test_dir/rows" &&
		! grep -E '^[^ ]+ none ' "$test_dir/rows" | grep -v -E 'CAP_SYS_ADMIN|^usb-deny .*Permission denied'
}

hooks_are_pinned() {
	jq -c .pins "$test_dir/now"
	[ "$(jq -r .pins.error "$test_dir/now")" = null ] && [ -n "$(ls /sys/fs/bpf/evmon/links)" ]
}

started_before_everest() {
	systemctl show -p ActiveEnterTimestampMonotonic evmon
	systemctl show -p ExecMainStartTimestampMonotonic everest
	[ "$(systemctl show -P ActiveEnterTimestampMonotonic evmon)" -lt \
		"$(systemctl show -P ExecMainStartTimestampMonotonic everest)" ] &&
		[ "$(systemctl show -P ActiveEnterTimestampMonotonic evmon)" -gt 0 ]
}

keyboard_is_reported() {
	vmctl usb-add kbd k0 || return 1
	wait_for_line "$alerts" '/alert/usb .*"rule":"usb.hid"' || { cat "$alerts" "$said"; return 1; }
}

# deed PORT: a module binds it, and lets it go.
deed() {
	misdeed auth bind-close tcp ipv4 any "$1" 1
}

alert_goes_all_the_way() {
	deed 8849 || return 1
	wait_for_line "$alerts" '^evmon/v1/cp-0042-[0-9a-f]*/alert/bind .*"rule":"bind.admin-panel"' || return 1
	/usr/bin/evmon log --sensor bind --json >"$test_dir/journal"
	cat "$test_dir/journal"
	[ "$(wc -l <"$test_dir/journal")" -eq 1 ] &&
		grep -q '"cgroup":"/system.slice/everest.service"' "$test_dir/journal" &&
		grep -q '"module":{"id":"auth","name":"Auth"}' "$test_dir/journal" &&
		grep -q '"durable":true' "$test_dir/journal" || return 1
	sed 's/^[^ ]* //' "$alerts" | cmp - <<-LINES
		$(/usr/bin/evmon log --json)
	LINES
}

journald_has_it() {
	journalctl -f -n all -o json EVMON_RULE=bind.admin-panel >"$test_dir/mirrored" 2>/dev/null &
	wait_for_line "$test_dir/mirrored" '"EVMON_MODULE":"auth"' || return 1
	cat "$test_dir/mirrored"
	jq -e '.SYSLOG_IDENTIFIER == "evmon" and ._SYSTEMD_UNIT == "evmon.service"' "$test_dir/mirrored" &&
		journalctl --update-catalog &&
		journalctl -x EVMON_RULE=bind.admin-panel | grep -q 'against the policy: bind.admin-panel'
}

reload_is_a_reload() {
	before=$(pid evmon) n=$(lines "$said" '^protecting: ')
	sed -i 's/^aggregate.*/aggregate: {window: 2h}/' /etc/evmon/policy.yaml
	systemctl reload evmon || return 1
	wait_for_line "$said" 'policy [0-9a-f]* is in force, after' || return 1
	systemctl is-active evmon || return 1
	[ "$(pid evmon)" = "$before" ]
}

# What is done while nobody is there is counted, and told by the next.
restart_has_no_blind_window() {
	n=$(lines "$status" '"state":"blind"')
	systemctl stop evmon || return 1
	wait_for_line "$status" '"state":"blind"' $((n + 1)) || return 1
	systemctl is-active evmon-publish || return 1
	deed 8849 || return 1
	systemctl start evmon || return 1
	wait_for_line "$alerts" '"rule":"self.gap"' || return 1
	grep '"rule":"self.gap"' "$alerts"
	[ "$(sed 's/^[^ ]* //' "$alerts" | jq -s 'map(select(.rule == "bind.admin-panel") | .count) | add')" = 2 ]
}

restarted() { # UNIT: what systemd has counted
	systemctl show -P NRestarts "$1"
}

daemon_comes_back() {
	n=$(lines "$status" '"state":"blind"') up=$(lines "$said" ' watches as ')
	kill -KILL "$(pid evmon)"
	wait_for_line "$said" ' watches as ' $((up + 1)) || return 1
	[ "$(restarted evmon)" = 1 ]
}

# The next status that is not blind is the new daemon's.
status_said_blind() {
	wait_for_line "$status" '"state":"blind"' $((n + 1)) || return 1
	tail -n +1 -F "$status" 2>/dev/null |
		awk -v n=$((n + 1)) '/"state":"blind"/ { blind++ } blind >= n && /"state":"protecting"/ { exit }'
}

publisher_comes_back() {
	n=$(lines "$said" '^connected to ') offline=$(lines "$status" '"state":"offline"')
	kill -KILL "$(pid evmon-publish)"
	wait_for_line "$status" '"state":"offline"' $((offline + 1)) || return 1
	wait_for_line "$said" '^connected to ' $((n + 1)) || return 1
	[ "$(restarted evmon-publish)" = 1 ]
}

# Each time another port: what a daemon before has told of the same key waits for its window.
alerts_go_on() { # PORT
	n=$(lines "$alerts" '"rule":"bind.mqtt-tcp"')
	deed "$1" || return 1
	wait_for_line "$alerts" '"rule":"bind.mqtt-tcp"' $((n + 1))
}

# Not by time: systemd says what it did.
who_hangs_is_ended() {
	up=$(lines "$said" ' watches as ')
	kill -STOP "$(pid evmon)"
	wait_for_line "$said" ' watches as ' $((up + 1)) || return 1
	journalctl -u evmon -b -o cat | grep -i watchdog
	journalctl -u evmon -b -o cat | grep -q 'Watchdog timeout'
}

journal_is_whole() {
	/usr/bin/evmon log --verify
}

figure() { # UNIT
	peak=/sys/fs/cgroup/system.slice/$1.service/memory.peak
	now=$(systemctl show -P MemoryCurrent "$1")
	echo "# figure: $1.service, memory: $((now / 1024)) KiB, peak $(($(cat "$peak") / 1024)) KiB, $(field "$(pid "$1")" VmHWM) resident"
}

check "both services are active" both_are_active
check "before EVerest" started_before_everest
check "users are their own" users_are_their_own
check "rights are those of the units" rights_are_those_of_the_units
check "all sensors work" all_sensors_work
check "hooks are pinned" hooks_are_pinned
check "nothing else can be written" nothing_else_can_be_written
check "a keyboard is reported" keyboard_is_reported
check "an alert goes all the way" alert_goes_all_the_way
check "journald has it" journald_has_it
check "reload is a reload" reload_is_a_reload
check "a restart has no blind window" restart_has_no_blind_window
check "a killed daemon comes back" daemon_comes_back
check "status said blind meanwhile" status_said_blind
check "a killed publisher comes back" publisher_comes_back
check "alerts go on" alerts_go_on 9001
figure evmon
figure evmon-publish
check "who hangs is ended" who_hangs_is_ended
check "sensors work again" alerts_go_on 1883
check "the journal is whole" journal_is_whole
