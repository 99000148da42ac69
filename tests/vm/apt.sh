# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A private apt, for fetch and sysroot, after common.sh: one root per architecture and suite (one bad
# index fails the update of a whole root). The mirror comes from this machine's sources, signatures
# are checked against Debian's archive keyring, and nothing of the host's apt or dpkg is written: no
# foreign architecture is added to it, no package of one installed. The index is asked for once a
# day, or when the caller insists; if no mirror answers, that is for the caller to get along with.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
index_minutes=1440

# The mirrors that this machine's own sources name for a suite, best first, one a line. A row that
# is not Debian's may carry a Debian code name too: its signature fails, and the next one is tried.
mirrors() {
	local codenames='bullseye|bookworm|trixie|forky|duke|sid|oldstable|stable|testing|unstable'
	local suite=$1 suffix='(-updates|-backports|-proposed-updates)?'
	[[ $suite != *-security ]] || suffix='-security'
	apt-get -o Dir::State::lists=/nonexistent-dir -o Debug::NoLocking=1 --print-uris update \
		2>/dev/null | sed -n "s/^'\(.*\)\/dists\/\([^/]*\).*InRelease'.*/\1 \2/p" |
		awk -v s="^($codenames)$suffix\$" '$2 ~ s && !seen[$1]++ { print $1 }'
}

# apt_root_open ARCH SUITE: sets root, ours alone until this script ends. Its apt.conf is given with
# -c and not as APT_CONFIG: the host's hooks would survive #clear there.
apt_root_open() {
	apt_arch=$1
	apt_suite=$2
	# shellcheck disable=SC2154 # common.sh has it
	root=$vm_cache/apt/$apt_arch-$apt_suite
	mkdir -p "$root"/{state/lists/partial,cache/archives/partial,preferences.d}
	: >"$root/status"
	: >"$root/preferences"
	cat >"$root/apt.conf" <<-CONF
		#clear APT::Architectures;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		APT::Architecture "$apt_arch";
		APT::Architectures { "$apt_arch"; };
		APT::Sandbox::User "root";
		APT::Update::Error-Mode "any";
		Acquire::Languages "none";
		Acquire::AllowInsecureRepositories "false";
		Dir::State "$root/state";
		Dir::State::lists "$root/state/lists";
		Dir::State::status "$root/status";
		Dir::Cache "$root/cache";
		Dir::Cache::archives "$root/cache/archives";
		Dir::Etc::sourcelist "$root/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::Etc::preferences "$root/preferences";
		Dir::Etc::preferencesparts "$root/preferences.d";
		Dir::Etc::trusted "/dev/null";
		Dir::Etc::trustedparts "/dev/null";
	CONF
	exec 4>"$root/lock"
	flock -n 4 || { say "waiting for another fetch" && flock 4; }
}

# Each tenth of what apt is downloading as a line, from its status descriptor (3).
progress() {
	local kind percent text last=-1
	while IFS=: read -r kind _ percent text; do
		[[ $kind == dlstatus ]] || continue
		percent=${percent%%.*}
		((percent / 10 > last)) || continue
		last=$((percent / 10))
		say "  $percent % $text"
	done
}

apt_slow() {
	apt-get -c "$root/apt.conf" -o APT::Status-Fd=3 -qq "$@" 3> >(progress) >"$root/log" 2>&1
}

# index_old [FORCE]: whether it is time to ask again.
index_old() {
	((${1:-0})) || [[ -z $(find "$root/updated" -mmin -$index_minutes 2>/dev/null) ]]
}

# The index, from the first mirror that serves this suite with a good signature.
update() {
	local uri
	for uri in $(mirrors "$apt_suite"); do
		printf 'deb [arch=%s signed-by=%s] %s %s main\n' \
			"$apt_arch" "$keyring" "$uri" "$apt_suite" >"$root/sources.list"
		say "asking for the index of $apt_suite ($apt_arch)"
		apt_slow update || continue
		touch "$root/updated"
		return 0
	done
	return 1
}
