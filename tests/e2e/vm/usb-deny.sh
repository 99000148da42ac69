#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# action: deny for USB. Where a bus lets devices be used at once, one that is not allowed is taken out
# late; where it waits (authorized_default 0), it is never in use, and what is allowed is let in. What
# the first start found is left alone, and so are root hubs. A reload holds for what is attached. Where
# sysfs cannot be written the alert says that it was to be denied.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 27

events=$test_dir/uevents
host='{"sensor":"usb","subject":"host","module":null,"process":null,"hook":"uevent"}'

sysfs() { # ID: the folder of the device with that serial number
	dirname "$(grep -lx "evmon-$1" /sys/bus/usb/devices/*/serial)"
}

plug() { # TYPE ID PORT: until the kernel has bound it
	bound=$(grep -c '^bind .*DEVTYPE=usb_device' "$events")
	now
	deed_us=$now_us
	vmctl usb-add "$@" && wait_event "$events" '^bind .*DEVTYPE=usb_device' $((bound + 1))
}

pull() { # ID: until the kernel has forgotten it
	gone=$(grep -c '^remove .*DEVTYPE=usb_device' "$events")
	vmctl usb-del "$1" && wait_event "$events" '^remove .*DEVTYPE=usb_device' $((gone + 1))
}

used() { # ID 0|1: the kernel's own word, and whether a driver has it
	folder=$(sysfs "$1")
	[ "$(cat "$folder/authorized")" = "$2" ] || return 1
	[ "$(find "$folder/" -maxdepth 2 -name driver -path '*:*' | wc -l)" -eq "$2" ]
}

# told ID RULE VERDICT WHAT [JSON]: of a keyboard, with all that it says of itself.
told() {
	folder=$(sysfs "$1")
	expect "$host" "$(printf '{"rule":"%s","severity":"critical","object":{"action":"attach",' "$2"
		printf '"bus":%s,"device":%s,"port":"%s",' "$(cat "$folder/busnum")" \
			"$(cat "$folder/devnum")" "${folder##*/}"
		printf '"vendor":"0627","product":"0001","class":"00","interfaces":["030101"],'
		printf '"manufacturer":"QEMU","name":"QEMU USB Keyboard","serial":"evmon-%s"},' "$1"
		printf '"message":"USB device 0627:0001 (QEMU USB Keyboard) attached at port %s, %s"}' \
			"${folder##*/}" "an input device$4")" "{\"verdict\":\"$3\"}" "${5-{\}}"
}

row() { # STATE: coverage's row; status.json is written at each change
	until [ "$(jq -r '.coverage[] | select(.role == "usb-deny") | .state' \
		"$RUNTIME_DIRECTORY/status.json")" = "$1" ]; do
		kill -0 "$evmon_pid" || return 1
	done
}

write() { # DEFAULT: for buses that are there
	for bus in /sys/bus/usb/devices/usb*/authorized_default; do
		echo "$1" >"$bus" || return 1
	done
}

policy_of() { # ALLOWED...: serial numbers
	{
		echo 'aggregate: {window: 1h}'
		echo 'usb:'
		echo '  action: deny'
		echo '  allow:'
		for serial in "$@"; do echo "    - {vendor: \"0627\", serial: evmon-$serial}"; done
	} | policy_write
}

reloaded() { # ALLOWED...
	was=$(grep -c 'is in force, after' "$evmon_log")
	policy_of "$@"
	kill -HUP "$evmon_pid"
	wait_event "$evmon_log" 'is in force, after' $((was + 1)) || return 1
	policy_hash=$(jq -r .policy.hash "$RUNTIME_DIRECTORY/status.json")
}

late_is_told() {
	plug kbd k0 2 && told k0 usb.hid late ", and was taken out of use after that" && used k0 0
}

allowed_is_used() {
	plug kbd a0 3 && used a0 1
}

baseline_may_come_again() {
	pull b0 && plug kbd b0 1 && told b0 usb.hid alert "" && used b0 1
}

root_hubs_are_used() {
	! grep -lx 0 /sys/bus/usb/devices/usb*/authorized
}

reload_takes_out() {
	now
	deed_us=$now_us
	reloaded other || return 1
	told a0 usb.hid late ", and was taken out of use after that" && used a0 0 && used b0 1
}

reload_lets_in() {
	reloaded a0 k0 && used a0 1 && used k0 1
}

denied_is_told() {
	plug kbd k1 4 && told k1 usb.hid denied ", and was kept from use" && used k1 0
}

# Let in by evmon, after the kernel has bound nothing to it.
allowed_is_let_in() {
	plug kbd a0 3 || return 1
	until used a0 1; do kill -0 "$evmon_pid" || return 1; done
}


policy_of a0
broker_start || diag "no broker"
chmod 777 "$broker_sock"
uevents_start "$events" || diag "no uevents"
check "a keyboard is attached before the first start" plug kbd b0 1
check "evmon starts" evmon_start
check "starts are told" pass_over 2 '"rule":"self.(started|usb-baseline)"'
check "what the first start found is in use" used b0 1
check "coverage has the switch, not proven" row unproven
check "a keyboard is taken out late, and told so" late_is_told
check "coverage has it proven" row proven
check "an allowed one beside it is used" allowed_is_used
check "baseline's comes again, is told and used" baseline_may_come_again
check "root hubs are used" root_hubs_are_used
check "a reload takes out what is allowed no more, not the baseline's" reload_takes_out
check "a reload lets in what is allowed" reload_lets_in
check "they go" pull a0
check "the other goes" pull k0
check "buses wait" write 0
check "a keyboard never is in use, and told as denied" denied_is_told
check "an allowed one is let in" allowed_is_let_in
check "evmon ends, nothing else was told" nothing_else
check "they go" pull a0
check "the denied one goes" pull k1
check "baseline's goes" pull b0
check "it comes while evmon is away, and waits" plug kbd b0 1
check "it waits" used b0 0
again() {
	evmon_start && pass_over 2 '"rule":"self.(started|gap)"' && used b0 1
}
check "the next start lets it in" again
check "nothing else was told by it" nothing_else
check "it goes" pull b0
uevents_stop
check "buses do not wait" write 1
