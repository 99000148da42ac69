#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The policy is replaced again and again while a module binds: one refuses the port, the other lets it
# through, or tells. Each bind is refused or done by the one or by the other, what was refused is told
# as refused and by that rule, and all of it is counted.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 7

port=18765
reloads=200
[ -n "$EVMON_TEST_FULL" ] && [ "$EVMON_TEST_FULL" != 0 ] || reloads=20

# policy_file NAME RULE ACTION: a policy to put in place.
policy_file() {
	cat >"$test_dir/$1.yaml" <<-POLICY
		version: 1
		bind: [{rule: $2, port: $port, subject: everest, severity: medium, action: $3}]
	POLICY
}

replace() { # NAME
	cp "$test_dir/$1.yaml" "$policy~" && mv "$policy~" "$policy"
}

in_force() { # how many reloads there have been
	grep -c ' is in force, after ' "$evmon_log"
}

# round: two hundred binds; what came of them is added up. After a refusal nothing was bound.
round() {
	ask auth repeat 200 bind tcp ipv4 loopback "$port" >"$test_dir/round"
	counted=$(echo "$answer" | sed -n 's/.* done=\([0-9]*\) failed=\([0-9]*\).*/\1 \2/p')
	[ -n "$counted" ] || { cat "$test_dir/round"; return 1; }
	bound=$((bound + ${counted% *}))
	refused=$((refused + ${counted#* }))
	misdeed auth release >"$test_dir/round" || { cat "$test_dir/round"; return 1; }
}

# under_load A B: they take turns; binds go on until each is in force.
under_load() {
	bound=0
	refused=0
	n=$(in_force)
	for i in $(seq "$reloads"); do
		next=$1
		[ $((i % 2)) -eq 0 ] || next=$2
		replace "$next"
		kill -HUP "$evmon_pid"
		while :; do
			round || return 1
			kill -0 "$evmon_pid" || { cat "$evmon_log"; return 1; }
			[ "$(in_force)" -lt $((n + i)) ] || break
		done
	done
	echo "# figure: binds during $reloads reloads: $((bound + refused)), $refused refused"
	[ "$bound" -gt 0 ] && [ "$refused" -gt 0 ]
}

# sum RULE VERDICT: of the alerts' counts.
sum() {
	jq -s "map(select(.rule == \"$1\" and .verdict == \"$2\" and .asked == null) | .count) | add // 0" \
		"$alerts"
}

# adds_up ALERTED: every refusal is told, and of binds as many; nothing else speaks of them but that
# what was bound while bind.x allowed it is held when it does not.
adds_up() {
	summary
	echo "$bound bound, $refused refused"
	[ "$(sum bind.x denied)" -eq "$refused" ] && [ "$(sum bind.y alert)" -eq "$1" ] &&
		[ "$(jq -s 'map(select(.sensor == "bind" and
			(.rule == "bind.x" and .verdict == "alert" | not)) | .count) | add // 0' "$alerts")" -eq \
			$((refused + $1)) ]
}

denial_is_taken_back() {
	replace allowed
	wait_event "$evmon_log" ' is in force, after ' $(($(in_force) + 1)) || return 1
	[ "$(jq -r '.coverage[] | select(.role == "bind-deny") | .state' \
		"$RUNTIME_DIRECTORY/status.json")" = ready ]
}

policy_file denied bind.x deny
policy_file allowed bind.x allow
policy_file told bind.y alert
replace denied
broker_start || diag "no broker"
chmod 777 "$broker_sock"
config_write /tests/configs/mini.yaml
check "evmon and tree start" eval 'evmon_start && tree_start'
check "$reloads reloads, refused or allowed" under_load denied allowed
check "hooks that deny go with the last rule that does" denial_is_taken_back
check "refusals add up, and nothing else was told" eval 'ended && adds_up 0'

fresh second
replace denied
check "evmon starts again" evmon_start
check "$reloads reloads, refused or told" under_load denied told
all_add_up() {
	ended && adds_up "$bound"
}

check "refusals and alerts add up" all_add_up
tree_stop
