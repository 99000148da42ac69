#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The clock is set: once forward by an hour, as where the network brings the time; less than a second is no
# step. What is told lies between what came before and after it, whatever their dates say.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 5

forward() {
	date -s "@$(($(date +%s) + 3600))" && wait_event "$alerts" '"rule":"self.clock-step"' || return 1
	step=$(jq -r 'select(.rule == "self.clock-step") | .object.detail' "$alerts")
	echo "$step"
	case $step in
	"from 20"*" to 20"*", forward by 3600."* | "from 20"*" to 20"*", forward by 3599."*) ;;
	*) return 1 ;;
	esac
}

# Whole seconds only: the rest of this one is what it goes back by.
no_step() {
	date -s "@$(date +%s)"
}

# The lines' own dates go by the new time, since boot by neither.
in_order() {
	ended || return 1
	summary
	jq -s -e 'map(select(.rule == "self.clock-step")) | length == 1' "$alerts" &&
		jq -s -e '[.[].boot_us] | . == sort' "$alerts" &&
		jq -s -e '(.[-1].time[0:19] + "Z" | fromdate) - (.[0].time[0:19] + "Z" | fromdate) > 3590' "$alerts" &&
		/usr/bin/evmon log --state-dir "$state" --verify
}

policy_write <<-'POLICY'
	aggregate: {window: 1s}
POLICY
check "evmon starts" evmon_start
check "starts are told" pass_over 2 '"rule":"self.(started|usb-baseline)"'
check "innocent: less than a second" no_step
check "an hour forward is told" forward
check "that and nothing else, in order" in_order
