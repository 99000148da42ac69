// SPDX-License-Identifier: Apache-2.0
/*
 * SCTP is a module that comes when somebody first asks for such a socket, and its functions cannot
 * be hooked before. So this one program is loaded when the module is there: out of the same object,
 * opened once more, whose maps and globals are those of the first. Its trial is itself. While it is
 * attached the module cannot be unloaded.
 *
 * Types of modules are for CAP_SYS_ADMIN alone to read (BPF_BTF_GET_FD_BY_ID).
 */
#include "kernel/sctp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/hooks.h"
#include "kernel/internal.h"

static void row_say(struct coverage_row *row, const char *reason)
{
	row->n_tried = 0;
	coverage_reject(row, EVMON_HOOK_FEXIT_SCTP_DO_BIND, reason);
}

/* Built into the kernel or a module, it has parameters, and so a directory here. */
static bool sctp_is_here(void)
{
	return access("/sys/module/sctp", F_OK) == 0;
}

static int program_attach(struct kernel *kernel, const struct hook *hook)
{
	struct bpf_program *program;
	struct bpf_link *link;
	int err = skeleton_again(kernel->skeleton, hook->program, &kernel->sctp);

	if (err < 0)
		return err;
	program = bpf_object__find_program_by_name(kernel->sctp->obj, hook->program);
	link = bpf_program__attach(program);
	if (!link) {
		err = -errno;
		skeleton_free(TAKE_PTR(kernel->sctp));
		return err;
	}
	kernel->links[EVMON_HOOK_FEXIT_SCTP_DO_BIND] = link;
	return 0;
}

static void row_refused(struct coverage_row *row, const struct hook *hook, int err)
{
	char reason[COVERAGE_REASON_MAX];

	if (err == -EPERM || err == -EACCES)
		snprintf(reason, sizeof(reason),
			 "not permitted: types of modules want CAP_SYS_ADMIN");
	else if (access("/sys/kernel/btf/sctp", F_OK) < 0)
		snprintf(reason, sizeof(reason),
			 "the module has no BTF (CONFIG_DEBUG_INFO_BTF_MODULES)");
	else
		snprintf(reason, sizeof(reason), "%s: %s", hook->target, strerror(-err));
	row_say(row, reason);
}

bool kernel_sctp_attach(struct kernel *kernel)
{
	struct coverage_row *row = &kernel->coverage.rows[COVERAGE_BIND_SCTP];
	const struct coverage_row *bind = &kernel->coverage.rows[COVERAGE_BIND];
	const struct hook *hook = hook_get(EVMON_HOOK_FEXIT_SCTP_DO_BIND);
	int err;

	if (kernel->sctp || !kernel->btf || kernel->options.inventory)
		return false;
	/* Where no trampoline serves, none will here. */
	if (!bind->n_hooks || !hook_on_trampoline(hook_get(bind->hooks[0]))) {
		row_say(row, "no hook on a trampoline serves here, see bind");
		return false;
	}
	if (!sctp_is_here()) {
		row_say(row, "SCTP's module is not loaded; its hook comes with it");
		return false;
	}
	err = program_attach(kernel, hook);
	if (err < 0) {
		log_debug("SCTP's hook: %s", strerror(-err));
		row_refused(row, hook, err);
		return false;
	}
	row->n_tried = 0;
	row->hooks[0] = EVMON_HOOK_FEXIT_SCTP_DO_BIND;
	row->n_hooks = 1;
	row->state = COVERAGE_UNPROVEN;
	kernel->is_new[COVERAGE_BIND_SCTP] = kernel->canary_word != NULL;
	kernel->skeleton->settings->sctp = 1;
	return true;
}
