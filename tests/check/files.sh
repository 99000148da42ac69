# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced by the checks: what they look at. In a checkout that is what git tracks, so that a draft
# beside it disturbs nobody; elsewhere it is every file.

cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
export LC_ALL=C

# files PATTERN...: tracked files with such names that exist, in order.
files() {
	if [ -e .git ]; then
		git ls-files -- "$@"
	else
		for pattern in "$@"; do
			find . -path ./build -prune -o -type f -path "./$pattern" -print
		done | sed 's|^\./||'
	fi | sort -u | while IFS= read -r file; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
}

# need TOOL...: a check whose tool is missing has not passed.
need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || {
			echo "$tool is missing: make deps"
			exit 1
		}
	done
}

# verdict NAME: reads complaints from stdin, shows them, and ends the check by whether there were any.
verdict() {
	complaints=$(cat)
	[ -n "$complaints" ] || exit 0
	printf '%s\n' "$complaints"
	printf '%s: %s complaints\n' "$1" "$(printf '%s\n' "$complaints" | wc -l)"
	exit 1
}
