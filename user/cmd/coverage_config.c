// SPDX-License-Identifier: Apache-2.0
/*
 * For whoever builds a kernel for a charger, on a machine that does not run it. Nothing is tried
 * here, and each form of the answer says so: a configuration can only promise.
 */
#include "cmd/coverage_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/coverage_json.h"
#include "cmd/coverage_text.h"
#include "cmd/members.h"
#include "cmd/terminal.h"
#include "kernel/kernel_config.h"
#include "policy/errors.h"

enum {
	TEXT_MAX = 64 * 1024,
	WHERE_MAX = 4096 + 256
};

static void print(const char *text, size_t n)
{
	_cleanup_(json_freep) struct json_object *object = json_of(text, n);
	bool color = terminal_color(stdout);
	char file[4096], release[80], machine[80], lsm[300], state[40], reason[400];
	enum tint tint;

	member_text(object, "file", file, sizeof(file));
	member_text(object, "state", state, sizeof(state));
	tint = state_tint(state);
	printf("Read from %s, and not tried: ", file);
	if (member_text(object, "kernel", release, sizeof(release)) &&
	    member_text(object, "machine", machine, sizeof(machine)))
		printf("Linux %s, %s; ", release, machine);
	printf("lsm list: %s\n", member_text(object, "lsm", lsm, sizeof(lsm)) ? lsm : "empty");
	printf("With such a kernel evmon could be %s%s%s", tint_begin(tint, color), state,
	       tint_end(tint, color));
	printf(member_text(object, "reason", reason, sizeof(reason)) ? ": %s\n\n" : "%s\n\n",
	       reason);
	coverage_print_read(stdout, member(object, "coverage"), color);
	puts("\nlsm= and lockdown= on the kernel's command line, patches, containers and rights can\n"
	     "change this; `evmon coverage` on the running kernel tries it.");
}

int coverage_config_show(const char *path, bool json)
{
	_cleanup_(kernel_config_freep) struct kernel_config *config = NULL;
	_cleanup_(freep) char *text = malloc(TEXT_MAX);
	struct coverage coverage;
	char where[WHERE_MAX];
	int r = kernel_config_read(path, &config, where, sizeof(where));

	if (r < 0) {
		log_err("coverage: --kernel-config: %s", where);
		return EXIT_FAILED;
	}
	if (!kernel_config_is_whole(config))
		log_warning("coverage: %s names no kernel: of a defconfig or a fragment, what it "
			    "leaves out is taken as not set",
			    quoted(path).text);
	kernel_config_coverage(config, &coverage);
	r = text ? coverage_format_read(&coverage, path, text, TEXT_MAX) : -1;
	if (r < 0) {
		log_err("coverage: cannot write it down");
		return EXIT_FAILED;
	}
	if (json)
		puts(text);
	else
		print(text, (size_t)r);
	return coverage_blind(&coverage) ? EXIT_NO_SENSOR : EXIT_GOOD;
}
