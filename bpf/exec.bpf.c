// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exec: the moment at which a task gets its class, and is judged for what it now is.
 *
 *   tp_btf/sched_process_exec   all tiers with BTF: credentials are final, argv is in place, the
 *                               new image has not run one instruction
 *
 * Judged here: exec as root inside the tree (a root module is one standing finding, not one for
 * each thing it runs), rights that come with a file, a shell under a module, the admin panel by
 * executable and argv[0], and the capabilities that this exec left beyond the list, EVerest's
 * CAP_CHOWN surplus as a rule of its own. Ids are those of the initial user namespace: root in
 * another one is not root, and what it holds there is not held here.
 */
#include "creds.bpf.h"
#include "emit.bpf.h"
#include "script.bpf.h"
#include "shell.bpf.h"
#include "slot.bpf.h"
#include "task.bpf.h"
#include "tree.bpf.h"

#define CAP_CHOWN    0
#define CAPABILITIES 41
#define S_ISUID	     04000
#define S_ISGID	     02000

struct exec_event {
	struct task_struct *task;
	struct linux_binprm *bprm;
	const struct evmon_policy *policy;
	__u64 gained; /* capabilities that the file gave, and the list does not */
	__u16 file;   /* what user space says of the file: EVMON_EXE_* */
	__u8 how;     /* EVMON_EXEC_* */
	bool joined;  /* this exec gives the class */
	bool script;  /* by the script that it runs */
	bool root;
};

/* Where argv is; 0: it may not be read. */
static __always_inline __u64 exec_arguments(const struct exec_event *e)
{
	return evmon_can_read_user ? e->task->mm->arg_start : 0;
}

/* What came with the file: another's ids, or, without root, what is permitted beyond what is
 * ambient. */
static __always_inline void exec_rights(struct exec_event *e, const struct evmon_task *t)
{
	const struct cred *cred = e->task->cred;
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

/* No hook of exec's refuses. */
static __always_inline __u16 asked(__u8 action)
{
	return action == EVMON_ACTION_DENY ? EVMON_RECORD_ASKED_DENY : 0;
}

/* A finding on what the current task has just become; its file is that of its memory by now. what:
 * EVMON_EXEC_*, and << 8 the policy's serial; rule: and << 16 EVMON_RECORD_*. Global: verified
 * once, and not for each rule; by numbers alone, for 5.10 takes no pointer there. */
int exec_emit(__u64 file, __u64 interp, __u64 gained, __u32 what, __u32 rule);
int exec_emit(__u64 file, __u64 interp, __u64 gained, __u32 what, __u32 rule)
{
	struct finding f = {};
	struct evmon_record_exec *exec = &f.detail.exec;
	struct evmon_task *t;

	/* The arguments first: there is no room to keep them anywhere else. */
	f.file = file;
	f.interp = interp;
	f.key.rule = rule;
	f.key.verdict = (__u16)rule == EVMON_RULE_NONE ? EVMON_VERDICT_ALLOW : EVMON_VERDICT_ALERT;
	f.flags = rule >> 16;
	f.policy = what >> 8;
	exec->how = f.key.object.exec.how = what;
	exec->gained = gained;
	t = task_current();
	if (!t)
		return 0;
	finding_of(&f, f.policy, t, EVMON_HOOK_TP_EXEC);
	f.key.sensor = EVMON_SENSOR_EXEC;
	exec->ino = f.key.object.exec.ino = current_read(mm, exe_file, f_inode, i_ino);
	exec->dev = f.key.object.exec.dev = current_read(mm, exe_file, f_inode, i_sb, s_dev);
	exec->deleted = !current_read(mm, exe_file, f_inode, i_nlink);
	exec->mntns = current_read(nsproxy, mnt_ns, ns.inum);
	exec->uid = current_read(cred, uid.val);
	exec->euid = current_read(cred, euid.val);
	emit(&f);
	return 0;
}

static __always_inline void exec_tell(const struct exec_event *e, __u16 rule, __u16 flags)
{
	__u32 what = e->how | e->policy->serial << 8;
	struct linux_binprm *bprm = e->bprm;
	__u64 file = 0, interp = 0;

	if (evmon_can_read_kernel) { /* as numbers, from which 6.18 tells pointers to text, too */
		file = (__u64)BPF_CORE_READ(bprm, filename);
		interp = (__u64)BPF_CORE_READ(bprm, interp);
	}
	if (e->joined)
		flags |= EVMON_RECORD_JOINED;
	exec_emit(file, interp == file ? 0 : interp, e->gained, what, rule | flags << 16);
}

/* Every root exec in the tree but those of what may be root; a root module's are one finding. */
static __always_inline bool judge_root(const struct evmon_task *t, const struct exec_event *e)
{
	if (!e->root || e->policy->root_action == EVMON_ACTION_ALLOW)
		return false;
	if (e->file & EVMON_EXE_ROOT_ALLOWED)
		return false;
	if (evmon_tree_only && t->class == EVMON_CLASS_MANAGER)
		return false;
	if (t->class == EVMON_CLASS_PENDING && e->joined) { /* as what is held, see judge_held() */
		stats_count(pending);
		return false;
	}
	if (t->class >= EVMON_CLASS_MODULE && e->joined) {
		exec_tell(e, EVMON_RULE_EXEC_ROOT,
			  EVMON_RECORD_STANDING | asked(e->policy->root_action));
		return true;
	}
	if (t->flags & EVMON_TASK_ROOT_MODULE && !e->joined) {
		stats_count(standing);
		return false;
	}
	exec_tell(e, EVMON_RULE_EXEC_ROOT, asked(e->policy->root_action));
	return true;
}

/* The file's own; where that may not be read, that of the path it was given. */
static __always_inline void name_of_exec(union name *name, const struct exec_event *e)
{
	if (evmon_can_read_kernel)
		name_of_file(name, e->bprm->file);
	else
		bpf_get_current_comm(name->text, sizeof(*name));
}

/* EVerest's admin panel: src/controller, argv[0] MT.EVEREST (manager_admin_panel.cpp). */
static __noinline int exec_is_panel(const struct exec_event *e)
{
	union name name = {}, argv0 = {};

	if (e->policy->admin_panel_action == EVMON_ACTION_ALLOW)
		return false;
	name_of_exec(&name, e);
	if (evmon_can_read_user)
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
		return applet_is_shell(exec_arguments(e));
	return e->file & EVMON_EXE_SHELL || name_is_shell(&name);
}

/* Rights that the file gave, and that are not root's: another's ids, capabilities. */
static __always_inline bool exec_is_gain(const struct evmon_task *t, const struct exec_event *e)
{
	if (e->root)
		return false;
	if (e->how == EVMON_EXEC_SETUID || e->how == EVMON_EXEC_SETGID)
		return true;
	return e->gained && t->class != EVMON_CLASS_PENDING &&
	       e->policy->capability_action != EVMON_ACTION_ALLOW;
}

/* EVerest's surplus comes with the capabilities that it gives a module at its own exec, and only
 * then; what a descendant gains later is no part of it. Global: verified once, and not for each
 * path that leads to it; by numbers alone, for 5.10 takes no pointer there. `policy`: its serial,
 * and << 8 whether it denies, which no hook can. */
int capability_emit(__u32 policy, __u32 number, __u32 joined);
int capability_emit(__u32 policy, __u32 number, __u32 joined)
{
	struct evmon_task *t = task_current();
	struct finding f = {};

	if (!t)
		return 0;
	finding_of(&f, policy & 0xff, t, EVMON_HOOK_TP_EXEC);
	f.key.sensor = EVMON_SENSOR_CAPABILITY;
	f.key.rule = EVMON_RULE_CAPABILITY_HELD;
	f.key.verdict = EVMON_VERDICT_ALERT;
	if (policy >> 8)
		f.flags = EVMON_RECORD_ASKED_DENY;
	if (joined && number == CAP_CHOWN && t->held & (t->held - 1)) {
		f.key.rule = EVMON_RULE_CAPABILITY_EVEREST_CHOWN;
		f.flags = EVMON_RECORD_STANDING;
	}
	f.key.object.capability.number = number;
	f.key.object.capability.kind = EVMON_CAPABILITY_HELD;
	f.detail.capability.number = number;
	f.detail.capability.kind = EVMON_CAPABILITY_HELD;
	emit(&f);
	return 0;
}

/* Each of them: global, so that the loop is followed once. */
int capabilities_emit(__u32 policy, __u64 beyond, __u32 joined);
__noinline int capabilities_emit(__u32 policy, __u64 beyond, __u32 joined)
{
	for (__u32 i = 0; i < CAPABILITIES; i++)
		if (beyond >> i & 1)
			capability_emit(policy, i, joined);
	return 0;
}

/* What the exec left beyond the list; at a descendant's exec only what its module was not left. */
static __always_inline void judge_held(struct evmon_task *t, const struct exec_event *e)
{
	const struct cred *cred = e->task->cred;
	__u64 held = capability_bits(cred->cap_permitted) | capability_bits(cred->cap_ambient);
	__u64 beyond;
	__u32 how;

	if (cred->user_ns->level)
		held = 0;
	beyond = held & ~task_capabilities(e->policy, t);
	if (e->joined)
		t->held = held;
	else
		beyond &= ~t->held;
	if (e->root || e->policy->capability_action == EVMON_ACTION_ALLOW)
		return;
	if (t->class == EVMON_CLASS_PENDING) { /* user space judges, once the module is known */
		stats_count(pending);
		return;
	}
	how = e->policy->serial | (e->policy->capability_action == EVMON_ACTION_DENY) << 8;
	capabilities_emit(how, beyond, e->joined);
}

/* What the new image makes of the task by itself; HOST: nothing. */
static __always_inline __u16 class_of_exec(struct exec_event *e, const struct evmon_exe *exe,
					   const struct evmon_task *t)
{
	__u16 class;

	if (task_is_root(e->task) || file_is_manager(e->bprm->file))
		return EVMON_CLASS_MANAGER;
	class = class_of_file(exe, e->bprm->file);
	if (!evmon_can_read_user && class >= EVMON_CLASS_MODULE && (!t || t->class != class))
		return EVMON_CLASS_PENDING; /* its instance is for user space to say */
	if (class != EVMON_CLASS_HOST || !t || t->class != EVMON_CLASS_MANAGER ||
	    !(t->flags & EVMON_TASK_UNEXECED) || !file_is_interpreter(e->bprm->file))
		return class;
	e->script = true;
	return script_class(exec_arguments(e));
}

/* The task's entry, made if the exec takes it into a tree; NULL: it is and stays host. Not inline
 * for the sake of the stack, too. */
static __noinline struct evmon_task *on_exec_join(struct exec_event *e)
{
	struct evmon_exe *exe = exe_lookup(e->bprm->file->f_inode);
	struct evmon_task *t = task_current();
	__u16 now = t ? t->class : EVMON_CLASS_HOST;
	__u32 tgid = e->task->tgid;
	struct evmon_task next = {};

	e->file = exe ? exe->flags : 0;
	if (!t && evmon_tree_only)
		return NULL;
	if (!t && !(e->file & EVMON_EXE_STARTER) && task_in_unit(e->task))
		now = EVMON_CLASS_OTHER;
	next.class = class_after_image(now, class_of_exec(e, exe, t));
	if (t && t->class == next.class) {
		t->flags &= ~(EVMON_TASK_UNEXECED | EVMON_TASK_ORPHAN);
		/* A module that runs its own file again is still the same instance. */
		return t;
	}
	if (next.class == EVMON_CLASS_HOST) {
		if (t)
			bpf_map_delete_elem(&evmon_tasks, &tgid);
		return NULL;
	}
	e->joined = true;
	next.subject = subject_of_class(next.class);
	next.start_ns = e->task->group_leader->start_boottime;
	next.slot = slot_of(next.class, e->task->mm, e->script);
	if (next.class >= EVMON_CLASS_PENDING && e->root)
		next.flags = EVMON_TASK_ROOT_MODULE;
	if (bpf_map_update_elem(&evmon_tasks, &tgid, &next, BPF_ANY)) {
		tasks_are_full();
		return task_unlisted();
	}
	return bpf_map_lookup_elem(&evmon_tasks, &tgid);
}

/* What it breaks as bits, and then each told: the verifier follows one sequence, and not what comes
 * after each by itself. */
enum {
	TELL_PANEL = 1 << 0,
	TELL_GAINED = 1 << 1,
	TELL_SHELL = 1 << 2,
};

static __always_inline bool judge(struct evmon_task *t, const struct exec_event *e)
{
	__u64 tell = 0;
	bool root;

	if (exec_is_panel(e))
		tell |= TELL_PANEL;
	if (exec_is_gain(t, e))
		tell |= TELL_GAINED;
	if (exec_is_shell(t, e))
		tell |= TELL_SHELL;
	asm volatile("" : "+r"(tell));
	if (tell & TELL_PANEL)
		exec_tell(e, EVMON_RULE_EXEC_ADMIN_PANEL, asked(e->policy->admin_panel_action));
	root = judge_root(t, e);
	if (tell & TELL_GAINED)
		exec_tell(e, EVMON_RULE_EXEC_GAINED, 0);
	if (tell & TELL_SHELL)
		exec_tell(e, EVMON_RULE_EXEC_SHELL, asked(e->policy->shell_action));
	judge_held(t, e);
	return root || tell;
}

static __always_inline int on_exec(struct task_struct *task, struct linux_binprm *bprm)
{
	struct exec_event e = {
		.task = task,
		.bprm = bprm,
		.policy = policy_active(),
		.root = cred_is_root(task->cred),
	};
	struct evmon_task *t = on_exec_join(&e);
	bool told = false;

	/* Here, and not at the end: paths through the rest are many. */
	if (evmon_late_creds)
		creds_executed();
	if (t && t->class == EVMON_CLASS_CANARY) {
		emit_canary(EVMON_HOOK_TP_EXEC);
		return 0;
	}
	if (!t || !e.policy)
		return 0;
	exec_rights(&e, t);
	if (t->subject == EVMON_SUBJECT_EVEREST)
		told = judge(t, &e);
	/* Who joined is told to user space; every exec while tracing. */
	if (e.joined || (evmon_tracing && !told))
		exec_tell(&e, EVMON_RULE_NONE, 0);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(tp_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return on_exec(task, bprm);
}
