#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The checks must be seen to refuse. A small tree is made with one violation a rule and one file that
# breaks none; each check has to name every violation and nothing else.

set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
CLANG=${CLANG:-clang}
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/tests/check" "$tree/docs" "$tree/build/bpf"
cp "$root"/tests/check/* "$tree/tests/check/"
cp "$root/.clang-format" "$tree/"
unset BUILD
n=0 bad=0 complaints=/dev/null

result() { # STATUS NAME
	n=$((n + 1))
	[ "$1" -ne 0 ] || return 0
	bad=$((bad + 1))
	echo "not seen: $2"
	cat "$complaints"
}

plant() { # FILE: its content is stdin, below the licence line that its place asks for
	mkdir -p "$tree/$(dirname "$1")"
	local licence='Apache-2.0'
	case $1 in bpf/* | include/*) licence='GPL-2.0-only OR BSD-2-Clause' ;; esac
	case $1 in
	*.c) printf '// SPDX-License-Identifier: %s\n' "$licence" ;;
	*.h) printf '/* SPDX-License-Identifier: %s */\n' "$licence" ;;
	*.sh) printf '#!/bin/sh\n# SPDX-License-Identifier: %s\n' "$licence" ;;
	esac >"$tree/$1"
	cat >>"$tree/$1"
}

run() { # CHECK: its complaints are kept; to pass is wrong here
	complaints=$tree/complaints
	if (cd "$tree" && "tests/check/$1.sh") >"$complaints" 2>&1; then
		result 1 "$1 fails when there is something to complain about"
	else
		result 0 "$1 fails when there is something to complain about"
	fi
}

refuses() { # FILE WORDS
	local found=1
	! grep -F "$1" "$complaints" | grep -qF -- "$2" || found=0
	result $found "$1: $2"
}

spares() { # FILE
	local found=0
	! grep -F "$1" "$complaints" || found=1
	result $found "$1 is left alone"
}

clean() { # everything planted so far
	rm -rf "$tree/user" "$tree/bpf" "$tree/include" "$tree/docs/coverage.md" "$tree/tests/unit"
}

lines() { # COUNT TEXT
	local i
	for ((i = 0; i < $1; i++)); do printf '%b\n' "$2"; done
}

style() {
	plant user/base/good.c <<'END'
/* Knows nothing, on purpose. "Strings" and comments may say exit(1), strcpy(a, b) or u8. */
#include "base/good.h"

#include <stdio.h>

static const char *const words[] = { "exit(1)", "http://host", "u8 sleep(1)" };

int good_say(int x_exit)
{
	_cleanup_close_ int fd = -1;

	/* leaving with exit(3) is not done here */
	if (fd < 0)
		_exit(1);
	return printf("%s %c strtok(", words[0], '"') + x_exit + fd;
}
END
	plant user/base/good.h <<<$'#pragma once\n\nint good_say(int x_exit);'
	plant user/base/form.c <<<$'/* x */\nint  form( void );'
	plant user/base/silent.c <<<$'int silent;'
	plant user/base/long.c < <(echo '/* x */' && lines 500 'int x;')
	plant user/base/long.h < <(echo '#pragma once' && lines 150 'int x;')
	plant user/base/twice.h <<<'int x;'
	plant user/base/function.c < <(printf '/* x */\nint f(void)\n{\n' && lines 79 '\tg();' && echo '}')
	plant user/base/wide.c < <(echo '/* x */' && printf 'int x; /* %0100d */\n' 0)
	plant user/base/fd.c <<<$'/* x */\nint f(void)\n{\n\t_cleanup_close_ int fd;\n}'
	plant user/base/zero.c <<<$'/* x */\nint f(void)\n{\n\t_cleanup_close_ int fd = 0;\n}'
	plant user/base/pointer.c <<<$'/* x */\nint f(void)\n{\n\t_cleanup_(freep) char *p;\n}'
	plant user/base/leave.c <<<$'/* x */\nint f(void)\n{\n\texit(1);\n}'
	plant user/main.c <<<$'/* x */\nint f(void)\n{\n\texit(1);\n}'
	plant user/base/kernel_types.c <<<$'/* x */\nint f(u32 x);'
	plant user/base/nap.c <<<$'/* x */\nint f(void)\n{\n\tusleep(1);\n}'
	plant user/base/state.c <<<$'/* x */\nstatic int counter;'
	plant user/base/local_state.c <<<$'/* x */\nint f(void)\n{\n\tstatic int counter;\n}'
	plant user/base/order.c <<<$'/* x */\n#include "base/good.h"\n\n#include <stdio.h>'
	plant user/base/slashes.c <<<$'/* x */\nint x; // why'
	plant user/base/later.c <<<$'/* TODO: x */'
	plant user/base/spaces.c <<<$'/* x */\nint x; '
	plant bpf/print.bpf.c <<<$'/* x */\nint f(void)\n{\n\tbpf_printk("x");\n}'
	plant bpf/silent.bpf.c <<<$'int silent;'
	for call in strcpy strcat sprintf strtok atoi; do
		plant "user/base/call_$call.c" <<<$'/* x */\nint f(void)\n{\n\t'$call$'(a);\n}'
	done
	echo '/* x */' >"$tree/user/base/unlicensed.c"
	printf '// SPDX-License-Identifier: Apache-2.0\n/* x */\n' >"$tree/bpf/licence.bpf.c"
	printf '#!/bin/sh\n' >"$tree/docs/script"

	run style
	spares user/base/good.
	spares user/main.c
	refuses user/base/form.c clang-format
	refuses user/base/silent.c 'says what the file knows'
	refuses bpf/silent.bpf.c 'says what the file knows'
	refuses user/base/long.c 'stops at 500 lines'
	refuses user/base/long.h 'stops at 150 lines'
	refuses user/base/twice.h 'pragma once'
	refuses user/base/function.c 'stops at 80 lines'
	refuses user/base/wide.c '100 columns'
	refuses user/base/fd.c 'NULL or -1'
	refuses user/base/zero.c 'starts as -1'
	refuses user/base/pointer.c 'NULL or -1'
	refuses user/base/leave.c 'exit() outside main.c'
	refuses user/base/kernel_types.c 'uint8_t'
	refuses user/base/nap.c 'nothing sleeps'
	refuses user/base/state.c 'mutable static'
	refuses user/base/local_state.c 'mutable static'
	refuses user/base/order.c 'include order'
	refuses user/base/slashes.c 'SPDX line'
	refuses user/base/later.c unfinished
	refuses user/base/spaces.c 'trailing spaces'
	refuses bpf/print.bpf.c bpf_printk
	for call in strcpy strcat sprintf strtok atoi; do
		refuses "user/base/call_$call.c" 'forbidden call'
	done
	refuses user/base/unlicensed.c SPDX-License-Identifier
	refuses bpf/licence.bpf.c SPDX-License-Identifier
	refuses docs/script SPDX-License-Identifier
	rm "$tree/docs/script"
	clean
}

layers() {
	plant user/journal/good.c <<<$'/* x */\n#include "alert/alert.h"\n#include "base/log.h"\n#include "evmon/types.h"'
	plant user/kernel/good.c <<<$'#include <bpf/libbpf.h>\n#include "evmon.skel.h"\n#include "policy/policy.h"'
	plant user/event/decode.c <<<'#include "evmon/record.h"'
	plant user/main.c <<<$'#include "daemon.h"\n#include "cmd/log.h"'
	plant user/base/up.c <<<'#include "alert/alert.h"'
	plant user/publish/json.c <<<'#include "alert/alert.h"'
	plant user/cmd/bpf.c <<<'#include <bpf/libbpf.h>'
	plant user/alert/skeleton.c <<<'#include "evmon.skel.h"'
	plant user/journal/mqtt.c <<<'#include <mosquitto.h>'
	plant user/alert/json.c <<<'#include <json-c/json.h>'
	plant user/alert/record.c <<<'#include "evmon/record.h"'
	plant user/kernel/maps.c <<<'#include "evmon/policy_maps.h"'
	plant user/kernel/stats.c <<<'#include "evmon/stats.h"'
	plant user/kernel/new.c <<<'#include "evmon/new.h"'
	plant user/base/bare.c <<<'#include "log.h"'
	plant user/base/climb.c <<<'#include "../alert/alert.h"'
	plant user/attic/x.c <<<'#include "base/log.h"'
	plant bpf/user.bpf.c <<<'#include "base/log.h"'
	plant include/evmon/libc.h <<<'#include <stdio.h>'
	run layers
	for good in user/journal/good.c user/kernel/good.c user/event/decode.c user/main.c; do
		spares $good
	done
	refuses user/base/up.c 'user/base/ may not include alert/'
	refuses user/publish/json.c 'user/publish/ may not include alert/'
	refuses user/cmd/bpf.c 'user/kernel/ only'
	refuses user/alert/skeleton.c 'only user/kernel/'
	refuses user/journal/mqtt.c 'user/publish/ only'
	refuses user/alert/json.c 'user/cmd/ only'
	refuses user/alert/record.c 'event/decode.c only'
	refuses user/kernel/maps.c 'kernel/tables.c'
	refuses user/kernel/stats.c 'kernel/ring.c'
	refuses user/kernel/new.c 'no reader is known'
	refuses user/base/bare.c 'must name its room'
	refuses user/base/climb.c 'climbs out'
	refuses user/attic/x.c 'unknown room'
	refuses bpf/user.bpf.c 'bpf/ may include'
	refuses include/evmon/libc.h 'the contract includes nothing'
	clean
}

abi() {
	local good=$'#pragma once\n#include <linux/types.h>\nstruct evmon_x {\n\t__u64 a;\n\t__u32 b[2];\n};'
	plant include/evmon/x.h <<<"$good"
	local status=0
	(cd "$tree" && tests/check/abi.sh) >/dev/null 2>&1 || status=1
	result $status 'abi passes one layout'
	plant include/evmon/x.h <<<"${good/b\[2\]/b}"
	run abi
	refuses x.h Wpadded
	plant include/evmon/x.h <<<"${good/__u64 a/long a}"
	run abi
	refuses evmon_x 'BPF has'
	plant include/evmon/x.h <<<"$good"$'\n#ifndef __bpf__\n#define b renamed\n#endif'
	run abi
	refuses evmon_x renamed
	# The very object that is built speaks too, not only a probe of the headers.
	plant include/evmon/x.h <<<"${good/__u32 b\[2\]/__u32 b[4]}"
	(cd "$tree" && printf '#include "include/evmon/x.h"\nstruct evmon_x x;\n' >x.c &&
		$CLANG -target bpf -g -O2 -idirafter "/usr/include/$(uname -m)-linux-gnu" -c x.c -o build/bpf/evmon.bpf.o)
	plant include/evmon/x.h <<<"$good"
	run abi
	refuses evmon_x 'BPF has 24 bytes'
	rm "$tree/x.c" "$tree/build/bpf/evmon.bpf.o"
	clean
}

hooks() {
	local body='__attribute__((section("?lsm/socket_bind"), used)) int f(void *c)\n{\n\treturn !c;\n}'
	body+='\n__attribute__((section("cgroup/bind4"), used)) int g(void *c)\n{\n\treturn !c;\n}'
	both() { printf '/*\n * lsm/socket_bind, else cgroup/bind4; not security_* as in fexit/security_*.\n */\n%b\n' "$body"; }
	compile() { (cd "$tree" && $CLANG -target bpf -O2 -c bpf/bind.bpf.c -o build/bpf/bind.o); }
	both | plant bpf/bind.bpf.c
	# shellcheck disable=SC2016 # Markdown
	printf '`lsm/socket_bind`, `cgroup/bind4`\n' >"$tree/docs/coverage.md"
	compile
	local status=0
	(cd "$tree" && tests/check/hooks.sh) || status=1
	result $status 'hooks passes three equal lists'
	both | sed 's/, else cgroup.bind4//' | plant bpf/bind.bpf.c
	run hooks
	refuses cgroup/bind4 'but not in its table'
	both | sed 's/cgroup.bind4;/cgroup\/bind4, cgroup\/bind6;/' | plant bpf/bind.bpf.c
	run hooks
	refuses cgroup/bind6 'but not in the code'
	both | plant bpf/bind.bpf.c
	echo 'lsm/socket_bind' >"$tree/docs/coverage.md"
	run hooks
	refuses cgroup/bind4 'not in docs/coverage.md'
	echo 'lsm/socket_bind cgroup/bind4 tp_btf/cap_capable' >"$tree/docs/coverage.md"
	run hooks
	refuses tp_btf/cap_capable 'not in bpf/'
	clean
}

nobtf() {
	local body='struct s { int a; } __attribute__((preserve_access_index));\n'
	body+='__attribute__((section("?kprobe/x"), used)) int f(struct s *s)\n{\n\treturn s->a;\n}\n'
	compile() { (cd "$tree" && $CLANG -target bpf -g -O2 -c bpf/nobtf.bpf.c -o build/bpf/nobtf.bpf.o); }
	printf '%b' "${body/__attribute__((preserve_access_index))/}" | plant bpf/nobtf.bpf.c
	compile
	local status=0
	(cd "$tree" && tests/check/nobtf.sh) || status=1
	result $status 'nobtf passes an object without relocations'
	printf '%b' "$body" | plant bpf/nobtf.bpf.c
	compile
	run nobtf
	refuses nobtf.bpf.o 'CO-RE relocations'
	clean
}

scripts() {
	# shellcheck disable=SC2016 # the violation
	plant docs/bad.sh <<<'rm -rf $1/*'
	printf '#!/usr/bin/env python3\n# SPDX-License-Identifier: Apache-2.0\ndef (:\n' >"$tree/docs/bad.py"
	mkdir -p "$tree/docs/man"
	printf '.Dd x\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Bogus\n' >"$tree/docs/man/bad.1"
	run scripts
	refuses docs/bad.sh SC2086
	refuses bad.py SyntaxError
	refuses docs/man/bad.1 Bogus
	clean
}

catalog() {
	local id=c0f2ac2130e64f649a0c2795df7afd87 entry=packaging/systemd/evmon.catalog
	good() {
		mkdir -p "$tree/packaging/systemd"
		plant user/journal/mirror.c <<<$'/* "EVMON_RULE" */\n\t[EVMON_SENSOR_BIND] = "'$id'",'
		# shellcheck disable=SC2016 # Markdown
		printf '| `bind.*` | `%s` |\n' $id >"$tree/docs/journal.md"
		printf -- '-- %s\nSubject: a @EVMON_RULE@\nDefined-By: evmon\nDocumentation: man:x(1)\n\nx\n%s\n%s\n' \
			$id 'evmon log --sensor bind -n 1' 'evmon explain @EVMON_RULE@' >"$tree/$entry"
	}
	good
	local status=0
	(cd "$tree" && tests/check/catalog.sh) || status=1
	result $status 'catalog passes three equal lists'
	sed -i 's/afd87/afd88/' "$tree/docs/journal.md"
	run catalog
	refuses afd88 'is in docs/journal.md but not in'
	good
	sed -i 's/@EVMON_RULE@/@EVMON_ROLE@/' "$tree/$entry"
	run catalog
	refuses $id 'lacks ^Subject: .*@EVMON_RULE@'
	refuses EVMON_ROLE 'no field of the mirror'
	good
	: >"$tree/$entry"
	run catalog
	refuses $id 'is in user/journal/mirror.c but not in'
	rm -r "$tree/packaging" "$tree/docs/journal.md"
	clean
}

runner() {
	printf 'all tests bpf:\n' >"$tree/Makefile"
	cp "$root/tests/run" "$tree/tests/run"
	mkdir -p "$tree/tests/e2e/native"
	give() { # NAME SCRIPT
		plant "tests/e2e/native/$1.sh" <<<"$2"
		chmod +x "$tree/tests/e2e/native/$1.sh"
	}
	give a_ktap $'printf "KTAP version 1\n1..2\n  1..2\n  ok 1 a\n  not ok 2 b\nnot ok 1 both\nok 2 c # SKIP no such kernel\n"'
	give b_short $'printf "1..3\nok 1 d\nok 2 e\n"'
	give c_status 'exit 3'
	give d_skip $'echo not here\nexit 77'
	give e_good $'echo "# figure: latency p50: 3 us"'
	give f_status_after_ok $'echo ok 1 f\nexit 1'
	run_runner() { (cd "$tree" && BUILD=$tree/build tests/run "$@") >"$complaints" 2>&1; }
	complaints=$tree/complaints
	if run_runner native; then result 1 'the runner fails with a test'; fi
	refuses 'native: e2e/native/a_ktap b' FAIL
	refuses 'native: e2e/native/a_ktap c' 'no such kernel'
	refuses 'native: e2e/native/b_short' 'planned 3 tests, ran 2'
	refuses 'native: e2e/native/c_status' 'exit status 3'
	refuses 'native: e2e/native/d_skip' 'not here'
	refuses 'native: e2e/native/f_status_after_ok' 'exit status 1'
	refuses figure 'latency p50: 3 us'
	# passed: a, d, e, e_good, f; failed: b, the plan, two statuses; skipped: c, d_skip
	refuses passed '5 passed, 4 failed, 2 skipped'
	rm "$tree"/tests/e2e/native/*
	if run_runner native; then result 1 'a part without tests fails'; fi
	refuses native 'nothing to run'
	rm -r "$tree/tests/e2e" "$tree/Makefile"
}

style
layers
abi
hooks
nobtf
scripts
catalog
runner
echo "$((n - bad)) of $n expectations met"
[ "$bad" -eq 0 ]
