#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Objects for kernels without BTF have no CO-RE relocation: one, in a program that is not even
# loaded, makes libbpf demand the kernel's BTF for the whole object (user/kernel/skeleton.c).

set -euo pipefail
# shellcheck source=tests/check/files.sh
. "$(dirname "$0")/files.sh"
need "${LLVM_OBJCOPY:-llvm-objcopy}" "${LLVM_READELF:-llvm-readelf}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# struct btf_ext_header: hdr_len at 4, core_relo_len at 28 where the header is long enough.
word() { # OFFSET
	od -An -tu4 -j"$1" -N4 "$tmp/ext" | tr -d ' '
}

relocations() { # OBJECT: bytes of them
	# One without programs has none of it.
	"${LLVM_READELF:-llvm-readelf}" -SW "$1" >"$tmp/sections"
	grep -q ' \.BTF\.ext ' "$tmp/sections" || { echo 0; return; }
	"${LLVM_OBJCOPY:-llvm-objcopy}" --dump-section .BTF.ext="$tmp/ext" "$1" "$tmp/copy"
	if [ "$(word 4)" -ge 32 ]; then word 28; else echo 0; fi
}

bad=0 n=0
for object in "$BUILD"/bpf/nobtf.bpf.o "$BUILD"/bpf/nobtf/*.o; do
	[ -f "$object" ] || continue
	n=$((n + 1))
	bytes=$(relocations "$object")
	[ "$bytes" -eq 0 ] || { echo "${object#"$BUILD"/} has $bytes bytes of CO-RE relocations"; bad=1; }
done
# The reading itself: the other object is full of them.
if [ -f "$BUILD/bpf/evmon.bpf.o" ] && [ "$(relocations "$BUILD/bpf/evmon.bpf.o")" -eq 0 ]; then
	echo "bpf/evmon.bpf.o has no CO-RE relocation: this check does not see them"
	bad=1
fi
echo "$n objects without"
exit $bad
