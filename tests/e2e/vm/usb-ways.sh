#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# USB's odd ways: forged uevents, devices that are several things, that come back as something else,
# that have gone before anybody looked, a queue that ran over, no bus at all. Alerts come in the
# order of their uevents: what tells nothing is followed by something that is told.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 22

events=$test_dir/uevents
host='{"sensor":"usb","subject":"host","module":null,"process":null,"hook":"uevent"}'
gadget=/sys/kernel/config/usb_gadget/evmon

sysfs() { # ID: the folder of the device with that serial number
	dirname "$(grep -lx "evmon-$1" /sys/bus/usb/devices/*/serial)"
}

counted() { # REGEX
	grep -c "$1" "$events"
}

plug() { # TYPE ID PORT: until the kernel has bound it
	bound=$(counted '^bind .*DEVTYPE=usb_device')
	now
	deed_us=$now_us
	vmctl usb-add "$@" && wait_event "$events" '^bind .*DEVTYPE=usb_device' $((bound + 1))
}

pull() { # ID: until the kernel has forgotten it
	gone=$(counted '^remove .*DEVTYPE=usb_device')
	vmctl usb-del "$1" && wait_event "$events" '^remove .*DEVTYPE=usb_device' $((gone + 1))
}

# device FOLDER RULE SEVERITY IDS INTERFACES NAME WHAT
device() {
	printf '{"rule":"%s","severity":"%s","object":{"action":"attach","bus":%s,"device":%s,' \
		"$2" "$3" "$(cat "$1/busnum")" "$(cat "$1/devnum")"
	printf '"port":"%s","vendor":"%s","product":"%s","class":"00","interfaces":%s,' \
		"${1##*/}" "${4%:*}" "${4#*:}" "$5"
	printf '"manufacturer":"%s","name":"%s","serial":"%s"},' "$(cat "$1/manufacturer")" "$6" \
		"$(cat "$1/serial")"
	printf '"message":"USB device %s (%s) attached at port %s, %s"}\n' "$4" "$6" "${1##*/}" "$7"
}

keyboard_is() { # ID: told as what it is
	expect "$host" "$(device "$(sysfs "$1")" usb.hid critical 0627:0001 '["030101"]' \
		"QEMU USB Keyboard" "an input device")"
}

# unread NUMBER PORT: a keyboard that was gone before it could be read, as its uevent had it.
unread() {
	expect "$host" "$(printf '{"rule":"usb.other","severity":"high","object":{'
		printf '"action":"attach","bus":1,"device":%s,"port":"%s",' "$1" "$2"
		printf '"vendor":"0627","product":"0001","class":"00","interfaces":[],'
		printf '"manufacturer":null,"name":null,"serial":null},'
		printf '"message":"USB device 0627:0001 attached at port %s, %s"}' "$2" \
			"which the policy does not list")"
}

allowed_by_serial_or_class_alone() {
	plug kbd a0 2 && plug hub h0 4 && plug kbd k0 3 && keyboard_is k0 && pull h0 && pull a0 &&
		pull k0
}

# --- forged ones ----------------------------------------------------------------------------------

forged() { # WAY...: the socket's port, the group, by way of the kernel
	for action in add bind; do
		forge "$@" "$action" /devices/forged/usb99/99-1 || return 1
	done
}

port_of_evmon() { # of its socket for uevents, which is of protocol 15 and listens to group 1
	awk -v pid="$evmon_pid" '$2 == 15 && $4 == "00000001" && $3 == pid { print $3 }' \
		/proc/net/netlink
}

forged_to_the_port() {
	port=$(port_of_evmon)
	[ -n "$port" ] && forged port "$port"
}

forged_to_the_group() {
	forged group && wait_event "$events" '^bind /devices/forged/'
}

forged_by_the_kernel() {
	forged kernel && wait_event "$events" '^bind /devices/forged/' 2
}

# --- a gadget on the kernel's own bus without hardware --------------------------------------------

gadget_make() {
	modprobe dummy_hcd && modprobe libcomposite && modprobe usb_f_hid &&
		modprobe usb_f_mass_storage && modprobe usb_f_acm || return 1
	[ -d /sys/kernel/config/usb_gadget ] || mount -t configfs none /sys/kernel/config || return 1
	mkdir "$gadget" "$gadget/strings/0x409" "$gadget/configs/c.1" || return 1
	echo 0x1d6b >"$gadget/idVendor"
	echo 0x0104 >"$gadget/idProduct"
	echo evmon >"$gadget/strings/0x409/manufacturer"
	echo Composite >"$gadget/strings/0x409/product"
	echo evmon-g0 >"$gadget/strings/0x409/serialnumber"
	for function in hid.k mass_storage.s acm.t; do
		mkdir "$gadget/functions/$function" || return 1
	done
	echo 1 >"$gadget/functions/hid.k/protocol"
	echo 1 >"$gadget/functions/hid.k/subclass"
	echo 8 >"$gadget/functions/hid.k/report_length"
	# Eight keys of a bit each.
	printf '\005\001\011\006\241\001\005\007\031\340\051\347\025\000\045\001%b' \
		'\0165\0001\0225\0010\0201\0002\0300' >"$gadget/functions/hid.k/report_desc"
}

gadget_plug() { # FUNCTION...
	rm -f "$gadget"/configs/c.1/*.?
	for function; do ln -s "$gadget/functions/$function" "$gadget/configs/c.1/" || return 1; done
	bound=$(counted '^bind .*DEVTYPE=usb_device')
	now
	deed_us=$now_us
	echo dummy_udc.0 >"$gadget/UDC" || return 1
	wait_event "$events" '^bind .*DEVTYPE=usb_device' $((bound + 1))
}

gadget_pull() {
	gone=$(counted '^remove .*DEVTYPE=usb_device')
	echo >"$gadget/UDC"
	wait_event "$events" '^remove .*DEVTYPE=usb_device' $((gone + 1))
}

gadget_is() { # RULE SEVERITY INTERFACES WHAT
	expect "$host" "$(device "$(sysfs g0)" "$1" "$2" 1d6b:0104 "$3" Composite "$4")"
}

composite_is_told_with_all_interfaces() {
	gadget_plug acm.t mass_storage.s hid.k &&
		gadget_is usb.hid critical '["020201","0a0000","080650","030101"]' "an input device"
}

it_comes_back_as_storage() {
	gadget_pull && gadget_plug mass_storage.s acm.t &&
		gadget_is usb.storage critical '["080650","020201","0a0000"]' "a storage device"
}

it_comes_back_as_a_modem() {
	gadget_pull && gadget_plug acm.t &&
		gadget_is usb.other high '["020201","0a0000"]' "which the policy does not list"
}

# --- evmon is late --------------------------------------------------------------------------------

meanwhile() { # COMMAND: while evmon does not run
	kill -STOP "$evmon_pid"
	"$@"
	done=$?
	kill -CONT "$evmon_pid"
	return $done
}

# After what its sockets held, which were ready before the signal was.
stop_is_told() {
	pass_over 1 '"rule":"self.gap".*"what":"stopped"'
}

replaced() {
	plug kbd k1 2 || return 1
	number=$(cat "$(sysfs k1)/devnum")
	pull k1 && plug kbd k2 2
}

gone_before_it_is_read() {
	meanwhile replaced && unread "$number" 1-2 && keyboard_is k2 && stop_is_told
}

# More than its queue holds: 1 MiB, doubled by the kernel, with a kilobyte and more for each.
fill() {
	n=0
	filled=$(counted '^change .*/mem/null')
	while [ $n -lt 4000 ]; do
		echo change >/sys/devices/virtual/mem/null/uevent || return 1
		n=$((n + 1))
	done
	wait_event "$events" '^change .*/mem/null' $((filled + n))
}

# k3 is in the queue, k4 came after it ran over; k5 came and went twice then, and an allowed hub.
ran_over() {
	plug kbd k3 3 && fill && plug kbd k5 4 || return 1
	missed_us=$deed_us
	pull k5 && plug kbd k5 4 && pull k5 &&
		plug hub h5 4 && pull h5 && plug kbd k4 4
}

burst_hides_nothing_that_is_there() {
	meanwhile ran_over && keyboard_is k3 && keyboard_is k4 &&
		pass_over 1 '"rule":"self.lost".*"detail":"the kernel dropped uevents 1 time: '
}

# The next two looks of ten seconds show it.
what_came_and_went_is_told_by_the_hook() {
	deed_us=$missed_us
	expect '{"sensor":"usb","subject":"host","process":null,"hook":"fexit/usb_new_device","count":2}' \
		"$(printf '{"rule":"usb.hid","severity":"critical","object":{"action":"attach",'
		printf '"bus":1,"device":null,"port":"1-4","vendor":"0627","product":"0001",'
		printf '"class":"00","interfaces":["030101"],"manufacturer":null,"name":null,'
		printf '"serial":null},"message":"USB device 0627:0001 attached at port 1-4, %s"}' \
			"an input device; it was gone before its uevents were read")" &&
		[ "$(jq -r '.coverage[] | select(.role == "usb-tally") | [.state] + .hooks | join(" ")' \
			"$RUNTIME_DIRECTORY/status.json")" = "proven fexit/usb_new_device" ]
}

after_it_all_is_seen() {
	pull k3 && plug kbd k6 3 && keyboard_is k6
}

they_go() {
	pull k2 && pull k4 && pull k6
}

# --- trace ----------------------------------------------------------------------------------------

trace_shows_it_come_and_go() {
	/usr/bin/evmon --trace -s usb -n 2 -o "$test_dir/trace" 2>"$test_dir/trace.log" &
	trace_pid=$!
	wait_event "$test_dir/trace" '^TIME ' || { kill "$trace_pid"; return 1; }
	if ! plug kbd t0 2 || ! pull t0; then kill "$trace_pid"; fi
	wait_exit "$trace_pid" || return 1
	sed '1,/^TIME /d' "$test_dir/trace" | tr -s ' ' | cut -d ' ' -f 2- >"$test_dir/traced"
	cat "$test_dir/traced"
	name='0627:0001 QEMU USB Keyboard at 1-2'
	[ "$(cat "$test_dir/traced")" = "$(printf '%s\n' \
		"- - - usb alert usb.hid attach $name" "- - - usb allow - detach $name")" ]
}

# --- no bus ---------------------------------------------------------------------------------------

rows_say_no_bus() { # FILE
	jq -r '.coverage[] | select(.role == "usb" or .role == "usb-deny") |
		[.role, .state, .limits // "-"] | join(" ")' "$1" >"$test_dir/rows"
	cat "$test_dir/rows"
	[ "$(tr '\n' , <"$test_dir/rows")" = "usb unproven no USB bus here,usb-deny none -," ]
}

coverage_without_a_bus() {
	mount -t tmpfs none /sys/bus && /usr/bin/evmon coverage --json >"$test_dir/coverage" &&
		rows_say_no_bus "$test_dir/coverage" &&
		[ "$(jq -r .state "$test_dir/coverage")" = protecting ]
}

daemon_without_a_bus() {
	fresh second
	evmon_start && rows_say_no_bus "$RUNTIME_DIRECTORY/status.json" &&
		pass_over 2 '"rule":"self.(started|usb-baseline)".*'
}

bus_that_comes_later_is_seen() {
	umount /sys/bus && plug kbd l0 2 && keyboard_is l0 || return 1
	until jq -r '.coverage[] | select(.role == "usb") | .state + " " + .limits' \
		"$RUNTIME_DIRECTORY/status.json" | grep -q '^proven not seen '; do
		kill -0 "$evmon_pid" || return 1
	done
}

policy_write <<-'POLICY'
	aggregate: {window: 1h}
	usb: {allow: [{serial: evmon-a0}, {class: "09"}]}
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
uevents_start "$events" || diag "no uevents"
check "a gadget is made" gadget_make
check "evmon starts" evmon_start
check "starts are told" pass_over 2 '"rule":"self.(started|usb-baseline)"'
check "serial alone and class alone allow, and nothing beside them" allowed_by_serial_or_class_alone
check "uevents are forged to evmon's port" forged_to_the_port
check "uevents are forged to the group" forged_to_the_group
check "uevents are forged by way of the kernel" forged_by_the_kernel
check "a composite device is told with all its interfaces" composite_is_told_with_all_interfaces
check "it comes back as storage, and is told so" it_comes_back_as_storage
check "it comes back as a modem, and is told so" it_comes_back_as_a_modem
check "it goes" gadget_pull
check "a device gone before it is read is told as far as known" gone_before_it_is_read
check "a burst hides nothing that is there, and is told" burst_hides_nothing_that_is_there
check "what came and went meanwhile is told by the hook, the allowed is not" \
	what_came_and_went_is_told_by_the_hook
check "after it all is seen" after_it_all_is_seen
check "nothing else was told but its second stop" nothing_else 1 '"rule":"self.gap".*"what":"stopped"'
check "they go" they_go
check "trace shows a device come and go" trace_shows_it_come_and_go
check "no bus is no error in coverage" coverage_without_a_bus
check "no bus is no error for the daemon" daemon_without_a_bus
check "a bus that comes later is seen" bus_that_comes_later_is_seen
uevents_stop
check "nothing else was told" nothing_else
