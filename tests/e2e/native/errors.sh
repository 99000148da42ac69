#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What cannot work is said in one line, with what, where and what to do, and with the exit status of
# its kind: 1 failure, 2 usage, 4 not running, 5 not permitted.

set -uo pipefail
[ "$(id -u)" -eq 0 ] || exit 77
evmon=$BUILD/evmon
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
chmod 755 "$T"
n=0 failed=0

# refuses NAME STATUS WORDS COMMAND...: ends with the status, and says one line that has the words.
refuses() {
	local name=$1 want=$2 words=$3 said status
	shift 3
	said=$(RUNTIME_DIRECTORY=$T/run timeout 60 "$@" 2>&1 >/dev/null)
	status=$?
	n=$((n + 1))
	if [ "$status" -eq "$want" ] && [ "$(wc -l <<<"$said")" -eq 1 ] && grep -qF -e "$words" <<<"$said"; then
		echo "ok $n - $name"
	else
		failed=1
		echo "not ok $n - $name"
		echo "# status $status, want $want; said: $said"
	fi
}


: >"$T/file"
install -d -m 0700 "$T/closed"
install -d -m 0777 "$T/open"
cp "$evmon" "$T/evmon"
chmod 755 "$T/evmon"
refuses "an unknown verb" 2 'did you mean "run"' "$evmon" rnu
refuses "an unknown option" 2 '--polcy' "$evmon" run --polcy x
refuses "a broker that is no URL" 2 'unix:/PATH' "$evmon" run --mqtt tcp:1883
refuses "a number that is none" 2 '-n' "$evmon" --trace -n zero
refuses "a state directory below a file" 1 "$T/file/state" "$evmon" run --no-mqtt --state-dir "$T/file/state"
refuses "a state directory of others" 5 "$T/closed" setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$T/evmon" run --no-mqtt --state-dir "$T/closed/state"
refuses "no right to BPF" 5 'CAP_BPF' setpriv --reuid=65534 --regid=65534 --clear-groups \
	env RUNTIME_DIRECTORY="$T/open/run" "$T/evmon" run --no-mqtt --state-dir "$T/open/state"
refuses "no right to trace" 5 'CAP_BPF' setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$T/evmon" --trace -n 1
refuses "a process that is not there" 1 'no such process' "$evmon" --trace -p 2147483647
refuses "a command that is not there" 1 '/nonexistent/manager' "$evmon" --trace -- /nonexistent/manager
refuses "a journal that is not there" 1 "$T/none" "$evmon" log --state-dir "$T/none"
refuses "a daemon that does not run" 4 'not running' "$evmon" status
echo "1..$n"
exit "$failed"
