// SPDX-License-Identifier: Apache-2.0
/*
 * What this kernel can give, tried and not guessed: programs are loaded and attached as the daemon
 * would, the canary proves them, and all is gone when the verb ends. No policy is put into the
 * tables, so nobody is judged, and nothing is pinned, so a daemon that runs beside it is not
 * touched. The hooks that deny are tried and not attached: their state is `ready`.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/coverage_config.h"
#include "cmd/coverage_json.h"
#include "cmd/coverage_text.h"
#include "cmd/members.h"
#include "cmd/options.h"
#include "cmd/terminal.h"
#include "cmd/usb_coverage.h"
#include "kernel/canary.h"
#include "kernel/kernel.h"
#include "kernel/snapshot.h"
#include "kernel/uevent.h"
#include "process/usb_sysfs.h"

enum {
	COVERAGE_TEXT_MAX = 64 * 1024,
	WHERE_MAX = 512
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "json", no_argument, NULL, 'j' },
	{ "kernel-config", required_argument, NULL, 'k' },
	{ .name = NULL },
};

static const char help[] =
	"Usage: evmon coverage [--json] [--kernel-config FILE]\n"
	"\n"
	"Tries every hook on this kernel, as root, and shows which sensor is served by which, how well,\n"
	"and why not better. Nothing stays behind.\n"
	"\n"
	"  --json                one JSON object (schema evmon.coverage/1)\n"
	"  --kernel-config FILE  nothing is tried: FILE is a kernel's .config, or its /proc/config.gz, and\n"
	"                        what is shown is what such a kernel could give, and which options it\n"
	"                        lacks for better (schema evmon.kernel-config/1). Needs no rights\n"
	"  -h, --help            this text\n"
	"\n"
	"States: proven (attached, and a canary came through), unproven (attached, nothing came by yet),\n"
	"ready (works; used where it is needed), broken (attached and does not run), none;\n"
	"possible (by its configuration; not tried).\n";

struct wish {
	bool json;
	char config[PATH_MAX]; /* empty: the running kernel */
};

/* 0: go on; 1: help was shown; -EINVAL. */
static int parse(int argc, char **argv, struct wish *wish)
{
	int option, err;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (option == 'j') {
			wish->json = true;
			continue;
		}
		if (option != 'k')
			return option_fault(argv, options, option);
		err = option_path(argv, "--kernel-config", wish->config);
		if (err < 0)
			return err;
	}
	return option_no_operands(argc, argv);
}

static int no_task(const struct snapshot_task *task, void *userdata)
{
	(void)task;
	(void)userdata;
	return 0;
}

static void try_usb(struct coverage *coverage)
{
	_cleanup_(closep) int sys_fd = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closep) int fd = -1;
	int may = sys_fd < 0 ? -errno : usb_sysfs_may_authorize(sys_fd);

	usb_coverage_watch(&coverage->rows[COVERAGE_USB], uevent_open(&fd));
	usb_coverage_bus(&coverage->rows[COVERAGE_USB], may);
	usb_coverage_deny(&coverage->rows[COVERAGE_USB_DENY], may, false);
}

static int attach_and_prove(struct kernel *kernel)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	int err = policy_new_default(&policy);
	pid_t pid;

	if (err < 0)
		return err;
	err = kernel_attach(kernel, policy);
	if (err < 0)
		return err;
	err = snapshot_take(kernel, no_task, NULL);
	if (err < 0 && err != -ENOTSUP)
		log_debug("snapshot: %s", strerror(-err));
	err = canary_start(kernel, &pid);
	return err < 0 ? err : canary_finish(kernel, pid);
}

static void print(const char *text, size_t n)
{
	_cleanup_(json_freep) struct json_object *object = json_of(text, n);
	bool color = terminal_color(stdout);
	char release[80], machine[80], lsm[300], state[40], reason[400];
	enum tint tint;

	member_text(object, "kernel", release, sizeof(release));
	member_text(object, "machine", machine, sizeof(machine));
	member_text(object, "state", state, sizeof(state));
	member_text(object, "reason", reason, sizeof(reason));
	if (!member_text(object, "lsm", lsm, sizeof(lsm)))
		snprintf(lsm, sizeof(lsm), "not readable (/sys/kernel/security/lsm)");
	tint = state_tint(state);
	printf("Kernel %s, %s; lsm list: %s\n", release, machine, lsm);
	printf("evmon would be %s%s%s here", tint_begin(tint, color), state, tint_end(tint, color));
	printf(member_text(object, "reason", reason, sizeof(reason)) ? ": %s\n\n" : "%s\n\n",
	       reason);
	coverage_print(stdout, member(object, "coverage"), color);
}

static int show(const struct coverage *coverage, bool json)
{
	_cleanup_(freep) char *text = malloc(COVERAGE_TEXT_MAX);
	int n = text ? coverage_format(coverage, text, COVERAGE_TEXT_MAX) : -ENOMEM;

	if (n < 0) {
		log_err_errno(n, "cannot write the coverage down");
		return EXIT_FAILED;
	}
	if (json)
		puts(text);
	else
		print(text, (size_t)n);
	return coverage_blind(coverage) ? EXIT_NO_SENSOR : EXIT_GOOD;
}

static int refused(int err, const char *where)
{
	log_err("coverage: %s", where);
	if (err == -EPERM || err == -EACCES)
		return EXIT_PERMISSION;
	return err == -ENOTSUP ? EXIT_NO_SENSOR : EXIT_FAILED;
}

int coverage_main(int argc, char **argv)
{
	_cleanup_(kernel_freep) struct kernel *kernel = NULL;
	struct kernel_options tried = { .tracing = false };
	char where[WHERE_MAX] = "";
	struct wish wish = { .json = false };
	int r = parse(argc, argv, &wish);

	if (r != 0)
		return r < 0 ? EXIT_USAGE : EXIT_GOOD;
	if (wish.config[0])
		return coverage_config_show(wish.config, wish.json);
	r = kernel_new(&tried, &kernel, where, sizeof(where));
	if (r < 0)
		return refused(r, where);
	try_usb(kernel_coverage(kernel));
	r = attach_and_prove(kernel);
	if (r < 0)
		log_err_errno(r, "coverage: cannot prove what was found");
	return show(kernel_coverage(kernel), wish.json);
}
