#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Where the policy denies capabilities, what a module's list grants is done, and what it does not is
# refused with EPERM and told once as denied; the tree goes on. Where no hook can refuse (tier C) it
# is done, and the alert says what was asked.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 15

case $EVMON_TIER in
A) refusal=lsm/capable ;;
B) refusal=fmod_ret/security_capable ;;
*) refusal= ;;
esac

granted() { # ID CAPABILITY...
	id=$1
	shift
	for name in "$@"; do
		ask "$id" cap "$name" || return 1
	done
}

# A script's process is its interpreter's.
who_script() { # ID NAME
	printf '{"subject":"everest","module":{"id":"%s","name":"%s"},"process":%s}\n' "$1" "$2" \
		"$(process "$actor" python3 /usr/bin/python3 "[\"python3\",\"$modules_dir/$2/module.py\"]")"
}

# beyond WHO ID NAME NUMBER CAPABILITY: WHO makes a process out of ID and NAME.
beyond() {
	ask "$2" cap "$5"
	who=$("$1" "$2" "$3")
	if [ -n "$refusal" ]; then
		case $answer in "error EPERM "*) ;; *) return 1 ;; esac
		expect "$who" "$(finding_capability capability.used high "$4" "$5" used \
			"module $2 ($3) was refused $5, which is not in its list")" \
			"{\"verdict\":\"denied\",\"hook\":\"$refusal\"}"
	else
		case $answer in "ok "*) ;; *) return 1 ;; esac
		expect "$who" "$(finding_capability capability.used high "$4" "$5" used \
			"module $2 ($3) used $5, which is not in its list; it was to be denied, which cannot be done here")" \
			'{"asked":"deny"}'
	fi
}

coverage_says_so() {
	row=$(jq -r '.coverage[] | select(.role == "capability-deny") | [.state] + .hooks | join(" ")' \
		"$RUNTIME_DIRECTORY/status.json")
	echo "capability-deny: $row"
	[ "$row" = "${refusal:+proven }${refusal:-none}" ]
}

# What each holds beyond its list cannot be refused, and is told with what was asked.
start_is_told() {
	pass_over 14 '"rule":"(self.started|self.usb-baseline|config.*|capability.everest-chown|capability.held)"' &&
		[ "$(jq -c 'select(.rule == "capability.held") | [.asked, .verdict]' "$alerts" |
			sort | uniq -c | tr -s ' ')" = ' 4 ["deny","alert"]' ]
}

policy_write <<-'POLICY'
	capabilities: {action: deny}
	aggregate: {window: 1h}
POLICY
broker_start || diag "no broker"
chmod 777 "$broker_sock"
config_write /tests/configs/capabilities.yaml
check "evmon starts" evmon_start
check "publisher and subscriber start" publish_start
check "the hook that refuses is proven, or there is none" coverage_says_so
check "tree starts" tree_start
check "its start is told" start_is_told
check "EvseSlac: NET_RAW is done" granted slac CAP_NET_RAW
check "Auth: NET_RAW is refused" beyond who_module auth Auth 13 CAP_NET_RAW
check "Auth: NET_ADMIN is refused" beyond who_module auth Auth 12 CAP_NET_ADMIN
check "PyEvJosev: NET_RAW is refused, as the script's" \
	beyond who_script josev PyEvJosev 13 CAP_NET_RAW
check "Setup: all three are done" granted setup CAP_NET_ADMIN CAP_NET_RAW CAP_DAC_OVERRIDE
check "PacketSniffer: NET_RAW is done" granted sniffer CAP_NET_RAW
tree_goes_on() {
	ask auth whoami && ask josev whoami && ask slac whoami
}
check "tree goes on" tree_goes_on
check "the same bytes came out at the broker" published_equals_journal
check "tree ends" tree_stop
check "evmon ends" nothing_else
