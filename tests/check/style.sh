#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The rules of form that a program can judge. Those that need a reader's eye are not here.

set -euo pipefail
# shellcheck source=tests/check/files.sh
. "$(dirname "$0")/files.sh"
need "${CLANG_FORMAT:-clang-format}"

c_files() {
	files '*.c' '*.h' | { grep -v '^vmlinux/' || true; }
}

# Files whose bytes are the test: they keep what others may not have.
text_files() {
	files '*' | grep -Ev '^(LICENSE$|bpf/LICENSES/|tests/policies/|tests/fuzz/corpus)' |
		while IFS= read -r file; do
			[ ! -s "$file" ] || ! grep -Iq . "$file" || printf '%s\n' "$file"
		done
}

formatting() {
	c_files | xargs -r "${CLANG_FORMAT:-clang-format}" --dry-run -Werror 2>&1 |
		grep -E 'error|warning' || true
}

licence() {
	files '*' | while IFS= read -r file; do
		case $file in
		bpf/LICENSES/*) continue ;;
		bpf/* | include/*) want='GPL-2.0-only OR BSD-2-Clause' ;;
		vmlinux/*) want= ;;
		*) want='Apache-2.0' ;;
		esac
		case $file in
		*.c | *.h) ;;
		*.sh | *.py | *.awk | *.mk | */Makefile | Makefile | *.service | *.timer | *.socket) ;;
		policies/*.yaml) ;;
		*) [ "$(head -c 2 "$file" | tr -d '\0')" = '#!' ] || continue ;;
		esac
		head -n 3 "$file" | grep -q "SPDX-License-Identifier: $want" ||
			echo "$file:1: no SPDX-License-Identifier${want:+: $want} in the first three lines"
	done
}

unfinished() {
	text_files | grep -v '^tests/check/' | xargs -r grep -HnEw 'TODO|FIXME|XXX|HACK' |
		sed 's/$/ (unfinished work belongs in an issue)/' || true
	text_files | xargs -r grep -HnE '[[:blank:]]+$' | sed 's/:\([0-9]*\):.*/:\1: trailing spaces/' || true
}

{
	formatting
	licence
	unfinished
	c_files | xargs -r awk -f tests/check/style.awk
} | verdict style
