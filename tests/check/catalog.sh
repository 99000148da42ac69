#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# MESSAGE_IDs are written down three times: where the mirror sends them, in docs/journal.md, and in
# the catalogue that journalctl -x shows. All three have the same ones, for the same families, each
# entry says what it is and what to do, and journalctl itself takes the catalogue.

set -euo pipefail
# shellcheck source=tests/check/files.sh
. "$(dirname "$0")/files.sh"
need journalctl

catalog=packaging/systemd/evmon.catalog
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

in_code() { # FAMILY ID
	sed -nE 's/.*\[EVMON_SENSOR_([A-Z]+)\] = "([0-9a-f]{32})".*/\L\1\E \2/p' user/journal/mirror.c
}

in_docs() {
	# shellcheck disable=SC2016 # Markdown
	sed -nE 's/^\| `([a-z]+)\.\*` \| `([0-9a-f]{32})` \|$/\1 \2/p' docs/journal.md
}

in_catalog() {
	sed -nE 's/^-- ([0-9a-f]{32})$/\1/p' "$catalog"
}

# differ A WHERE_A B WHERE_B: what stands in only one of two lists.
differ() {
	comm -23 "$1" "$3" | sed "s|.*|& is in $2 but not in $4|"
	comm -13 "$1" "$3" | sed "s|.*|& is in $4 but not in $2|"
}

# What each entry must have. Its family's own sensor stands in the command that shows more.
entries() {
	while read -r family id; do
		entry=$(awk -v id="$id" '/^-- / { inside = $2 == id } inside' "$catalog")
		for words in '^Subject: .*@EVMON_RULE@' '^Defined-By: evmon$' '^Documentation: man:' \
			'evmon explain @EVMON_RULE@'; do
			grep -qE "$words" <<<"$entry" || echo "$catalog: $id ($family) lacks $words"
		done
		[ "$family" = self ] || grep -qF "evmon log --sensor $family " <<<"$entry" ||
			echo "$catalog: $id ($family) does not show how to see more of its family"
	done <"$tmp/code"
	grep -oE '@[A-Z_]+@' "$catalog" | tr -d @ | sort -u | while IFS= read -r field; do
		grep -qF "\"$field\"" user/journal/mirror.c ||
			echo "$catalog: $field is no field of the mirror"
	done
}

# As journalctl reads it, in a root of its own.
compiled() {
	mkdir -p "$tmp/root/usr/lib/systemd/catalog" "$tmp/root/var/lib/systemd/catalog"
	cp "$catalog" "$tmp/root/usr/lib/systemd/catalog/"
	journalctl --root="$tmp/root" --update-catalog >"$tmp/said" 2>&1 || {
		sed 's/^/journalctl --update-catalog: /' "$tmp/said"
		return
	}
	journalctl --root="$tmp/root" --list-catalog 2>/dev/null | cut -c1-32 | sort >"$tmp/listed"
	differ "$tmp/ids" user/journal/mirror.c "$tmp/listed" 'the compiled catalogue'
	while IFS= read -r id; do
		journalctl --root="$tmp/root" --dump-catalog "$id" 2>/dev/null | grep -q '^Subject: ' ||
			echo "journalctl --dump-catalog $id shows nothing"
	done <"$tmp/ids"
}

in_code | sort >"$tmp/code"
in_docs | sort >"$tmp/docs"
in_catalog | sort >"$tmp/catalog"
cut -d' ' -f2 "$tmp/code" | sort >"$tmp/ids"
{
	[ -s "$tmp/code" ] || echo 'user/journal/mirror.c has no MESSAGE_ID as this check reads them'
	differ "$tmp/code" user/journal/mirror.c "$tmp/docs" docs/journal.md
	differ "$tmp/ids" user/journal/mirror.c "$tmp/catalog" "$catalog"
	entries
	compiled
} | verdict catalog
