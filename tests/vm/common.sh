# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What fetch, mkinitrd and run share: where the cache is, how a row of the kernel matrix is read,
# how they speak to the user. Everything for people goes to stderr; stdout carries results.

PATH=$PATH:/usr/sbin:/sbin # where Debian puts depmod and mosquitto
vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # for those who source this file
vm_cache=${XDG_CACHE_HOME:-$HOME/.cache}/evmon/vm

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || die "no '$tool' here: run 'make deps' as root"
	done
}

# row_names: every row's name, in the table's order.
row_names() {
	awk '!/^#/ && NF { print $1 }' "$vm_dir/kernels"
}

# row_load NAME: sets row_name, row_arch, row_suite, row_package, row_lsm, row_tier and
# row_arguments.
row_load() {
	local line
	line=$(awk -v n="$1" '!/^#/ && $1 == n { print; exit }' "$vm_dir/kernels")
	[[ -n $line ]] || die "no row '$1' (there are: $(row_names | paste -sd ' '))"
	# shellcheck disable=SC2034 # for those who source this file
	read -r row_name row_arch row_suite row_package row_lsm row_tier row_arguments <<<"$line"
}
