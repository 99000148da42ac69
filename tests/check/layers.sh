#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Holds the rooms of user/ to their order: who may include whom, who may use which library, who
# reads which part of the contract with the kernel side.

set -euo pipefail
# shellcheck source=tests/check/files.sh
. "$(dirname "$0")/files.sh"

# shellcheck disable=SC2016 # an awk program
files 'user/*.c' 'user/*.h' 'bpf/*.c' 'bpf/*.h' 'include/*.h' | xargs -r awk '
BEGIN {
	# room -> rooms it may include, besides itself
	allowed["top"] = "cmd journal alert kernel process policy event base"
	allowed["cmd"] = "journal alert kernel process policy event base"
	allowed["publish"] = "journal base"
	allowed["journal"] = "alert base"
	allowed["alert"] = "process policy event base"
	allowed["kernel"] = "policy base"
	allowed["process"] = "event base"
	allowed["policy"] = "base"
	allowed["event"] = "base"
	allowed["base"] = ""
	for (room in allowed) {
		may[room, room] = 1
		n = split(allowed[room], list, " ")
		for (i = 1; i <= n; i++)
			may[room, list[i]] = 1
	}
	# contract header -> the files of user/ that read it; types.h is for everybody
	readers["evmon/record.h"] = "event/decode.c"
	readers["evmon/listener.h"] = "kernel/objects.h kernel/internal.h"
	readers["evmon/task.h"] = "kernel/objects.h kernel/internal.h"
	readers["evmon/policy_maps.h"] = "kernel/objects.h kernel/tables.c kernel/bind_table.h kernel/internal.h"
	readers["evmon/script.h"] = "kernel/path_table.c"
	readers["evmon/offsets.h"] = "kernel/objects.h kernel/internal.h"
	readers["evmon/stats.h"] = "kernel/ring.c"
	readers["evmon/usb.h"] = "kernel/usb_tally.h kernel/kept.h"
	readers["evmon/tally.h"] = "policy/policy.h event/event.h event/decode.c kernel/bind_table.c kernel/tallies.c kernel/kept.h"
	# library headers -> the one room that may use them
	library["bpf/"] = "kernel"
	library["libelf.h"] = "kernel"
	library["gelf.h"] = "kernel"
	library["linux/bpf.h"] = "kernel"
	library["mosquitto"] = "publish"
	library["json-c/"] = "cmd"
	library["json.h"] = "cmd"
	library["yaml.h"] = "policy"
}

function complain(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what
}

function owner(path) {
	sub(/^user\//, "", path)
	return index(path, "/") ? substr(path, 1, index(path, "/") - 1) : "top"
}

function contract(name, path) {
	if (name == "evmon/types.h")
		return
	if (!(name in readers))
		complain("no reader is known for " name "; add it to tests/check/layers.sh with its one reader")
	else if (index(" " readers[name] " ", " " substr(path, 6) " ") == 0)
		complain(name " is read by " readers[name] " only")
}

function quoted(name, room,   target) {
	if (name ~ /\.\./)
		complain("include \"" name "\" climbs out of its room")
	else if (name ~ /\.skel\.h$/) {
		if (room != "kernel")
			complain("only user/kernel/ may include the skeleton")
	} else if (name ~ /^evmon\//)
		contract(name, FILENAME)
	else if (name !~ /\//) {
		if (room != "top")
			complain("include \"" name "\" must name its room: \"" room "/" name "\"")
	} else {
		target = substr(name, 1, index(name, "/") - 1)
		if (!((room, target) in may))
			complain("user/" room "/ may not include " target "/ (\"" name "\")")
	}
}

function system_header(name, room,   prefix) {
	for (prefix in library)
		if (index(name, prefix) == 1 && library[prefix] != room)
			complain("<" name "> is for user/" library[prefix] "/ only")
}

/^[ \t]*#[ \t]*include/ {
	match($0, /[<"][^>"]*[>"]/)
	name = substr($0, RSTART + 1, RLENGTH - 2)
	is_quoted = substr($0, RSTART, 1) == "\""
	if (FILENAME ~ /^user\//) {
		room = owner(FILENAME)
		if (!(room in allowed))
			complain("unknown room " room)
		else if (is_quoted)
			quoted(name, room)
		else
			system_header(name, room)
	} else if (FILENAME ~ /^include\//) {
		if (is_quoted ? name !~ /^evmon\// : name !~ /^(linux\/types\.h|stdint\.h)$/)
			complain("the contract includes nothing but itself and fixed-width types, not " name)
	} else if (is_quoted && name !~ /^(evmon\/[a-z_]+\.h|vmlinux\.h|[a-z_]+\.bpf\.h|pt_regs[a-z0-9_]*\.h)$/)
		complain("bpf/ may include the contract, its own *.bpf.h and vmlinux/, not \"" name "\"")
}
' | verdict layers
