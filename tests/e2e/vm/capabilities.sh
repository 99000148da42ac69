#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The page's table: each capability in it, used by the module that it is for, gives no alert; used by
# another, C++ or Python, one with the name of who did it. Alerts come in order, so that one of the
# former would fail the next check.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 16

# What they hold: EVerest's surplus of each, and what auth and josev have beyond their lists.
start_is_told() {
	pass_over 14 '"rule":"(self.started|self.usb-baseline|config.*|capability.everest-chown|capability.held)"' &&
		summary_is <<-'SUMMARY'
			1 capability.everest-chown auth x1
			1 capability.everest-chown car_slac x1
			1 capability.everest-chown josev x1
			1 capability.everest-chown setup x1
			1 capability.everest-chown slac x1
			1 capability.everest-chown sniffer x1
			1 capability.held josev x1
			2 config.capabilities-beyond-page - x1
			3 capability.held auth x1
			1 self.started - x1
			1 self.usb-baseline - x1
		SUMMARY
}

granted() { # ID CAPABILITY...
	id=$1
	shift
	for name in "$@"; do
		ask "$id" cap "$name" || return 1
	done
}

auth_beyond() { # NUMBER CAPABILITY
	ask auth cap "$2" || return 1
	expect "$(who_module auth Auth)" "$(finding_capability capability.used high "$1" "$2" used \
		"module auth (Auth) used $2, which is not in its list")"
}

# A script's process is its interpreter's.
script_beyond() {
	ask josev cap CAP_NET_RAW || return 1
	expect '{"subject":"everest","module":{"id":"josev","name":"PyEvJosev"}}' \
		"{\"process\":$(process "$actor" python3 /usr/bin/python3 \
			"[\"python3\",\"$modules_dir/PyEvJosev/module.py\"]")}" \
		"$(finding_capability capability.used high 13 CAP_NET_RAW used \
			"module josev (PyEvJosev) used CAP_NET_RAW, which is not in its list")"
}

policy_write </dev/null
broker_start || diag "no broker"
chmod 777 "$broker_sock"
config_write /tests/configs/capabilities.yaml
check "evmon starts" evmon_start
check "publisher and subscriber start" publish_start
check "tree starts" tree_start
check "its start is told" start_is_told
check "EvseSlac: NET_RAW is its own" granted slac CAP_NET_RAW
check "EvSlac: NET_RAW is its own" granted car_slac CAP_NET_RAW
check "PacketSniffer: NET_RAW is its own" granted sniffer CAP_NET_RAW
check "Setup: all three are its own" granted setup CAP_NET_ADMIN CAP_NET_RAW CAP_DAC_OVERRIDE
check "Auth: NET_RAW is told" auth_beyond 13 CAP_NET_RAW
check "Auth: NET_ADMIN is told" auth_beyond 12 CAP_NET_ADMIN
check "Auth: DAC_OVERRIDE is told" auth_beyond 1 CAP_DAC_OVERRIDE
check "PyEvJosev: NET_RAW is told as the script's" script_beyond
check "tree goes on" ask slac whoami
check "the same bytes came out at the broker" published_equals_journal
check "tree ends" tree_stop
check "evmon ends" nothing_else
