#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Names, paths and command lines that somebody made to break a terminal, a line or a JSON string:
# each alert is still one line of valid JSON that tells them byte for byte, and what people read has
# nothing in it that a terminal obeys.
# shellcheck source=SCRIPTDIR/e2e.sh
. /tests/e2e.sh
test_begin 13

# A set-uid program whose name has an escape sequence, a line end, quotes, a backslash, a lone byte
# of no character, a C1 control and a right-to-left override.
name=$(printf 'r\033[2J\n"\\\377\302\233\342\200\256x')
shown='r\x1b[2J\x0a"\\\xff\xc2\x9b'$(printf '\342\200\256')x
rooted=$test_dir/$name
argument=$(printf '\033[31mred\007\033]0;title\007')
argument_shown='\x1b[31mred\x07\x1b]0;title\x07'

# said FILTER: of the last alert.
said() {
	sed -n "${n_alerts}p" "$alerts" | jq -r "$1"
}

# is FILTER WANT
is() {
	got=$(said "$1"; echo .)
	want=$(printf '%s\n.' "$2")
	[ "$got" = "$want" ] && return 0
	printf '%s\n' "$1 is not what it was:" "$got" "$want" | cat -v
	return 1
}

# undone FILTER WANT: the escapes give the very bytes back.
undone() {
	said "$1" | tr -d '\n' >"$test_dir/shown"
	got=$(printf '%b.' "$(cat "$test_dir/shown")")
	[ "$got" = "$2." ] && return 0
	printf '%s\n' "$1 does not lead back:" "$got" "$2" | cat -v
	return 1
}

one_alert() { # RULE
	n_alerts=$((n_alerts + 1))
	wait_event "$alerts" '^{' "$n_alerts" && is .rule "$1"
}

hostile_program_is_told() {
	ask auth exec-nasty "$rooted" >/dev/null
	case $answer in ok*) ;; *) return 1 ;; esac
	one_alert exec.root && is .module.id auth && is .object.path "$test_dir/$shown" &&
		is .process.exe "$test_dir/$shown" && is '.process.cmdline[0]' "$argument_shown" &&
		is .message "module auth (Auth) ran $test_dir/$shown as root"
}

bytes_come_back() {
	undone .object.path "$rooted" && undone '.process.cmdline[0]' "$argument"
}

# The kernel keeps 15 bytes of the name: cut anywhere.
comm_is_told() {
	undone .process.comm "$(printf '%s' "$name" | head -c 15)"
}

# A module is named by what it says of itself: the id is as hostile as its author.
hostile_module_is_told() {
	id=$(printf 'i\033[1m\n"d')
	ask auth exec-as "$id:EvSlac" "$modules_dir/EvSlac/EvSlac" --nonsense >/dev/null
	misdeed --here exec-as "$id:EvSlac" "$modules_dir/EvSlac/EvSlac" --nonsense | cat -v
	one_alert exec.root && is .module.id 'i\x1b[1m\x0a"d' && is .module.name EvSlac &&
		is '.process.cmdline[0]' 'i\x1b[1m\x0a"d:EvSlac' &&
		is .message 'module i\x1b[1m\x0a"d (EvSlac) runs as root'
}

# no_controls FILE: line ends, and not one other byte that a terminal obeys.
no_controls() {
	tr -d '\n' <"$1" | LC_ALL=C grep -q "$(printf '[\001-\037\177]')" && return 1
	tr -d '\n' <"$1" | LC_ALL=C grep -q "$(printf '\302[\200-\237]')" && return 1
	LC_ALL=C grep -q "$(printf '\377')" "$1" && return 1
	return 0
}

no_tricks() { # FILE: no controls, and nothing that turns the line around
	no_controls "$1" && ! grep -q "$(printf '\342\200\256')" "$1"
}

every_line_is_json() {
	/usr/bin/evmon log --state-dir "$state" --json >"$test_dir/json" || return 1
	[ "$(wc -l <"$test_dir/json")" -eq "$(jq -c . "$test_dir/json" | wc -l)" ] &&
		[ "$(wc -l <"$test_dir/json")" -eq "$n_alerts" ] && no_controls "$test_dir/json"
}

log_is_safe() {
	/usr/bin/evmon log --state-dir "$state" >"$test_dir/text" || return 1
	cat -v "$test_dir/text"
	[ "$(grep -c ' exec.root ' "$test_dir/text")" -eq 3 ] && no_tricks "$test_dir/text" &&
		grep -qF 'r\x1b[2J\x0a"\\\xff' "$test_dir/text"
}

trace_is_safe() {
	/usr/bin/evmon --trace -x -s exec -n 1 >"$test_dir/trace" 2>&1 &
	trace_pid=$!
	wait_event "$test_dir/trace" '^TIME ' || return 1
	ask auth exec-nasty "$rooted" >/dev/null
	wait_exit "$trace_pid" || return 1
	cat -v "$test_dir/trace"
	grep -qF 'r\x1b[2J\x0a"\\\xff' "$test_dir/trace" && no_tricks "$test_dir/trace"
}

policy_write </dev/null
broker_start || diag "no broker"
chmod 777 "$broker_sock"
config_write /tests/configs/mini.yaml
cp /usr/libexec/everest/rooted "$rooted"
chmod 4755 "$rooted"
check "evmon starts" evmon_start
check "publisher and subscriber start" publish_start
check "tree starts" tree_start
check "starts are told" pass_over 3 '"rule":"(self.started|self.usb-baseline|capability.everest-chown)"'
check "hostile program is told" hostile_program_is_told
check "its bytes come back" bytes_come_back
check "its name in the kernel is told" comm_is_told
check "hostile module is told" hostile_module_is_told
check "trace is safe to look at" trace_is_safe
check "nothing else was told" nothing_else 1 '"rule":"exec.root"'
check "every line is JSON" every_line_is_json
check "log is safe to look at" log_is_safe
check "the same bytes came out at the broker" published_equals_journal
tree_stop
