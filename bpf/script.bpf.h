/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * A module that is a script: its executable is node or python3, and which module it is says the
 * script's path alone, the canonical one, that the manager puts first after the options (EVerest
 * lib/everest/framework/src/manager.cpp, spawn_modules()). So a child of the manager is classed by
 * it, on that exec only; an interpreter that anybody else starts keeps its class. Paths are known
 * by their hash: nothing here is long enough to hold one.
 *
 * The instance goes by EV_MODULE in the environment, where other modules have it in argv[0].
 */
#include "name.bpf.h"
#include "task.bpf.h"

#include "evmon/script.h"

/* Python's executable has its version in its name. */
static __always_inline bool file_is_interpreter(struct file *file)
{
	union name_word name = {};

	if (!evmon_can_read_kernel) /* then the script's path decides alone */
		return true;
	bpf_probe_read_kernel_str(name.text, sizeof(name), file->f_path.dentry->d_name.name);
	return name.word == WORD("python3") || name.word == WORD("node");
}

/* The class of the script that the current task has been told to run by its arguments. PENDING:
 * user space finds out, be it a module that is new, or none. Global, and the next too: each is
 * verified once, however many paths lead to it. */
int script_class(__u64 arguments);

/* Which of its programs is busybox, by these arguments of the current task? 1: a shell; 0: another.
 * What cannot be read is taken for one. */
int applet_is_shell(__u64 arguments);

/* Where the value of EV_MODULE begins in the current task's environment; 0: it has none. */
__u64 script_instance(__u64 environment, __u64 end);
