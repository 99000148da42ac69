#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Shell scripts pass shellcheck, python compiles, man pages pass mandoc.

set -euo pipefail
# shellcheck source=tests/check/files.sh
. "$(dirname "$0")/files.sh"
need shellcheck mandoc python3

compiles='
import sys
try:
    compile(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1], "exec")
except SyntaxError as error:
    print(f"{error.filename}:{error.lineno}: SyntaxError: {error.msg}")
'

interpreted_by() {
	files '*' | while IFS= read -r file; do
		case $(head -c 64 "$file" | tr -d '\0' | head -n 1) in
		'#!'*"$1"*) printf '%s\n' "$file" ;;
		esac
	done
}

{
	{
		interpreted_by sh
		files '*.sh'
	} | sort -u | xargs -r shellcheck -x -f gcc || true
	{
		interpreted_by python3
		files '*.py'
	} | sort -u | while IFS= read -r file; do
		python3 -c "$compiles" "$file" || true
	done
	files 'docs/man/*.[1-8]' | xargs -r mandoc -T lint -W warning || true
} | verdict scripts
