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
#include "task.bpf.h"

#include "evmon/script.h"

/* Who starts with this text? Python's executable has its version in its name. */
static __always_inline bool name_begins(const char *name, const char *text, unsigned int length)
{
	for (unsigned int i = 0; i < length; i++)
		if (name[i] != text[i])
			return false;
	return true;
}

static __always_inline bool file_is_interpreter(struct file *file)
{
	char name[8] = {};

	if (!evmon_can_read_kernel) /* then the script's path decides alone */
		return true;
	bpf_probe_read_kernel(name, sizeof(name), file->f_path.dentry->d_name.name);
	return name_begins(name, "python3", 7) || name_begins(name, "node", 5);
}

/* The class of the script that the current task has been told to run by its arguments. PENDING:
 * user space finds out, be it a module that is new, or none. Global, and the next too: each is
 * verified once, however many paths lead to it. */
int script_class(__u64 arguments);

/* Where the value of EV_MODULE begins in the current task's environment; 0: it has none. */
__u64 script_instance(__u64 environment, __u64 end);
