#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The units of packaging/systemd say nothing that systemd 250 does not know (unit-directives has what
# each directive came with), are valid, give the programs no more than was agreed (`systemd-analyze
# security`: 2.0 for the daemon, 1.8 for the publisher), and are all installed, with what they need.

set -euo pipefail
# shellcheck source=tests/check/files.sh
. "$(dirname "$0")/files.sh"
need systemd-analyze systemd-sysusers

newest=250
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mapfile -t units < <(files 'packaging/systemd/*.service')

directives() {
	awk -v newest="$newest" '
		NR == FNR { if (!/^#/) since[$1] = $2; next }
		/^[A-Za-z]+=/ {
			name = $0
			sub(/=.*/, "", name)
			used[name] = 1
			if (!(name in since))
				print FILENAME ":" FNR ": " name "= is not in tests/check/unit-directives"
			else if (since[name] > newest)
				print FILENAME ":" FNR ": " name "= came with systemd " since[name]
		}
		END { for (name in since) if (!(name in used)) print "unit-directives: no unit says " name "=" }
	' tests/check/unit-directives "${units[@]}"
	# The type that came with 253, and options that values of these directives have since.
	grep -nE '^Type=(notify-reload|.*[^a-z].*)$|^ProtectSystem=.*\+' "${units[@]}" || true
}

# With programs that are there, or it would complain of those.
verified() {
	local unit
	for unit in "${units[@]}"; do
		sed 's|^\(Exec[A-Za-z]*=\)/usr/bin/evmon[a-z-]*|\1/bin/true|' "$unit" >"$tmp/${unit##*/}"
	done
	systemd-analyze verify --man=no --recursive-errors=no "$tmp"/*.service 2>&1 || true
}

exposure() { # UNIT TENTHS
	systemd-analyze security --offline=yes --no-pager --threshold="$2" "packaging/systemd/$1" \
		>"$tmp/said" 2>&1 || {
		grep -E '^✗|exposure level' "$tmp/said" || cat "$tmp/said"
		echo "$1: more than $2 tenths"
	}
}

# Users and the directory are made by what is installed, and the units name no others.
accounts() {
	mkdir -p "$tmp/root/etc"
	systemd-sysusers --root="$tmp/root" "$PWD/packaging/systemd/evmon.sysusers" 2>&1 |
		grep -v '^Creating ' || true
	sed -n 's/^\(User\|Group\)=//p' "${units[@]}" | sort -u |
		while IFS= read -r name; do
			grep -q "^$name:" "$tmp/root/etc/group" || echo "evmon.sysusers makes no $name"
		done
}

installed() {
	local path
	make -s BUILD="$BUILD" DESTDIR="$tmp/dest" install-files >"$tmp/said" 2>&1 || cat "$tmp/said"
	while IFS= read -r path; do
		[ -f "$tmp/dest/$path" ] || echo "make install leaves out /$path"
	done < <(
		for path in "${units[@]}"; do echo "usr/lib/systemd/system/${path##*/}"; done
		for path in docs/man/*.[1-8]; do
			echo "usr/share/man/man${path##*.}/${path##*/}"
		done
		for path in policies/*.yaml; do echo "usr/share/evmon/policies/${path##*/}"; done
		printf '%s\n' usr/lib/sysusers.d/evmon.conf usr/lib/tmpfiles.d/evmon.conf \
			usr/lib/systemd/catalog/evmon.catalog
	)
}

{
	directives
	verified
	exposure evmon.service 20
	exposure evmon-publish.service 18
	accounts
	installed
} | verdict units
