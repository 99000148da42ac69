// SPDX-License-Identifier: Apache-2.0
/*
 * What evmon says of itself. The verbs' own options stand with the verbs (`evmon VERB --help`);
 * here is what somebody needs who has just found the program on a charger. The libraries named are
 * those that run, not those of the build. The canary executes --version: it must need nothing.
 */
#include "cmd/help.h"

#include <json-c/json_c_version.h>

#include "kernel/version.h"
#include "policy/version.h"

static const char text[] =
	"Usage: evmon VERB [OPTION...]\n"
	"       evmon --trace [OPTION...] [-- COMMAND [ARG...]]\n"
	"\n"
	"Watches an EV charger's EVerest processes from the kernel and reports what the \"Security Best\n"
	"Practices\" forbid: open ports, excess capabilities, root, USB devices.\n"
	"\n"
	"The daemon:\n"
	"  run           watch, and write alerts to the journal\n"
	"  status        how the running daemon is: state, coverage, counters\n"
	"  log           show the journal's alerts; -f follows, --verify checks the hash chains\n"
	"  unload        remove what run has left in the kernel: it outlives the daemon\n"
	"\n"
	"Looking closer, without a daemon:\n"
	"  trace         live view of every event in a process tree (also --trace)\n"
	"  coverage      what this kernel can give, sensor by sensor, tried and not guessed\n"
	"  status --listeners   who holds which bound or listening socket, and what the policy says of it\n"
	"\n"
	"Policies and rules:\n"
	"  check         is this policy valid, and if not, where are the mistakes?\n"
	"  policy        show what is in force and why, diff two policies, the schema for editors\n"
	"  explain       what a rule means, why it matters, what to do\n"
	"\n"
	"  -h, --help    this text; `evmon VERB --help` has the verb's options\n"
	"  --version     evmon's version and those of its libraries\n"
	"\n"
	"Examples:\n"
	"  evmon coverage                                  does it work on this board?\n"
	"  evmon --trace -- manager --config my.yaml       what does each module really do?\n"
	"  evmon --trace -x -p $(pidof -s manager)         only what the policy objects to\n"
	"  evmon log --since today --severity high         what happened today\n"
	"  evmon log -f --json                             alerts as they come, one JSON object a line\n"
	"  evmon log --verify                              has anybody touched the journal?\n"
	"  evmon explain exec.root                         what does this alert mean?\n"
	"  evmon status --prom                             for node_exporter's textfile collector\n"
	"\n"
	"Exit status: 0 good, 1 failure, 2 usage, 3 policy not valid, 4 no sensor works here or not running,\n"
	"5 not permitted, 6 journal broken. Colour only on a terminal, and never with NO_COLOR set.\n"
	"See evmon(1).\n";

void help_print(FILE *out)
{
	fputs(text, out);
}

void version_print(FILE *out)
{
	const char *libbpf = kernel_libbpf_version();

	fprintf(out, "evmon %s\nlibbpf %s, libyaml %s, json-c %s\nBPF object: %zu bytes\n",
		EVMON_VERSION, libbpf + (*libbpf == 'v'), policy_yaml_version(), json_c_version(),
		kernel_object_size());
}
