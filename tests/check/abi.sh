#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The structs of include/evmon/ have one layout: in the BPF objects, in user space here, and on every
# architecture that evmon is built for. Sizes and offsets are taken from BTF and handed to the other
# compilers as static assertions; -Wpadded refuses padding that nobody wrote down.

set -euo pipefail
# shellcheck source=tests/check/files.sh
. "$(dirname "$0")/files.sh"
PATH=$PATH:/usr/sbin
CLANG=${CLANG:-clang} CC=${CC:-cc} BPFTOOL=${BPFTOOL:-bpftool}

headers=$(files 'include/evmon/*.h')
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# One variable a struct: types that nothing refers to do not reach BTF.
{
	echo '#include <linux/types.h>'
	for header in $headers; do echo "#include \"$header\""; done
	# shellcheck disable=SC2086
	sed -n 's/^struct \(evmon_[a-z0-9_]*\) {$/struct \1 probe_\1;/p' $headers
} >"$tmp/probe.c"

warnings='-Wall -Wextra -Wpadded -Werror'
# The kernel's uapi headers are the same for all; asm/types.h comes from the build host's.
uapi="-idirafter /usr/include -idirafter /usr/include/$($CC -print-multiarch 2>/dev/null || uname -m)-linux-gnu -idirafter /usr/include/$(uname -m)-linux-gnu"

# shellcheck disable=SC2086
$CLANG -target bpf -mcpu=v2 -g -O2 -std=gnu11 $warnings -I. -Iinclude $uapi -c "$tmp/probe.c" -o "$tmp/probe.o"

objects=$tmp/probe.o
[ ! -f "$BUILD/bpf/evmon.bpf.o" ] || objects="$objects $BUILD/bpf/evmon.bpf.o"
# shellcheck disable=SC2086
tests/check/layouts.py "$BPFTOOL" $headers -- $objects >"$tmp/layout.c"

# shellcheck disable=SC2086
$CC -std=gnu11 $warnings -I. -Iinclude -fsyntax-only "$tmp/layout.c"
for target in x86_64-linux-gnu aarch64-linux-gnu arm-linux-gnueabihf riscv64-linux-gnu; do
	# shellcheck disable=SC2086
	$CLANG --target=$target -ffreestanding -std=gnu11 $warnings -I. -Iinclude $uapi \
		-fsyntax-only "$tmp/layout.c"
	echo "$target: the same layout"
done
