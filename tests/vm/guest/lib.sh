# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
#
# What a guest test written in shell is made of: ". /tests/lib.sh; test_begin N; check NAME CMD...".
# Waiting is always for an event and has a very generous end (wait_s): a slow machine passes, one
# on which the event never comes fails with the reason, before the host's own limit.

wait_s=${EVMON_WAIT_S:-600}
test_dir=$(mktemp -d)
test_count=0
test_failed=0
subscriber_count=0
broker_pid=
broker_sock=/run/mosq/mosq.sock
broker_log=$test_dir/mosquitto.log

test_exit() {
	status=$?
	broker_stop
	[ "$status" -ne 0 ] || [ "$test_failed" -eq 0 ] || status=1
	exit "$status"
}

# test_begin N: N results follow. The test's exit status says whether all of them were good.
test_begin() {
	kernel_seen=$(dmesg | wc -l)
	trap test_exit EXIT
	echo "KTAP version 1"
	echo "1..$1"
}

# diag TEXT... | diag <FILE: a comment in the test's output.
diag() {
	if [ $# -gt 0 ]; then
		echo "# $*"
	else
		sed 's/^/# /'
	fi
}

ok() {
	test_count=$((test_count + 1))
	echo "ok $test_count $*"
}

# fail NAME: with what the kernel has said since the last failure.
fail() {
	test_count=$((test_count + 1))
	test_failed=$((test_failed + 1))
	echo "not ok $test_count $*"
	dmesg | tail -n +$((kernel_seen + 1)) | tail -n 40 | sed 's/^/# kernel: /'
	kernel_seen=$(dmesg | wc -l)
}

skip() { # NAME WHY
	test_count=$((test_count + 1))
	echo "ok $test_count $1 # SKIP $2"
}

# check NAME CMD...: one result; the command's output is shown if it fails.
check() {
	check_name=$1
	shift
	if "$@" >"$test_dir/out" 2>&1; then
		ok "$check_name"
	else
		diag "failed with status $?: $*"
		tail -n 40 "$test_dir/out" | diag
		fail "$check_name"
	fi
}

# wait_for_line FILE REGEX [COUNT]: until FILE, which may not be there yet, has COUNT such lines.
# The shell would take its own tail, which polls: GNU's waits by inotify, and ends when grep does.
wait_for_line() {
	wait_found=$(timeout "$wait_s" /usr/bin/tail -n +1 -F "$1" 2>/dev/null |
		grep -m "${3:-1}" -c -E -e "$2")
	[ "$wait_found" -ge "${3:-1}" ] && return 0
	echo "after $wait_s s $wait_found of ${3:-1} lines of $1 match '$2'; it ends with:"
	tail -n 20 "$1"
	return 1
}

# wait_exit PID: until a child of this shell is gone; its status.
wait_exit() {
	wait "$1" 2>/dev/null
}

# uevents_start FILE: the kernel's uevents from now on, one a line: "ACTION DEVPATH KEY=VALUE...".
uevents_start() {
	/usr/bin/uevents >"$1" 2>"$test_dir/uevents.log" &
	uevents_pid=$!
	wait_for_line "$test_dir/uevents.log" '^listening$'
}

uevents_stop() {
	kill "$uevents_pid"
	wait_exit "$uevents_pid"
}

# broker_start [LISTENER...]: a mosquitto on $broker_sock and on the listeners given, such as
# "1883 127.0.0.1", as the user mosquitto; returns when it serves.
broker_start() {
	mkdir -p "${broker_sock%/*}"
	chown mosquitto:mosquitto "${broker_sock%/*}"
	{
		printf '%s\n' "user mosquitto" "allow_anonymous true" "persistence false"
		printf '%s\n' "log_dest stderr" "log_type all" "listener 0 $broker_sock"
		for listener; do
			echo "listener $listener"
		done
	} >"$test_dir/mosquitto.conf"
	: >"$broker_log"
	/usr/sbin/mosquitto -c "$test_dir/mosquitto.conf" >"$broker_log" 2>&1 &
	broker_pid=$!
	wait_for_line "$broker_log" 'mosquitto version .* running'
}

# subscriber_start FILE TOPIC [ARG...]: a mosquitto_sub whose messages go to FILE, one a line, on
# the unix socket unless ARGs name a host; returns when the broker has taken the subscription, sets
# subscriber_pid. (mosquitto_sub's own "Subscribed" stays in its buffer: the broker's log has it.)
subscriber_start() {
	subscriber_count=$((subscriber_count + 1))
	subscriber_file=$1
	subscriber_topic=$2
	shift 2
	case " $* " in *' -h '*) ;; *) set -- --unix "$broker_sock" "$@" ;; esac
	mosquitto_sub -i "sub-$subscriber_count" -t "$subscriber_topic" "$@" >"$subscriber_file" &
	# shellcheck disable=SC2034 # for the test
	subscriber_pid=$!
	wait_for_line "$broker_log" "Sending SUBACK to sub-$subscriber_count\$"
}

broker_stop() {
	[ -n "$broker_pid" ] || return 0
	kill "$broker_pid"
	wait_exit "$broker_pid"
	broker_pid=
	rm -f "$broker_sock"
}
