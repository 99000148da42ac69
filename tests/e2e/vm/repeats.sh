#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A thousand repeats of each deed, by two modules at once: the counts of their alerts add up to
# exactly what was done, in a handful of alerts, with every window told in turn. Fewer repeats of
# what is slow in emulation unless EVMON_TEST_FULL is set.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 17

if [ -n "${EVMON_TEST_FULL-}" ] && [ "$EVMON_TEST_FULL" != 0 ]; then
	many=1000 programs=1000 devices=1000
else
	many=1000 programs=50 devices=24
fi
ports=8

# sum RULE [ID]: what the alerts of a rule, of a module, add up to.
sum() {
	jq -s --arg rule "$1" --arg id "${2-}" \
		'map(select(.rule == $rule and ($id == "" or .module.id == $id)) | .count) | add // 0' "$alerts"
}

# adds_up N RULE [ID]: waits for alert after alert until the sum is there; more is as wrong as less.
adds_up() {
	while :; do
		lines=$(wc -l <"$alerts")
		got=$(sum "$2" "${3-}")
		echo "$2 ${3-}: $got of $1 in $(grep -c "\"rule\":\"$2\"" "$alerts") alerts"
		[ "$got" -lt "$1" ] || break
		wait_event "$alerts" '^{' $((lines + 1)) || return 1
	done
	[ "$got" -eq "$1" ]
}

# both N DEED...: auth and slac at the same time.
both() {
	misdeed auth "$@" >"$test_dir/auth" &
	first=$!
	misdeed slac "$@" >"$test_dir/slac" &
	wait_exit "$first"
	wait_exit $!
	cat "$test_dir/auth" "$test_dir/slac"
}

# each_adds_up N RULE DEED...: N by each of the two.
each_adds_up() {
	n=$1 rule=$2
	shift 2
	both "$@"
	[ "$(grep -c -E " (done=$n failed=0|done=0 failed=$n)" "$test_dir/auth")" = 1 ] &&
		[ "$(grep -c -E " (done=$n failed=0|done=0 failed=$n)" "$test_dir/slac")" = 1 ] &&
		adds_up "$n" "$rule" auth && adds_up "$n" "$rule" slac
}

# Few alerts: one at once, then one a window, and windows double. But for devices: whether the same
# one comes again within a window is up to the machine's speed.
few_alerts() {
	summary
	[ "$(grep -c -v '"sensor":"usb"' "$alerts")" -lt 80 ]
}

# uevents ACTION: reads on until that has come to every port's device.
uevents() {
	left=$ports
	while [ "$left" -gt 0 ]; do
		# shellcheck disable=SC3045 # busybox's has -t
		read -r -t "$wait_s" line <&7 || return 1
		case $line in "$1 "*DEVTYPE=usb_device*) left=$((left - 1)) ;; esac
	done
}

# In and out again, the same devices in the same ports, one at each controller: the kernel's waits
# of fixed length (debounce, reset) pass for all of them at once.
devices_add_up() {
	add=''
	del=''
	for port in $(seq 0 $((ports - 1))); do
		add="$add${add:+ and }usb-add mouse m$port $port:1"
		del="$del${del:+ and }usb-del m$port"
	done
	for _ in $(seq $((devices / ports))); do
		vmctl "$add" && uevents bind && vmctl "$del" && uevents remove || return 1
	done
	adds_up "$devices" usb.hid
}

# What nobody broke was not counted: all of it is what the deeds were.
sums_hold_to_the_end() {
	ended || return 1
	summary
	[ "$(sum bind.admin-panel)" -eq $((2 * many)) ] && [ "$(sum bind.mqtt-tcp)" -eq "$many" ] &&
		[ "$(sum capability.denied)" -eq $((2 * many)) ] &&
		[ "$(sum capability.used)" -eq "$many" ] &&
		[ "$(sum exec.root)" -eq $((2 * programs)) ] &&
		[ "$(sum exec.admin-panel)" -eq "$programs" ] && [ "$(sum usb.hid)" -eq "$devices" ]
}

nothing_was_lost() {
	jq -c .counters "$RUNTIME_DIRECTORY/status.json"
	jq -e '.counters | .alerts_lost + .tallies_full + .tasks_full + .slots_full + .uevents_lost +
		.bad_records == 0' "$RUNTIME_DIRECTORY/status.json"
}

policy_write <<-'POLICY'
	aggregate: {window: 1s}
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
sed 's/CAP_NET_RAW/CAP_NET_RAW, CAP_NET_BIND_SERVICE/' /tests/configs/mini.yaml >"$test_dir/config"
config_write "$test_dir/config"
rooted=$test_dir/rooted
cp /usr/libexec/everest/rooted "$rooted"
chmod 4755 "$rooted"
check "evmon starts" evmon_start
check "publisher and subscriber start" publish_start
check "tree starts" tree_start
mkfifo "$test_dir/uevents"
exec 7<>"$test_dir/uevents"
uevents_start "$test_dir/uevents" || diag "no uevents"

check "$many binds by each of two modules" each_adds_up "$many" bind.admin-panel \
	bind-close tcp ipv4 any 8849 "$many"
check "$many binds by a process outside" misdeed --here bind-close tcp ipv4 any 1883 "$many"
check "$many binds by a process outside add up" adds_up "$many" bind.mqtt-tcp
check "$many uses of a capability" misdeed slac cap CAP_NET_BIND_SERVICE "$many"
check "$many uses of a capability add up" adds_up "$many" capability.used
check "$many denials of a capability, each" each_adds_up "$many" capability.denied \
	cap CAP_SYS_TIME "$many"
check "$programs root programs, each" each_adds_up "$programs" exec.root \
	repeat "$programs" exec-root "$rooted"
check "$programs admin panels" misdeed auth repeat "$programs" exec-as MT.EVEREST /bin/true
check "$devices attachments add up" devices_add_up
check "few alerts" few_alerts
check "nothing was lost" nothing_was_lost
check "sums hold to the end" sums_hold_to_the_end
check "the same bytes came out at the broker" published_equals_journal
kill "$publish_pid"
uevents_stop
check "tree goes on to its end" tree_stop
