#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A kernel without BTF (32-bit ARM, as Debian builds it): evmon starts, says what is missing and how
# it is had, and does not pretend to watch. What wants no kernel side works as anywhere.
# shellcheck source=SCRIPTDIR/../../vm/guest/lib.sh
. /tests/lib.sh
test_begin 5

# says STATUS REGEX CMD...: the command ends with STATUS and its words match.
says() {
	want=$1
	words=$2
	shift 2
	"$@" >"$test_dir/said" 2>&1
	got=$?
	cat "$test_dir/said"
	echo "status $got, want $want"
	[ "$got" -eq "$want" ] && grep -qE -e "$words" "$test_dir/said"
}

no_btf='this kernel has no BTF \(/sys/kernel/btf/vmlinux\).*CONFIG_DEBUG_INFO_BTF'

check "version is told" says 0 '^evmon [0-9]' /usr/bin/evmon --version
check "coverage says that there is no BTF" says 4 "$no_btf" /usr/bin/evmon coverage
check "trace says so" says 4 "$no_btf" /usr/bin/evmon --trace -n 1
check "daemon says so, and does not run" \
	says 4 "$no_btf" /usr/bin/evmon run --no-mqtt --state-dir "$test_dir/state"
check "policy is read as anywhere" \
	says 0 . /usr/bin/evmon policy show /tests/policies/default.yaml
