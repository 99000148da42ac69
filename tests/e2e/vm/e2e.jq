# SPDX-License-Identifier: Apache-2.0
# How an alert is held against what was expected of it; expect (e2e.sh) calls problems().

# A time of an alert in microseconds since 1970; an error if it is not written as it must be.
def micros:
	if test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$") then
		(.[:19] + "Z" | fromdateiso8601) * 1000000 + (.[20:26] | tonumber)
	else error("no time: \(.)") end;

def leaf: (type != "object" and type != "array") or length == 0;

def flat: [paths(leaf) as $path | {key: ($path | map(tostring) | join(".")), value: getpath($path)}]
	| from_entries;

def at($name): if has($name) then .[$name] | tojson else "absent" end;

# "member: got X, want Y" for each value that is different, or on one side only.
def differences($got; $want):
	($got | flat) as $got | ($want | flat) as $want
	| ($got + $want | keys[]) as $name
	| [$got, $want] | map(at($name))
	| select(.[0] != .[1])
	| "\($name): got \(.[0]), want \(.[1])";

def need($condition; $what): if $condition then empty else $what end;

def members($want): ["schema", "journal", "seq", "station", "time", "clock", "boot", "boot_us",
	"sensor", "rule", "severity", "verdict"]
	+ (if $want.asked then ["asked"] else [] end)
	+ ["count", "first", "last", "subject", "module", "process", "object", "hook", "policy",
	"message", "durable"]
	+ (if $want.truncated then ["truncated"] else [] end) + ["prev", "hash"];

# What every alert has: $context is what expect knows of the run.
def frame($want; $context):
	need(keys_unsorted == members($want); "members, or their order: \(keys_unsorted)"),
	need(.schema == "evmon.alert/1"; "schema"),
	need(.journal == $context.journal and (.journal | test("^[0-9a-f]{8}$")); "journal"),
	need(.seq == $context.seq; "seq: not \($context.seq)"),
	need(.station == $context.station and (.station | test("^cp-0042-[0-9a-f]{8}$")); "station"),
	need(.boot == $context.boot; "boot"),
	need(.policy == $context.policy and (.policy | test("^[0-9a-f]{8}$")); "policy"),
	need(.durable == true; "durable"),
	need([.prev, .hash] | all(test("^[0-9a-f]{64}$")); "prev, hash"),
	need(.clock == "synced" or .clock == "unsynced"; "clock");

# Times agree with each other, with the deed's, and with the clock on the wall.
def times($context):
	(.time | micros) as $time | (.first | micros) as $first | (.last | micros) as $last
	| (.boot_us - $time) as $offset
	| need($first <= $last and $last <= $time; "first, last, time: not in order"),
	need(.count > 1 or $first == $last; "first, last: differ for one"),
	need($first + $offset >= $context.since;
		"first: before the deed, by \($context.since - $first - $offset) us"),
	need(.boot_us <= $context.until + 10000; "boot_us: in the future"),
	need(-$offset - $context.wall | fabs < 2000000; "time: not the clock's");

# The start, which /proc has in ticks of 10 ms; where the process has gone, a time that can be.
def start($want):
	if .process == null then empty
	elif $want.process.ticks then
		need((.process.start_us / 10000 | floor) == $want.process.ticks;
			"start_us: \(.process.start_us), want \($want.process.ticks) ticks")
	else need(.process.start_us > 0 and .process.start_us <= .boot_us; "start_us") end;

def bare: del(.schema, .journal, .seq, .station, .time, .clock, .boot, .boot_us, .first, .last,
	.policy, .durable, .prev, .hash, .process.start_us?, .process.ticks?);

def problems($context; $parts):
	(reduce $parts[] as $part ({"verdict": "alert", "count": 1, "module": null}; . * $part)) as $want
	| frame($want; $context),
	times($context),
	start($want),
	differences(bare; $want | bare);

# An alert in one line: who did what.
def word:
	[.rule, (.module | if . then .id else "-" end), "x\(.count)"] | join(" ");
