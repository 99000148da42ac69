#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The machine itself, before anything of evmon runs in it: the row's kernel with BTF and the row's
# lsm list, loopback, file systems, the broker, and USB hot-plug as the kernel reports it.
# shellcheck source=SCRIPTDIR/lib.sh
. /tests/lib.sh
test_begin 17

events=$test_dir/uevents
received=$test_dir/received

kernel_is_the_rows() {
	uname -r
	[ "$(uname -r)" = "$EVMON_RELEASE" ] || return 1
	case $EVMON_ROW in
	[0-9]*) [ "${EVMON_ROW%%-*}" = "$(uname -r | cut -d . -f 1,2)" ] ;;
	esac
}

# What is active comes from the lsm= of the row, or has no switch (capability, and the two that
# CONFIG_LSM calls integrity); without lsm= it holds bpf, but not in Debian's 5.10.
lsm_list_is_the_rows() {
	active=$(cat /sys/kernel/security/lsm)
	echo "active: $active, asked: $EVMON_LSM"
	case ",$active,$EVMON_LSM," in
	*,-,)
		case $EVMON_RELEASE,$active, in
		5.*,bpf,*) return 1 ;;
		5.* | *,bpf,*) return 0 ;;
		*) return 1 ;;
		esac
		;;
	esac
	for name in $(echo "$active" | tr , ' '); do
		case $name in capability | ima | evm) continue ;; esac
		case ",$EVMON_LSM," in *",$name,"*) ;; *) return 1 ;; esac
	done
	case ",$EVMON_LSM," in
	*,bpf,*) case ",$active," in *,bpf,*) return 0 ;; *) return 1 ;; esac ;;
	*) case ",$active," in *,bpf,*) return 1 ;; *) return 0 ;; esac ;;
	esac
}

mounted() { # TYPE PATH
	awk -v t="$1" -v p="$2" '$2 == p && $3 == t { n++ } END { exit !n }' /proc/mounts
}

all_mounted() {
	mounted cgroup2 /sys/fs/cgroup && mounted bpf /sys/fs/bpf && mounted tmpfs /run &&
		mounted tmpfs /tmp && mounted securityfs /sys/kernel/security &&
		mounted tracefs /sys/kernel/tracing && mounted debugfs /sys/kernel/debug
}

identity() {
	grep -qE '^[0-9a-f]{32}$' /etc/machine-id && [ "$(hostname)" = "$(cat /etc/hostname)" ]
}

loopback() {
	ping -c 1 127.0.0.1 && ping -c 1 ::1
}

modules_loaded() {
	for name in usbcore xhci_hcd xhci_pci usbhid usb_storage sd_mod; do
		[ -d "/sys/module/$name" ] || { echo "$name is missing"; return 1; }
	done
	modprobe dummy && ip link add evmon0 type dummy && ip link del evmon0
}

# One message through the broker; the arguments say where it listens.
broker_passes_on() {
	subscriber_start "$received" evmon/boot -C 1 "$@" || return 1
	mosquitto_pub "$@" -t evmon/boot -m "hello from $EVMON_ROW" || return 1
	wait_exit "$subscriber_pid" && wait_for_line "$received" "^hello from $EVMON_ROW\$"
}

# The folder in sysfs of the device with that serial number.
device_of() {
	dirname "$(grep -lx "evmon-$1" /sys/bus/usb/devices/*/serial 2>/dev/null)" 2>/dev/null
}

keyboard_comes() {
	vmctl usb-add kbd k0 || return 1
	wait_for_line "$events" '^bind .*DEVTYPE=usb_interface.*INTERFACE=3/1/1' || return 1
	keyboard=$(device_of k0)
	[ "$(cat "$keyboard/idVendor"):$(cat "$keyboard/idProduct")" = 0627:0001 ] &&
		grep -qE "^add /.*/${keyboard##*/} .*DEVTYPE=usb_device PRODUCT=627/1/" "$events"
}

keyboard_goes() {
	vmctl usb-del k0 &&
		wait_for_line "$events" "^remove .*/${keyboard##*/} .*DEVTYPE=usb_device" &&
		[ -n "$keyboard" ] && [ ! -e "$keyboard" ]
}

storage_comes() {
	vmctl usb-add storage s0 3 || return 1
	wait_for_line "$events" '^add .*SUBSYSTEM=block DEVTYPE=disk' || return 1
	storage=$(device_of s0)
	[ "$(cat "$storage"/*:1.0/bInterfaceClass)" = 08 ] || return 1
	case ${storage##*/} in *-3) ;; *) echo "at ${storage##*/}, not at port 3"; return 1 ;; esac
}

storage_goes() {
	vmctl usb-del s0 && wait_for_line "$events" "^remove .*/${storage##*/} .*DEVTYPE=usb_device"
}

# A device that belongs there, behind a hub: an FTDI converter, as chargers have them.
converter_comes_behind_a_hub() {
	modprobe ftdi_sio || return 1
	vmctl usb-add hub h0 2 || return 1
	wait_for_line "$events" '^bind .*DEVTYPE=usb_interface.*INTERFACE=9/0/0' || return 1
	vmctl usb-add serial f0 2.3 || return 1
	wait_for_line "$events" '^add .*/tty/ttyUSB0 ' || return 1
	converter=$(device_of f0)
	case ${converter##*/} in *-2.3) ;; *) echo "at ${converter##*/}, not at 2.3"; return 1 ;; esac
	[ "$(cat "$converter/idVendor"):$(cat "$converter/idProduct")" = 0403:6001 ]
}

converter_goes_with_the_hub() {
	vmctl usb-del f0 && vmctl usb-del h0 &&
		wait_for_line "$events" "^remove .*/${converter##*/} .*DEVTYPE=usb_device"
}

btf_as_the_row_says() {
	case $EVMON_TIER in
	[ABC]) test -s /sys/kernel/btf/vmlinux ;;
	*) test ! -e /sys/kernel/btf/vmlinux ;;
	esac
}

wrong_requests_are_refused() {
	! vmctl usb-add teapot t0 && ! vmctl usb-del nobody && ! vmctl dance
}

check "kernel is the row's" kernel_is_the_rows
check "kernel has BTF, or not, as the row says" btf_as_the_row_says
check "lsm list is the row's" lsm_list_is_the_rows
check "file systems are mounted" all_mounted
check "machine has a name and an id" identity
check "loopback answers on IPv4 and IPv6" loopback
check "modules load" modules_loaded
check "broker starts" broker_start "1884 127.0.0.1"
check "broker passes on by its unix socket" broker_passes_on --unix "$broker_sock"
check "broker passes on by TCP" broker_passes_on -h 127.0.0.1 -p 1884
uevents_start "$events" || diag "no uevents"
check "keyboard comes with its uevents" keyboard_comes
check "keyboard goes" keyboard_goes
check "storage comes at the asked port" storage_comes
check "storage goes" storage_goes
check "converter comes behind a hub" converter_comes_behind_a_hub
check "converter goes with the hub" converter_goes_with_the_hub
uevents_stop
check "wrong hot-plug requests are refused" wrong_requests_are_refused
