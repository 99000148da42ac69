// SPDX-License-Identifier: Apache-2.0
/*
 * A module's functions cannot be hooked before it is there: SCTP's comes when somebody first asks
 * for such a socket, USB's with the first controller. So each of these programs is loaded when its
 * module is: out of the same object, opened once more, whose maps and globals are those of the
 * first. Its trial is itself. While it is attached the module cannot be unloaded.
 *
 * Types of modules are for CAP_SYS_ADMIN alone to read (BPF_BTF_GET_FD_BY_ID). What is built into
 * the kernel is found there, and has a directory among the modules all the same.
 */
#include "kernel/kmod.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/hooks.h"
#include "kernel/internal.h"
#include "kernel/pins.h"

static const struct {
	const char *name, *directory, *types, *absent;
	enum evmon_hook hook;
} kmods[KMOD_MAX] = {
	[KMOD_SCTP] = { "SCTP's", "/sys/module/sctp", "/sys/kernel/btf/sctp",
			"SCTP's module is not loaded; its hook comes with it",
			EVMON_HOOK_FEXIT_SCTP_DO_BIND },
	[KMOD_USB] = { "USB's", "/sys/module/usbcore", "/sys/kernel/btf/usbcore",
		       "USB's module is not loaded; its hook comes with it",
		       EVMON_HOOK_FEXIT_USB_NEW_DEVICE },
};

static void row_say(struct coverage_row *row, enum evmon_hook hook, const char *reason)
{
	row->n_tried = 0;
	coverage_reject(row, hook, reason);
}

static int program_attach(struct kernel *kernel, enum kmod kmod)
{
	const struct hook *hook = hook_get(kmods[kmod].hook);
	struct skeleton **skeleton = &kernel->kmods[kmod];
	struct bpf_link *link;
	struct bpf_program *program;
	int err = pins_link(kernel, kmods[kmod].hook);

	if (err != -ENOENT)
		return err;
	err = skeleton_again(kernel->skeleton, hook->program, skeleton);
	if (err < 0)
		return err;
	program = bpf_object__find_program_by_name((*skeleton)->obj, hook->program);
	link = bpf_program__attach(program);
	if (!link) {
		err = -errno;
		skeleton_free(TAKE_PTR(*skeleton));
		return err;
	}
	kernel->links[kmods[kmod].hook] = link;
	pins_keep(kernel, kmods[kmod].hook, program);
	return 0;
}

static void row_refused(struct coverage_row *row, enum kmod kmod, int err)
{
	const struct hook *hook = hook_get(kmods[kmod].hook);
	char reason[COVERAGE_REASON_MAX];

	if (err == -EPERM || err == -EACCES)
		snprintf(reason, sizeof(reason),
			 "not permitted: types of modules want CAP_SYS_ADMIN");
	else if (access(kmods[kmod].types, F_OK) < 0)
		snprintf(reason, sizeof(reason),
			 "the module has no BTF (CONFIG_DEBUG_INFO_BTF_MODULES)");
	else
		snprintf(reason, sizeof(reason), "%s: %s", hook->target, strerror(-err));
	row_say(row, kmods[kmod].hook, reason);
}

bool kernel_kmod_attach(struct kernel *kernel, enum kmod kmod)
{
	enum evmon_hook hook = kmods[kmod].hook;
	enum coverage_role role = hook_get(hook)->role;
	struct coverage_row *row = &kernel->coverage.rows[role];
	const struct coverage_row *bind = &kernel->coverage.rows[COVERAGE_BIND];
	int err;

	if (kernel->links[hook] || !kernel->btf || kernel->options.inventory ||
	    (kmod == KMOD_USB && kernel->options.tracing)) /* it shows each uevent, and no sums */
		return false;
	/* Where no trampoline serves, none will here. */
	if (!bind->n_hooks || !hook_on_trampoline(hook_get(bind->hooks[0]))) {
		row_say(row, hook, "no hook on a trampoline serves here, see bind");
		return false;
	}
	if (access(kmods[kmod].directory, F_OK) < 0) {
		row_say(row, hook, kmods[kmod].absent);
		return false;
	}
	err = program_attach(kernel, kmod);
	if (err < 0) {
		log_debug("%s hook: %s", kmods[kmod].name, strerror(-err));
		row_refused(row, kmod, err);
		return false;
	}
	row->n_tried = 0;
	row->hooks[0] = hook;
	row->n_hooks = 1;
	row->state = COVERAGE_UNPROVEN;
	kernel->is_new[role] = kernel->canary_word != NULL;
	if (kmod == KMOD_SCTP)
		kernel->skeleton->settings->sctp = 1;
	return true;
}
