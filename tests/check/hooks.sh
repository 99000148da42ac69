#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Hooks are written down three times: in the code, in the table at the head of each bpf/*.bpf.c, and
# for users in docs/coverage.md. All three name the same ones, spelled as a section: lsm/socket_bind.

set -euo pipefail
# shellcheck source=tests/check/files.sh
. "$(dirname "$0")/files.sh"
need "${LLVM_READELF:-llvm-readelf}"

kinds='lsm|lsm_cgroup|fentry|fexit|fmod_ret|tp_btf|raw_tp|raw_tracepoint|tp|tracepoint|kprobe|kretprobe|iter'
words="(($kinds)(\.s)?/[a-z0-9_]+(/[a-z0-9_]+)?|cgroup/(post_bind|bind|connect|sendmsg)[46])"

# Words that stand for themselves: not the end of a longer path, no pattern with a star.
hooks_in() {
	grep -oE "(^|[^a-z0-9_/])${words}[*]?" | sed 's/^[^a-z]//' | grep -v '[*]$' | sort -u
}

hooks_of_object() {
	"${LLVM_READELF:-llvm-readelf}" -SW "$1" | sed -n 's/^ *\[ *[0-9]*\] *?*\([a-z][^ ]*\) *PROGBITS .*/\1/p' | hooks_in
}

# The first comment after the SPDX line.
hooks_of_head() {
	awk 'FNR > 1 && /\/\*/ { inside = 1 } inside { print } inside && /\*\// { exit }' "$1" | hooks_in
}

# differ A WHERE_A B WHERE_B: what stands in only one of two lists.
differ() {
	comm -23 "$1" "$3" | sed "s|.*|& is in $2 but not in $4|"
	comm -13 "$1" "$3" | sed "s|.*|& is in $4 but not in $2|"
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
: >"$tmp/all"
: >"$tmp/complaints"
for source in $(files 'bpf/*.bpf.c'); do
	object=$BUILD/bpf/$(basename "$source" .bpf.c).o
	[ -f "$object" ] || object=$BUILD/bpf/nobtf/$(basename "$source" .bpf.c).o
	[ -f "$object" ] || {
		echo "hooks: $object is not built"
		exit 1
	}
	hooks_of_object "$object" >"$tmp/object" || true
	hooks_of_head "$source" >"$tmp/head" || true
	differ "$tmp/object" "the code of $source" "$tmp/head" "its table" >>"$tmp/complaints"
	cat "$tmp/object" >>"$tmp/all"
done
sort -u -o "$tmp/all" "$tmp/all"
if [ -f docs/coverage.md ]; then
	hooks_in <docs/coverage.md >"$tmp/docs" || true
	differ "$tmp/all" "bpf/" "$tmp/docs" "docs/coverage.md" >>"$tmp/complaints"
fi
echo "$(wc -l <"$tmp/all") hooks in bpf/"
verdict hooks <"$tmp/complaints"
