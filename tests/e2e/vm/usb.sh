#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Real hot-plug: one alert an attachment, with all that the device says of itself; its going gives
# none. What is attached at the very first start belongs there; what came while evmon was not running
# is told at the next start. An allowed device is allowed at its port only.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 19

events=$test_dir/uevents

# sysfs ID: the folder of the device with that serial number.
sysfs() {
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

host='{"sensor":"usb","subject":"host","module":null,"process":null,"hook":"uevent"}'

# device FOLDER RULE SEVERITY VENDOR PRODUCT CLASS INTERFACES NAME WHAT: numbers, port and strings as
# sysfs has them, the rest as it must be.
device() {
	[ "$(cat "$1/product")" = "$8" ] || echo "sysfs calls it $(cat "$1/product")" >&2
	printf '{"rule":"%s","severity":"%s","object":{"action":"attach","bus":%s,"device":%s,' \
		"$2" "$3" "$(cat "$1/busnum")" "$(cat "$1/devnum")"
	printf '"port":"%s","vendor":"%s","product":"%s","class":"%s","interfaces":%s,' \
		"${1##*/}" "$4" "$5" "$6" "$7"
	printf '"manufacturer":"%s","name":"%s","serial":"%s"},' "$(cat "$1/manufacturer")" "$8" \
		"$(cat "$1/serial")"
	printf '"message":"USB device %s:%s (%s) attached at port %s, %s"}\n' "$4" "$5" "$8" \
		"${1##*/}" "$9"
}

keyboard() { # ID RULE WHAT
	device "$(sysfs "$1")" "$2" critical 0627 0001 00 '["030101"]' "QEMU USB Keyboard" "$3"
}

baseline_is_told() {
	grep -q '"rule":"self.usb-baseline".*"detail":"1 USB device attached at the first start"' \
		"$alerts" && pass_over 2 '"rule":"self.(started|usb-baseline)"'
}

keyboard_is_told() {
	plug kbd k0 2 && expect "$host" "$(keyboard k0 usb.hid "an input device")"
}

storage_is_told() {
	plug storage s0 3 && expect "$host" "$(device "$(sysfs s0)" usb.storage critical 46f4 0001 00 \
		'["080650"]' "QEMU USB HARDDRIVE" "a storage device")"
}

# No serial of ours: found by its class.
hub_is_told() {
	plug hub h0 4 || return 1
	folder=$(dirname "$(grep -lx 09 /sys/bus/usb/devices/*-*/bDeviceClass)")
	expect "$host" "$(device "$folder" usb.other high 0409 55aa 09 '["090000"]' "QEMU USB Hub" \
		"which the policy does not list")"
}

mouse_behind_the_hub_is_told() {
	plug mouse m0 4.1 || return 1
	case $(sysfs m0) in */1-4.1) ;; *) return 1 ;; esac
	expect "$host" "$(device "$(sysfs m0)" usb.hid critical 0627 0001 00 '["030102"]' \
		"QEMU USB Mouse" "an input device")"
}

# The policy lists it at 1-4.2, where it may be, and nowhere else.
allowed_at_its_port_only() {
	plug serial f1 4.2 && pull f1 && plug serial f1 3 || return 1
	expect "$host" "$(device "$(sysfs f1)" usb.other high 0403 6001 00 '["ffffff"]' \
		"QEMU USB SERIAL" "which the policy does not list")"
}

going_tells_nothing() {
	pull "$1" || return 1
	[ -z "${2-}" ] || pull "$2"
}

# Evmon is away; a keyboard comes, and what belongs there stays.
new_at_start_is_told() {
	plug kbd k1 2 || return 1
	evmon_start || return 1
	pass_over 2 '"rule":"self.(started|gap)"' || return 1
	expect "$host" "$(keyboard k1 usb.new-at-start "found at start and not in the baseline")"
}

policy_write <<-'POLICY'
	usb: {allow: [{vendor: "0403", product: "6001", port: "1-4.2"}]}
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
uevents_start "$events" || diag "no uevents"
modprobe ftdi_sio
check "converter is attached before the first start" plug serial f0 1
check "evmon starts" evmon_start
check "publisher and subscriber start" publish_start
check "converter is the baseline" baseline_is_told
check "keyboard is told" keyboard_is_told
check "storage is told" storage_is_told
check "their going tells nothing" going_tells_nothing k0 s0
check "hub is told" hub_is_told
check "mouse behind the hub is told" mouse_behind_the_hub_is_told
check "allowed device is allowed at its port only" allowed_at_its_port_only
check "its going tells nothing" going_tells_nothing f1
check "hub's going with its mouse tells nothing" going_tells_nothing m0 h0
check "evmon stops" ended
check "nothing was told but that" pass_over 1 '"rule":"self.stopped"'
check "keyboard that came meanwhile is told at start" new_at_start_is_told
check "its going tells nothing" going_tells_nothing k1
check "nothing else was told" nothing_else
check "converter goes" pull f0
uevents_stop
check "the same bytes came out at the broker" published_equals_journal
