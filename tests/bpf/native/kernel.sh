#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The programs of tests/bpf against the running kernel, one after the other: each has a network
# namespace and a cgroup of its own, and they would see each other's doings host-wide.

set -euo pipefail
cd "$(dirname "$0")/../../.."
BUILD=${BUILD:-build}
export CMOCKA_MESSAGE_OUTPUT=TAP

n=0
for program in "$BUILD"/tests/bpf/test_*; do
	[[ -x $program && $program != *.[od] ]] || continue
	n=$((n + 1))
	status=0
	echo "# Subtest: ${program##*/}"
	"$program" 2>&1 | sed 's/^/    /' || status=$?
	((status == 0)) && echo "ok $n - ${program##*/}" || echo "not ok $n - ${program##*/}: $status"
done
echo "1..$n"
