/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* What an exec breaks, told after it or asked before it: the sensor and its denial share this. */
#include "emit.bpf.h"
#include "script.bpf.h"
#include "shell.bpf.h"
#include "task.bpf.h"
#include "tree.bpf.h"

#define S_ISUID 04000
#define S_ISGID 02000

struct exec_event {
	struct task_struct *task; /* that has executed it; NULL: it is only asked for */
	struct linux_binprm *bprm;
	const struct evmon_policy *policy;
	__u64 gained; /* capabilities that the file gave, and the list does not */
	__u16 file;   /* what user space says of the file: EVMON_EXE_* */
	__u8 how;     /* EVMON_EXEC_* */
	bool joined;  /* this exec gives the class */
	bool script;  /* by the script that it runs */
	bool root;
};

/* Where argv is; 0: it may not be read, or is not in place yet. */
static __always_inline __u64 exec_arguments(const struct exec_event *e)
{
	return evmon_can_read_user && e->task ? e->task->mm->arg_start : 0;
}

/* What came with the file: another's ids, or, without root, what is permitted beyond what is
 * ambient. */
static __always_inline void exec_rights(struct exec_event *e, const struct evmon_task *t,
					const struct cred *cred)
{
	unsigned short mode = e->bprm->file->f_inode->i_mode;
	__u64 how = EVMON_EXEC_EXEC, given = 0;

	if (!e->root && !cred->user_ns->level)
		given = capability_bits(cred->cap_permitted) & ~capability_bits(cred->cap_ambient);
	if (cred->euid.val != cred->uid.val && mode & S_ISUID)
		how = EVMON_EXEC_SETUID;
	else if (cred->egid.val != cred->gid.val && mode & S_ISGID)
		how = EVMON_EXEC_SETGID;
	else if (given)
		how = EVMON_EXEC_FCAPS;
	asm volatile("" : "+r"(how)); /* else the verifier follows what comes for each */
	e->how = how;
	e->gained = given & ~task_capabilities(e->policy, t);
}

/* The file's own; where that may not be read, that of the path it was given. */
static __always_inline void name_of_exec(union name *name, const struct exec_event *e)
{
	if (evmon_can_read_kernel)
		name_of_file(name, e->bprm->file);
	else if (e->task)
		bpf_get_current_comm(name->text, sizeof(*name));
}

/* EVerest's admin panel: src/controller, argv[0] MT.EVEREST (manager_admin_panel.cpp). */
static __noinline int exec_is_panel(const struct exec_event *e)
{
	union name name = {}, argv0 = {};

	if (e->policy->admin_panel_action == EVMON_ACTION_ALLOW)
		return false;
	name_of_exec(&name, e);
	if (exec_arguments(e))
		bpf_probe_read_user_str(argv0.text, sizeof(argv0), (void *)exec_arguments(e));
	return NAME_IS(&name, "controller") || NAME_IS(&argv0, "MT.EVEREST");
}

/* A shell under a module whose work it is not. */
static __noinline int exec_is_shell(const struct evmon_task *t, const struct exec_event *e)
{
	union name name = {};
	__u32 class = t->class;

	if (e->policy->shell_action == EVMON_ACTION_ALLOW || e->joined ||
	    class < EVMON_CLASS_MODULE)
		return false;
	asm volatile("" : "+r"(class)); /* so that this bound is checked by itself */
	if (class >= EVMON_CLASSES || e->policy->class[class].shell)
		return false;
	name_of_exec(&name, e);
	if (evmon_can_read_user && (e->file & EVMON_EXE_APPLETS || name_is_applets(&name)))
		return e->task && applet_is_shell(exec_arguments(e));
	return e->file & EVMON_EXE_SHELL || name_is_shell(&name);
}

enum exec_root {
	EXEC_ROOT_NONE,
	EXEC_ROOT_FOUND,
	EXEC_ROOT_MODULE,   /* a module that starts as root: one standing finding */
	EXEC_ROOT_OF_THAT,  /* what such a module runs */
	EXEC_ROOT_WITHHELD, /* the module is not known yet */
};

/* Every root exec in the tree but those of what may be root. */
static __always_inline enum exec_root exec_root(const struct evmon_task *t,
						const struct exec_event *e)
{
	if (!e->root || e->policy->root_action == EVMON_ACTION_ALLOW)
		return EXEC_ROOT_NONE;
	if (e->file & EVMON_EXE_ROOT_ALLOWED ||
	    (evmon_tree_only && t->class == EVMON_CLASS_MANAGER))
		return EXEC_ROOT_NONE;
	if (t->class == EVMON_CLASS_PENDING && e->joined)
		return EXEC_ROOT_WITHHELD;
	if (t->class >= EVMON_CLASS_MODULE && e->joined)
		return EXEC_ROOT_MODULE;
	if (t->flags & EVMON_TASK_ROOT_MODULE && !e->joined)
		return EXEC_ROOT_OF_THAT;
	return EXEC_ROOT_FOUND;
}

/* What the new image makes of the task by itself; HOST: nothing. */
static __always_inline __u16 class_of_exec(struct exec_event *e, const struct evmon_exe *exe,
					   const struct evmon_task *t)
{
	__u16 class;

	if (current_is_root() || file_is_manager(e->bprm->file))
		return EVMON_CLASS_MANAGER;
	class = class_of_file(exe, e->bprm->file);
	if (!evmon_can_read_user && class >= EVMON_CLASS_MODULE && (!t || t->class != class))
		return EVMON_CLASS_PENDING; /* its instance is for user space to say */
	if (class != EVMON_CLASS_HOST || !t || t->class != EVMON_CLASS_MANAGER ||
	    !(t->flags & EVMON_TASK_UNEXECED) || !file_is_interpreter(e->bprm->file))
		return class;
	e->script = true;
	return e->task ? script_class(exec_arguments(e)) : EVMON_CLASS_PENDING;
}

/* After this exec; HOST: in no tree. */
static __always_inline __u16 class_after(struct exec_event *e, const struct evmon_task *t)
{
	struct evmon_exe *exe = exe_lookup(e->bprm->file->f_inode);
	__u16 now = t ? t->class : EVMON_CLASS_HOST;

	e->file = exe ? exe->flags : 0;
	if (!t && evmon_tree_only)
		return EVMON_CLASS_HOST;
	if (!t && !(e->file & EVMON_EXE_STARTER) &&
	    (e->task ? task_in_unit(e->task) : task_is_of_unit()))
		now = EVMON_CLASS_OTHER;
	return class_after_image(now, class_of_exec(e, exe, t));
}
